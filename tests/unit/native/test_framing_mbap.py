"""Modbus TCP: requests and the reader against the oracle and against pymodbus."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse

from mbmd._native import framing
from tests import reference
from tests.reference import Awaited, exception_pdu, mbap_frame
from tests.unit.native import streams

TWO_REGISTERS = Awaited(1, b"\x03\x04", 4, 0x1234)
PDU = b"\x03\x04\x00\x01\x00\x02"
GOOD = mbap_frame(0x1234, 1, PDU)
NO_HEADERS = [
    GOOD[:2] + b"\0\1" + GOOD[4:],
    GOOD[:2] + b"\1\0" + GOOD[4:],
    GOOD[:4] + b"\0\0" + GOOD[6:],
    GOOD[:4] + b"\0\1" + GOOD[6:],
    GOOD[:4] + b"\0\xff" + GOOD[6:],
    GOOD[:4] + b"\1\2" + GOOD[6:],
    GOOD[:4] + b"\xff\xff" + GOOD[6:],
    b"HTTP/1.1 400 Bad Request\r\n",
]


def encode(awaited: Awaited, unit: int, pdu: bytes) -> bytes:
    return mbap_frame(awaited.transaction, unit, pdu)


def encode_stale(awaited: Awaited, unit: int, pdu: bytes) -> bytes:
    return mbap_frame(awaited.transaction ^ 0x101, unit, pdu)


def waiting_reader(awaited: Awaited = TWO_REGISTERS) -> framing.MbapReader:
    reader = framing.MbapReader()
    streams.expect(reader, awaited)
    return reader


@given(st.integers(0, 0xFFFF), streams.units, streams.pdus)
@example(0xFFFF, 255, bytes(253))
@example(0, 0, b"\0")
def test_every_request_is_that_of_the_oracle(transaction: int, unit: int, pdu: bytes) -> None:
    assert framing.mbap_request(transaction, unit, pdu) == mbap_frame(transaction, unit, pdu)


def test_the_request_of_the_specification() -> None:
    # MODBUS Messaging on TCP/IP V1.0b, section 4.4.2.2: read of register 5, transaction 15h 01h, unit FFh
    request = bytes.fromhex("15 01 00 00 00 06 FF 03 00 04 00 01")
    assert framing.mbap_request(0x1501, 0xFF, request[7:]) == request
    assert mbap_frame(0x1501, 0xFF, request[7:]) == request


@st.composite
def tcp_streams(draw: st.DrawFn, awaited: Awaited) -> bytes:
    """Mostly whole stale frames, else the first piece that is none would end every story."""
    stale = st.tuples(st.sampled_from([1, 2, 0x80, 0xFFFF]), streams.units, st.binary(min_size=1, max_size=253))
    early = [
        mbap_frame(awaited.transaction ^ other, unit, pdu) for other, unit, pdu in draw(st.lists(stale, max_size=5))
    ]
    pieces = st.one_of(streams.pieces(awaited, encode), streams.pieces(awaited, encode_stale))
    return b"".join([*early, *draw(st.lists(pieces, max_size=4)), *early])


@given(streams.awaited_answers(), st.data())
def test_any_stream_cut_anywhere_is_read_as_the_oracle_reads_it(awaited: Awaited, data: st.DataObject) -> None:
    stream = data.draw(tcp_streams(awaited))
    found = reference.read_mbap(stream, awaited)
    streams.check(framing.MbapReader(), awaited, found, [stream])
    streams.check(framing.MbapReader(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))
    streams.check(framing.MbapReader(), awaited, found, [bytes([byte]) for byte in stream])


@given(streams.awaited_answers(), st.data())
def test_any_stream_from_a_gateway_without_numbers_is_read_as_the_oracle_reads_it(
    numbered: Awaited, data: st.DataObject
) -> None:
    stream = data.draw(tcp_streams(numbered))
    awaited = replace(numbered, transaction=framing.ANY_TRANSACTION)
    found = reference.read_mbap(stream, awaited)
    assert found.kind != "mismatch"
    streams.check(framing.MbapReader(), awaited, found, [stream])
    streams.check(framing.MbapReader(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))
    streams.check(framing.MbapReader(), awaited, found, [bytes([byte]) for byte in stream])


@pytest.mark.parametrize("place", range(len(GOOD) + 1))
def test_every_place_of_a_cut(place: int) -> None:
    reader = waiting_reader()
    assert streams.feed(reader, [GOOD[:place], GOOD[place:]]) == [framing.ANSWER]
    assert reader.payload == b"\x00\x01\x00\x02"
    assert (reader.skipped, reader.damaged, reader.stale) == (0, 0, 0)


@pytest.mark.parametrize("code", range(256))
def test_every_exception(code: int) -> None:
    reader = waiting_reader()
    assert reader.feed(mbap_frame(0x1234, 1, exception_pdu(3, code))) == framing.EXCEPTION
    assert reader.exception == code
    assert reader.feed(GOOD) == framing.WAITING


@pytest.mark.parametrize(
    ("unit", "pdu"),
    [
        (2, PDU),
        (1, b"\x04" + PDU[1:]),
        (1, b"\x03\x05" + PDU[2:]),
        (1, PDU[:-1]),
        (1, PDU + b"\0"),
        (1, b"\x03"),
        (1, b"\x83"),
        (1, b"\x83\x02\x00"),
        (1, b"\x84\x02"),
        (2, b"\x83\x02"),
        (1, b"\x03" + bytes(252)),
    ],
)
def test_a_frame_of_this_transaction_that_is_no_answer(unit: int, pdu: bytes) -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    assert reader.feed(mbap_frame(0x1234, unit, pdu)) == framing.MISMATCH
    assert (reader.exception, set(column)) == (0, {streams.UNTOUCHED})
    # The transaction is over: nothing else can be its answer.
    assert reader.feed(GOOD) == framing.WAITING
    assert set(column) == {streams.UNTOUCHED}


@pytest.mark.parametrize("transaction", [0x1233, 0x1235, 0x3412, 0x0034, 0x1200, 0, 0xFFFF])
def test_frames_of_other_transactions_are_stale(transaction: int) -> None:
    reader = waiting_reader()
    stale = mbap_frame(transaction, 1, PDU)
    assert reader.feed(stale) == framing.WAITING
    assert (reader.stale, reader.skipped) == (1, len(stale))
    assert reader.feed(stale[:3]) == framing.WAITING
    assert reader.feed(stale[3:] + GOOD + stale[:9]) == framing.ANSWER
    assert reader.feed(stale[9:]) == framing.WAITING
    assert (reader.stale, reader.skipped) == (3, 3 * len(stale))


ANY = replace(TWO_REGISTERS, transaction=framing.ANY_TRANSACTION)


@pytest.mark.parametrize("transaction", [0, 0x1234, 0xFFFF])
def test_any_transaction_will_do(transaction: int) -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, ANY)
    assert reader.feed(mbap_frame(transaction, 1, PDU)) == framing.ANSWER
    assert list(column) == streams.registers_of(PDU[2:])
    streams.expect(reader, ANY)
    assert reader.feed(mbap_frame(transaction, 1, exception_pdu(3, 11))) == framing.EXCEPTION
    assert (reader.exception, reader.stale, reader.unnumbered) == (11, 0, 0)


@pytest.mark.parametrize(("unit", "pdu"), [(2, PDU), (1, b"\x04" + PDU[1:]), (1, PDU[:-1]), (1, b"\x84\x02")])
def test_where_any_transaction_will_do_another_answer_is_a_late_one(unit: int, pdu: bytes) -> None:
    reader = waiting_reader(ANY)
    late = mbap_frame(0, unit, pdu)
    assert reader.feed(late) == framing.WAITING
    assert (reader.stale, reader.skipped, reader.unnumbered) == (1, len(late), 0)
    assert reader.feed(GOOD) == framing.ANSWER
    assert reader.feed(GOOD) == framing.WAITING
    assert reader.stale == 2


def test_answers_without_their_number_are_told_from_other_stale_frames() -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    for pdu in (PDU, exception_pdu(3, 2), b"\x04" + PDU[1:], exception_pdu(4, 2), PDU + b"\0"):
        assert reader.feed(mbap_frame(0, 1, pdu)) == framing.WAITING
    assert reader.feed(mbap_frame(0, 2, PDU)) == framing.WAITING
    assert (reader.stale, reader.unnumbered, reader.exception) == (6, 2, 0)
    assert set(column) == {streams.UNTOUCHED}
    assert reader.feed(GOOD + mbap_frame(0, 1, PDU)) == framing.ANSWER
    assert (reader.stale, reader.unnumbered) == (7, 2)
    streams.expect(reader, TWO_REGISTERS)
    assert reader.unnumbered == 0
    reader.forget()
    assert reader.feed(mbap_frame(0, 1, PDU)) == framing.WAITING
    assert (reader.stale, reader.unnumbered) == (1, 0)


def test_an_answer_without_its_number_leaves_the_payload_before_alone() -> None:
    reader = waiting_reader()
    reader.feed(GOOD)
    streams.expect(reader, TWO_REGISTERS)
    reader.feed(mbap_frame(0, 1, b"\x03\x04\xff\xff\xff\xff"))
    assert reader.payload == PDU[2:]


@pytest.mark.parametrize("transaction", [-2, 0x10000])
def test_transactions_that_cannot_be_awaited(transaction: int) -> None:
    reader = waiting_reader()
    with pytest.raises(ValueError, match="answer"):
        reader.expect(1, b"\x03", 1, transaction=transaction)
    assert reader.feed(GOOD) == framing.ANSWER


def test_there_is_no_echo() -> None:
    reader = framing.MbapReader()
    request = framing.mbap_request(0x1234, 1, bytes.fromhex("03 00 10 00 02"))
    reader.expect(1, b"\x03\x04", 4, transaction=0x1234, echo=GOOD)
    assert streams.feed(reader, [GOOD[:5], GOOD[5:]]) == [framing.ANSWER]
    reader.expect(1, b"\x03\x04", 4, transaction=0x1234, echo=request)
    assert reader.feed(request) == framing.MISMATCH
    assert reader.echoes == 0


@pytest.mark.parametrize("place", range(len(GOOD) + 1))
def test_late_frames_while_nothing_is_awaited_leave_it_in_sync(place: int) -> None:
    reader = framing.MbapReader()
    assert streams.feed(reader, [GOOD, GOOD[:place], GOOD[place:], GOOD[:place]]) == []
    streams.expect(reader, Awaited(1, b"\x03\x04", 4, 0x1235))
    assert reader.feed(GOOD[place:]) == framing.WAITING
    assert reader.feed(mbap_frame(0x1235, 1, PDU)) == framing.ANSWER


@given(streams.awaited_answers(), streams.awaited_answers(), st.data())
def test_half_a_frame_over_a_change_of_request(first: Awaited, second: Awaited, data: st.DataObject) -> None:
    reader = waiting_reader(first)
    late = mbap_frame(first.transaction, first.unit, first.prefix + bytes(first.length))
    place = data.draw(st.integers(0, len(late) - 1))
    assert reader.feed(late[:place]) == framing.WAITING
    payload = data.draw(st.binary(min_size=second.length, max_size=second.length))
    answer = mbap_frame(second.transaction, second.unit, second.prefix + payload)
    found = reference.read_mbap(late + answer, second)
    streams.check_kept(reader, second, found, [late[place:] + answer])


@pytest.mark.parametrize("stream", NO_HEADERS)
def test_what_is_no_header_is_said_until_discard(stream: bytes) -> None:
    reader = waiting_reader()
    assert reader.feed(stream[:6]) == framing.WAITING
    assert reader.feed(stream[6:]) == framing.LOST_SYNC
    for chunk in (b"", GOOD, bytes(5000), b"", GOOD * 1000):
        assert reader.feed(chunk) == framing.LOST_SYNC
        streams.expect(reader, TWO_REGISTERS)
    reader.discard()
    assert reader.feed(GOOD) == framing.WAITING
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(GOOD) == framing.ANSWER


@pytest.mark.parametrize("waits", [True, False])
def test_sync_is_lost_whether_or_not_an_answer_is_awaited(waits: bool) -> None:
    reader = waiting_reader() if waits else framing.MbapReader()
    assert reader.feed(NO_HEADERS[0] * 1000) == framing.LOST_SYNC
    assert reader.feed(b"\0") == framing.LOST_SYNC


@pytest.mark.parametrize("size", [7, 20, 1000, 1011, 1012, 2000, 100_000])
def test_an_answer_before_the_sync_is_lost_counts_whatever_the_chunk(size: int) -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    assert reader.feed(GOOD + b"\xff" * size) == framing.ANSWER
    assert list(column) == streams.registers_of(PDU[2:])
    assert reader.feed(b"\xff") == framing.LOST_SYNC


def test_an_answer_amid_many_stale_frames_in_one_chunk() -> None:
    reader = waiting_reader()
    stale = mbap_frame(7, 1, bytes(253))
    assert reader.feed(stale * 100 + GOOD + stale * 100) == framing.ANSWER
    assert (reader.stale, reader.skipped) == (200, 200 * len(stale))


def test_a_program_fills_its_slots_once_and_only_on_the_answer() -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    blank = column[:]
    for chunk in (mbap_frame(7, 1, PDU), mbap_frame(0x1234 ^ 1, 1, exception_pdu(3, 2)), GOOD[:9], b""):
        assert reader.feed(chunk) == framing.WAITING
        assert column == blank
    assert reader.feed(GOOD[9:]) == framing.ANSWER
    assert list(column) == streams.registers_of(PDU[2:])
    column[1] = 99
    reader.feed(GOOD)
    assert column[1] == 99


def test_no_column_is_touched_after_discard() -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    reader.discard()
    assert reader.feed(GOOD) == framing.WAITING
    assert set(column) == {streams.UNTOUCHED}


def test_an_answer_of_the_greatest_size() -> None:
    payload = bytes(range(250))
    frame = mbap_frame(0xFFFF, 255, b"\x04\xfa\x00" + payload)
    found = reference.Found("answer", payload)
    awaited = Awaited(255, b"\x04\xfa\x00", 250, 0xFFFF)
    for place in range(len(frame) + 1):
        streams.check(framing.MbapReader(), awaited, found, [frame[:place], frame[place:]])


@pytest.mark.parametrize(
    ("transaction", "unit", "pdu"),
    [(-1, 1, b"\3"), (65536, 1, b"\3"), (0, -1, b"\3"), (0, 256, b"\3"), (0, 1, b""), (0, 1, bytes(254))],
)
def test_requests_that_do_not_fit(transaction: int, unit: int, pdu: bytes) -> None:
    with pytest.raises(ValueError, match=r"unit|PDU|transaction"):
        framing.mbap_request(transaction, unit, pdu)


@pytest.mark.parametrize("wrong", [None, "\3", bytearray(b"\3"), 3])
def test_a_pdu_is_bytes(wrong: bytes) -> None:
    with pytest.raises(TypeError):
        framing.mbap_request(0, 1, wrong)


@given(st.integers(0, 2**32), st.sampled_from([bytes(range(256)), b"\0", b"\0\0\0\2", b"\0" * 20 + b"\2\3\4"]))
def test_fuzz(seed: int, alphabet: bytes) -> None:
    awaited = Awaited(0, b"\0", 1, 0)
    stream = streams.fuzz(seed, 3000, alphabet)
    found = reference.read_mbap(stream, awaited)
    streams.check(framing.MbapReader(), awaited, found, streams.cut(stream, range(0, 3000, 1 + seed % 700)))


def test_big_chunks_take_no_memory() -> None:
    reader = waiting_reader()
    stale = mbap_frame(7, 1, bytes(93)) * 1000
    assert len(stale) == 100_000
    assert streams.codes_in_constant_memory(reader, stale) == {framing.WAITING}
    assert reader.feed(stale + GOOD) == framing.ANSWER
    assert streams.codes_in_constant_memory(reader, streams.fuzz(1, 100_000, bytes(range(256)))) == {framing.LOST_SYNC}


@given(
    st.integers(1, 0xFFFF),
    st.integers(0, 255),
    st.integers(1, 0xFF00),
    st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125),
)
def test_pymodbus_understands_us_and_we_understand_it(
    transaction: int, unit: int, address: int, registers: list[int]
) -> None:
    count = len(registers)
    request = framing.mbap_request(transaction, unit, b"\x03" + address.to_bytes(2) + count.to_bytes(2))
    used, pdu = FramerSocket(DecodePDU(True)).handleFrame(request, unit, transaction)
    assert used == len(request)
    assert isinstance(pdu, ReadHoldingRegistersRequest)
    assert (pdu.transaction_id, pdu.dev_id, pdu.address, pdu.count) == (transaction, unit, address, count)
    witness = FramerSocket(DecodePDU(False))
    awaited = Awaited(unit, bytes([3, 2 * count]), 2 * count, transaction)
    reader = waiting_reader(awaited)
    answer = ReadHoldingRegistersResponse(registers=registers, dev_id=unit, transaction_id=transaction)
    assert reader.feed(witness.buildFrame(answer)) == framing.ANSWER
    assert reader.payload == b"".join(register.to_bytes(2) for register in registers)
    streams.expect(reader, awaited)
    refusal = ExceptionResponse(3, 2, device_id=unit, transaction=transaction)
    assert reader.feed(witness.buildFrame(refusal)) == framing.EXCEPTION
    assert reader.exception == 2


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_late_answer_cut_by_a_timeout_does_not_cost_the_next(cut: int) -> None:
    reader = waiting_reader()
    reader.feed(GOOD[:cut])
    reader.forget()
    streams.expect(reader, replace(TWO_REGISTERS, transaction=0x1235))
    assert reader.feed(GOOD[cut:] + mbap_frame(0x1235, 1, PDU)) == framing.ANSWER
    assert reader.stale == 1


def test_no_column_is_touched_after_forget() -> None:
    reader = framing.MbapReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    reader.forget()
    assert reader.feed(GOOD) == framing.WAITING
    assert set(column) == {streams.UNTOUCHED}
