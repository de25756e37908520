"""RTU: requests and the reader against the oracle and against pymodbus."""

import copy
import pickle
from array import array

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersResponse

from mbmd._native import framing
from mbmd._native.decode import Program
from tests import reference
from tests.reference import Awaited, exception_pdu, rtu_frame
from tests.unit.native import streams

TWO_REGISTERS = Awaited(1, b"\x03\x04", 4)
GOOD = rtu_frame(1, b"\x03\x04\x00\x01\x00\x02")


def encode(awaited: Awaited, unit: int, pdu: bytes) -> bytes:
    return rtu_frame(unit, pdu)


def waiting_reader(awaited: Awaited = TWO_REGISTERS) -> framing.RtuReader:
    reader = framing.RtuReader()
    streams.expect(reader, awaited)
    return reader


@given(streams.units, streams.pdus)
@example(255, bytes(253))
@example(0, b"\0")
def test_every_request_is_that_of_the_oracle(unit: int, pdu: bytes) -> None:
    assert framing.rtu_request(unit, pdu) == rtu_frame(unit, pdu)


def test_a_published_request() -> None:
    assert framing.rtu_request(1, bytes.fromhex("04 00 00 00 02")) == bytes.fromhex("01 04 00 00 00 02 71 CB")


@given(streams.awaited_answers(), st.data())
def test_any_stream_cut_anywhere_is_read_as_the_oracle_reads_it(awaited: Awaited, data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(streams.pieces(awaited, encode), max_size=8)))
    found = reference.read_rtu(stream, awaited)
    streams.check(framing.RtuReader(), awaited, found, [stream])
    streams.check(framing.RtuReader(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))
    streams.check(framing.RtuReader(), awaited, found, [bytes([byte]) for byte in stream])


@given(streams.awaited_answers(), st.data())
def test_the_answer_is_found_in_noise(awaited: Awaited, data: st.DataObject) -> None:
    # Noise that does not begin like the answer, so that nothing can hide it.
    clean = st.binary(max_size=300).map(lambda noise: noise.replace(bytes([awaited.unit]), b""))
    payload = data.draw(st.binary(min_size=awaited.length, max_size=awaited.length))
    stream = data.draw(clean) + rtu_frame(awaited.unit, awaited.prefix + payload) + data.draw(clean)
    found = reference.read_rtu(stream, awaited)
    assert (found.kind, found.payload) == ("answer", payload)
    streams.check(framing.RtuReader(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))


@pytest.mark.parametrize("place", range(len(GOOD) + 1))
def test_every_place_of_a_cut(place: int) -> None:
    reader = waiting_reader()
    assert streams.feed(reader, [GOOD[:place], GOOD[place:]]) == [framing.ANSWER]
    assert reader.payload == b"\x00\x01\x00\x02"
    assert (reader.skipped, reader.damaged) == (0, 0)


@pytest.mark.parametrize("bit", range(8 * len(GOOD)))
def test_no_single_wrong_bit_passes(bit: int) -> None:
    broken = streams.flip(GOOD, bit)
    reader = waiting_reader()
    code = reader.feed(broken)
    # A bit in unit, function or count makes it no frame at all, but for that of the exceptions; the CRC tells the rest.
    assert code == (framing.WAITING if bit < 24 and bit != 15 else framing.DAMAGED)
    assert reader.feed(GOOD) == framing.ANSWER
    assert reader.skipped == len(GOOD)


@pytest.mark.parametrize("code", range(256))
def test_every_exception(code: int) -> None:
    reader = waiting_reader()
    assert reader.feed(rtu_frame(1, exception_pdu(3, code))) == framing.EXCEPTION
    assert reader.exception == code
    assert reader.feed(GOOD) == framing.WAITING
    streams.expect(reader, TWO_REGISTERS)
    assert reader.exception == 0
    assert reader.feed(GOOD) == framing.ANSWER


def test_an_exception_cut_at_every_place() -> None:
    frame = rtu_frame(1, exception_pdu(3, 2))
    for place in range(len(frame) + 1):
        assert streams.feed(waiting_reader(), [frame[:place], frame[place:]]) == [framing.EXCEPTION]


def test_a_damaged_exception() -> None:
    reader = waiting_reader()
    frame = rtu_frame(1, exception_pdu(3, 2))
    assert reader.feed(streams.flip(frame, 20)) == framing.DAMAGED
    assert (reader.exception, reader.damaged) == (0, 1)
    assert reader.feed(frame) == framing.EXCEPTION


def test_a_damaged_answer_is_said_once_and_a_good_one_follows() -> None:
    reader = waiting_reader()
    assert reader.feed(streams.flip(GOOD, 40)) == framing.DAMAGED
    assert reader.feed(b"\xff") == framing.WAITING
    assert reader.feed(GOOD[:5]) == framing.WAITING
    assert reader.feed(GOOD[5:]) == framing.ANSWER
    assert (reader.damaged, reader.skipped) == (1, len(GOOD) + 1)


def test_an_answer_behind_a_damaged_one_in_the_same_chunk_counts() -> None:
    reader = waiting_reader()
    assert reader.feed(streams.flip(GOOD, 40) + GOOD) == framing.ANSWER
    assert reader.damaged == 1


def test_an_echo_that_nobody_expects_is_skipped() -> None:
    reader = waiting_reader()
    assert reader.feed(framing.rtu_request(1, bytes.fromhex("03 00 10 00 02")) + GOOD) == framing.ANSWER
    reader = waiting_reader()
    # This one begins like the answer: its address looks like the byte count.
    assert reader.feed(framing.rtu_request(1, bytes.fromhex("03 04 10 00 02")) + GOOD) == framing.ANSWER


def test_late_frames_while_nothing_is_awaited() -> None:
    reader = framing.RtuReader()
    assert reader.feed(GOOD) == framing.WAITING
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(b"") == framing.WAITING
    assert reader.feed(GOOD[:4]) == framing.WAITING
    reader.discard()
    assert reader.feed(GOOD[4:] + GOOD[:6]) == framing.WAITING
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(GOOD[6:]) == framing.WAITING
    assert reader.feed(GOOD) == framing.ANSWER


def test_nothing_comes_of_a_second_answer() -> None:
    reader = waiting_reader()
    assert reader.feed(GOOD) == framing.ANSWER
    assert reader.feed(rtu_frame(1, b"\x03\x04\xff\xff\xff\xff")) == framing.WAITING
    assert reader.payload == b"\x00\x01\x00\x02"


@given(streams.awaited_answers(), streams.awaited_answers(), st.data())
def test_half_a_frame_over_a_change_of_request(first: Awaited, second: Awaited, data: st.DataObject) -> None:
    reader = waiting_reader(first)
    half = rtu_frame(first.unit, first.prefix + bytes(first.length))
    half = half[: data.draw(st.integers(0, len(half) - 1))]
    assert reader.feed(half) == framing.WAITING
    kept = half[reader.skipped :]
    payload = data.draw(st.binary(min_size=second.length, max_size=second.length))
    answer = rtu_frame(second.unit, second.prefix + payload)
    # What was kept counts as if it came after the change.
    streams.check_kept(reader, second, reference.read_rtu(kept + answer, second), [answer])
    reader.discard()
    streams.check(reader, second, reference.read_rtu(answer, second), [answer])


def test_a_program_fills_its_slots_once_and_only_on_the_answer() -> None:
    reader = framing.RtuReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    blank = column[:]
    for chunk in (streams.flip(GOOD, 40), rtu_frame(2, GOOD[1:-2]), b"\x01\x03", b""):
        reader.feed(chunk)
        assert column == blank
    assert reader.feed(GOOD) == framing.ANSWER
    assert list(column) == streams.registers_of(b"\x00\x01\x00\x02")
    column[1] = 99
    reader.feed(GOOD)
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(GOOD) == framing.ANSWER
    assert column[1] == 99


def test_no_column_is_touched_after_discard() -> None:
    reader = framing.RtuReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    reader.discard()
    assert reader.feed(GOOD) == framing.WAITING
    assert set(column) == {streams.UNTOUCHED}


def test_a_column_that_shrinks_while_waiting() -> None:
    reader = framing.RtuReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    del column[2:]
    with pytest.raises(ValueError, match="column"):
        reader.feed(GOOD)
    assert list(column) == [streams.UNTOUCHED] * 2
    # The reader is of use again afterwards.
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(GOOD) == framing.ANSWER


def test_an_answer_of_the_greatest_size() -> None:
    awaited = Awaited(255, b"\x04\xfa", 250)
    payload = bytes(range(250))
    frame = rtu_frame(255, b"\x04\xfa" + payload)
    streams.check(framing.RtuReader(), awaited, reference.Found("answer", payload), [frame])
    only_function = Awaited(255, b"\x04", 252)
    frame = rtu_frame(255, b"\x04" + bytes(252))
    streams.check(framing.RtuReader(), only_function, reference.Found("answer", bytes(252)), [frame])


def test_a_program_may_not_read_beyond_the_answer() -> None:
    reader = framing.RtuReader()
    program = Program([("uint32", 1, 1, None, 1)])
    with pytest.raises(ValueError, match="program"):
        reader.expect(1, b"\x03\x05", 5, program, array("d", [0, 0]))
    with pytest.raises(ValueError, match="program"):
        reader.expect(1, b"\x03\x06", 6, program, array("d", [0]))
    with pytest.raises(TypeError):
        reader.expect(1, b"\x03\x06", 6, program, None)
    assert reader.feed(rtu_frame(1, b"\x03\x06" + bytes(6))) == framing.WAITING
    reader.expect(1, b"\x03\x06", 6, program, array("d", [0, 0]))
    assert reader.feed(rtu_frame(1, b"\x03\x06" + bytes(6))) == framing.ANSWER


@pytest.mark.parametrize(
    ("unit", "prefix", "length", "transaction"),
    [
        (-1, b"\3", 0, 0),
        (256, b"\3", 0, 0),
        (1, b"", 0, 0),
        (1, b"\3" * 6, 0, 0),
        (1, b"\3" * 254, 0, 0),
        (1, b"\3", -1, 0),
        (1, b"\3", 253, 0),
        (1, b"\3\4\5\6\7", 249, 0),
        (1, b"\3\4\5\6\7", 2**31 - 1, 0),
        (1, b"\3", -(2**31), 0),
        (1, b"\3", 0, -1),
        (1, b"\3", 0, 65536),
    ],
)
def test_what_cannot_be_awaited(unit: int, prefix: bytes, length: int, transaction: int) -> None:
    reader = waiting_reader()
    with pytest.raises(ValueError, match=r"unit|PDU"):
        reader.expect(unit, prefix, length, transaction=transaction)
    assert reader.feed(GOOD) == framing.ANSWER  # still waits for what it waited for


@pytest.mark.parametrize("huge", [2**31, -(2**31) - 1, 2**63, 2**64 + 1, -(2**200)])
def test_numbers_beyond_32_bits(huge: int) -> None:
    reader = waiting_reader()
    with pytest.raises(OverflowError):
        framing.rtu_request(huge, b"\3")
    for unit, length, transaction in ((huge, 0, 0), (1, huge, 0), (1, 0, huge)):
        with pytest.raises(OverflowError):
            reader.expect(unit, b"\3", length, transaction=transaction)
    assert reader.feed(GOOD) == framing.ANSWER


@pytest.mark.parametrize(("unit", "pdu"), [(-1, b"\3"), (256, b"\3"), (1, b""), (1, bytes(254)), (1, bytes(100_000))])
def test_requests_that_do_not_fit(unit: int, pdu: bytes) -> None:
    with pytest.raises(ValueError, match=r"unit|PDU"):
        framing.rtu_request(unit, pdu)


@pytest.mark.parametrize("wrong", [None, "\3", bytearray(b"\3"), memoryview(b"\3"), 3, [3]])
def test_bytes_are_bytes(wrong: bytes) -> None:
    with pytest.raises(TypeError):
        framing.rtu_request(1, wrong)
    reader = waiting_reader()
    with pytest.raises(TypeError):
        reader.expect(1, wrong, 0)
    with pytest.raises(TypeError):
        reader.feed(wrong)
    assert reader.feed(GOOD) == framing.ANSWER


@pytest.mark.parametrize("kind", [framing.Reader, framing.RtuReader, framing.AsciiReader, framing.MbapReader])
def test_a_reader_cannot_be_copied(kind: type[framing.Reader]) -> None:
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            way(kind())
    assert not hasattr(kind, "__setstate_cython__")


def test_codes_are_six() -> None:
    codes = {*streams.CODES.values(), framing.DAMAGED}
    assert codes == set(range(6))


def test_there_is_nothing_before_the_first_request() -> None:
    reader = framing.RtuReader()
    assert reader.payload == b""
    reader.discard()
    assert reader.feed(GOOD) == framing.WAITING
    assert (reader.skipped, reader.damaged, reader.stale, reader.exception) == (len(GOOD), 0, 0, 0)


def test_a_reader_without_a_framing_finds_nothing() -> None:
    reader = framing.Reader()
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(GOOD * 1000) == framing.WAITING


@given(st.integers(0, 2**32), st.sampled_from([bytes(range(256)), b"\x01\x03\x04\x83", b"\x01"]))
def test_fuzz(seed: int, alphabet: bytes) -> None:
    stream = streams.fuzz(seed, 3000, alphabet)
    found = reference.read_rtu(stream, TWO_REGISTERS)
    streams.check(framing.RtuReader(), TWO_REGISTERS, found, streams.cut(stream, range(0, 3000, 1 + seed % 700)))


@pytest.mark.parametrize("alphabet", [bytes(range(256)), b"\x01\x03\x04\x83", b"\x01", b"\x01\x83"])
def test_big_chunks_take_no_memory(alphabet: bytes) -> None:
    chunk = streams.fuzz(1, 100_000, alphabet)
    reader = waiting_reader(Awaited(1, b"\x03\x04\x04\x04\x04", 248))
    codes = streams.codes_in_constant_memory(reader, chunk)
    assert codes <= {framing.WAITING, framing.DAMAGED}
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(chunk + bytes(300) + GOOD) == framing.ANSWER


@given(st.integers(0, 255), st.integers(1, 0xFF00), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125))
def test_pymodbus_understands_us_and_we_understand_it(unit: int, address: int, registers: list[int]) -> None:
    count = len(registers)
    request = framing.rtu_request(unit, b"\x03" + address.to_bytes(2) + count.to_bytes(2))
    used, pdu = FramerRTU(DecodePDU(True)).handleFrame(request, unit, 0)
    assert used == len(request)
    assert isinstance(pdu, ReadHoldingRegistersRequest)
    assert (pdu.dev_id, pdu.address, pdu.count) == (unit, address, count)
    witness = FramerRTU(DecodePDU(False))
    reader = waiting_reader(Awaited(unit, bytes([4, 2 * count]), 2 * count))
    answer = witness.buildFrame(ReadInputRegistersResponse(registers=registers, dev_id=unit))
    assert reader.feed(answer) == framing.ANSWER
    assert reader.payload == b"".join(register.to_bytes(2) for register in registers)
    streams.expect(reader, Awaited(unit, bytes([4, 2 * count]), 2 * count))
    assert reader.feed(witness.buildFrame(ExceptionResponse(4, 11, device_id=unit))) == framing.EXCEPTION
    assert reader.exception == 11
