"""ASCII: requests and the reader against the oracle and against pymodbus."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymodbus.framer import FramerAscii
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersRequest

from mbmd._native import framing
from tests import reference
from tests.reference import Awaited, ascii_frame, exception_pdu
from tests.unit.native import streams

TWO_REGISTERS = Awaited(1, b"\x03\x04", 4)
GOOD = ascii_frame(1, b"\x03\x04\x00\xab\x00\xcd")


def encode(awaited: Awaited, unit: int, pdu: bytes) -> bytes:
    return ascii_frame(unit, pdu)


def waiting_reader(awaited: Awaited = TWO_REGISTERS) -> framing.AsciiReader:
    reader = framing.AsciiReader()
    streams.expect(reader, awaited)
    return reader


@given(streams.units, streams.pdus)
@example(255, bytes(253))
@example(0, b"\0")
def test_every_request_is_that_of_the_oracle(unit: int, pdu: bytes) -> None:
    assert framing.ascii_request(unit, pdu) == ascii_frame(unit, pdu)


def test_published_frames() -> None:
    # Simply Modbus, the page on ASCII: function 3 asks unit 17 for registers 107 to 109
    request = b":1103006B00037E\r\n"
    assert framing.ascii_request(17, bytes.fromhex("03 00 6B 00 03")) == request
    assert ascii_frame(17, bytes.fromhex("03 00 6B 00 03")) == request
    reader = waiting_reader(Awaited(17, b"\x03\x06", 6))
    assert reader.feed(b":110306AE415652434049\r\n") == framing.DAMAGED
    assert reader.feed(ascii_frame(17, bytes.fromhex("03 06 AE 41 56 52 43 40"))) == framing.ANSWER


@given(streams.awaited_answers(), st.data())
def test_any_stream_cut_anywhere_is_read_as_the_oracle_reads_it(awaited: Awaited, data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(streams.pieces(awaited, encode), max_size=8)))
    found = reference.read_ascii(stream, awaited)
    streams.check(framing.AsciiReader(), awaited, found, [stream])
    streams.check(framing.AsciiReader(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))
    streams.check(framing.AsciiReader(), awaited, found, [bytes([byte]) for byte in stream])


@given(streams.awaited_answers(), st.binary(max_size=300), st.data())
def test_the_answer_is_found_in_noise(awaited: Awaited, noise: bytes, data: st.DataObject) -> None:
    payload = data.draw(st.binary(min_size=awaited.length, max_size=awaited.length))
    stream = noise + ascii_frame(awaited.unit, awaited.prefix + payload) + data.draw(st.binary(max_size=20))
    found = reference.read_ascii(stream, awaited)
    assert (found.kind, found.payload) == ("answer", payload)
    streams.check(framing.AsciiReader(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))


@pytest.mark.parametrize("place", range(len(GOOD) + 1))
def test_every_place_of_a_cut(place: int) -> None:
    reader = waiting_reader()
    assert streams.feed(reader, [GOOD[:place], GOOD[place:]]) == [framing.ANSWER]
    assert reader.payload == b"\x00\xab\x00\xcd"
    assert (reader.skipped, reader.damaged, reader.stale) == (0, 0, 0)


@pytest.mark.parametrize("place", range(1, len(GOOD) - 2))
@pytest.mark.parametrize("char", b"0F:G\n\r\0 \xff")
def test_no_single_wrong_character_passes(place: int, char: int) -> None:
    broken = GOOD[:place] + bytes([char]) + GOOD[place + 1 :]
    if broken == GOOD:
        char = ord("7")
        broken = GOOD[:place] + bytes([char]) + GOOD[place + 1 :]
    reader = waiting_reader()
    assert reader.feed(broken) == framing.DAMAGED
    assert reader.feed(GOOD) == framing.ANSWER
    assert (reader.damaged, reader.skipped) == (1, len(GOOD))


def test_small_letters_and_a_missing_carriage_return_pass() -> None:
    assert waiting_reader().feed(GOOD.lower()) == framing.ANSWER
    assert waiting_reader().feed(GOOD.replace(b"\r", b"")) == framing.ANSWER


@pytest.mark.parametrize(
    "text", [b"", b"\r", b"0", b"01", b"0103", b"01FF", b"0103F", b"0103FC0", b"01 03FC", b"+1+3FC"]
)
def test_what_is_no_frame_is_damaged(text: bytes) -> None:
    reader = waiting_reader()
    assert reader.feed(b":" + text + b"\r\n") == framing.DAMAGED
    assert (reader.damaged, reader.stale) == (1, 0)


@pytest.mark.parametrize("code", range(256))
def test_every_exception(code: int) -> None:
    reader = waiting_reader()
    assert reader.feed(ascii_frame(1, exception_pdu(3, code))) == framing.EXCEPTION
    assert reader.exception == code
    assert reader.feed(GOOD) == framing.WAITING


@pytest.mark.parametrize(
    ("unit", "pdu"),
    [
        (2, b"\x03\x04\x00\xab\x00\xcd"),
        (1, b"\x04\x04\x00\xab\x00\xcd"),
        (1, b"\x03\x05\x00\xab\x00\xcd"),
        (1, b"\x03\x04\x00\xab\x00"),
        (1, b"\x03\x04\x00\xab\x00\xcd\x00"),
        (1, b"\x03"),
        (1, b"\x83"),
        (1, b"\x83\x02\x00"),
        (1, b"\x84\x02"),
        (2, b"\x83\x02"),
        (1, b"\x03" + bytes(252)),
    ],
)
def test_good_frames_that_are_not_the_answer_are_stale(unit: int, pdu: bytes) -> None:
    reader = waiting_reader()
    frame = ascii_frame(unit, pdu)
    assert reader.feed(frame) == framing.WAITING
    assert (reader.stale, reader.damaged, reader.skipped, reader.exception) == (1, 0, len(frame), 0)
    assert reader.feed(GOOD) == framing.ANSWER


def test_damage_is_said_once_and_a_good_answer_follows() -> None:
    reader = waiting_reader()
    broken = GOOD.replace(b"AB", b"BA").replace(b"CD", b"CC")
    assert reader.feed(broken) == framing.DAMAGED
    assert reader.feed(b"\xff") == framing.WAITING
    assert reader.feed(broken + GOOD) == framing.ANSWER
    assert (reader.damaged, reader.skipped) == (2, 2 * len(broken) + 1)


@pytest.mark.parametrize("size", [500, 510, 511, 512, 513, 514, 520, 600, 1022, 1023, 1024, 3000])
@pytest.mark.parametrize("step", [1, 7, 512, 513, 514, 515, 516, 1024, 5000])
def test_a_frame_longer_than_any_can_be_is_damaged_however_it_is_cut(size: int, step: int) -> None:
    stream = b":" + b"0" * size + b"\n"
    found = reference.read_ascii(stream, TWO_REGISTERS)
    streams.check(framing.AsciiReader(), TWO_REGISTERS, found, streams.cut(stream, range(0, len(stream), step)))


@pytest.mark.parametrize("size", range(508, 518))
def test_how_long_a_frame_is_waited_for(size: int) -> None:
    stream = b":" + b"0" * size
    found = reference.read_ascii(stream, TWO_REGISTERS)
    assert found.damaged == (len(stream) > 513)
    streams.check(framing.AsciiReader(), TWO_REGISTERS, found, [stream])


def test_an_endless_frame_does_not_hide_the_answer() -> None:
    reader = waiting_reader()
    for _ in range(100):
        reader.feed(b":" + b"00" * 400)
    assert reader.feed(GOOD) == framing.ANSWER


def test_late_frames_while_nothing_is_awaited() -> None:
    reader = framing.AsciiReader()
    assert reader.feed(GOOD + GOOD[:7]) == framing.WAITING
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(GOOD[7:]) == framing.WAITING
    assert reader.feed(GOOD) == framing.ANSWER
    assert reader.feed(GOOD) == framing.WAITING
    assert reader.skipped == len(GOOD[7:]) + len(GOOD)


@given(streams.awaited_answers(), streams.awaited_answers(), st.data())
def test_half_a_frame_over_a_change_of_request(first: Awaited, second: Awaited, data: st.DataObject) -> None:
    reader = waiting_reader(first)
    half = ascii_frame(first.unit, first.prefix + bytes(first.length))
    half = half[: data.draw(st.integers(0, len(half) - 1))]
    assert reader.feed(half) == framing.WAITING
    payload = data.draw(st.binary(min_size=second.length, max_size=second.length))
    answer = ascii_frame(second.unit, second.prefix + payload)
    found = reference.read_ascii(half + answer, second)
    assert found.kind == "answer"
    streams.check_kept(reader, second, found, [answer])


def test_a_program_fills_its_slots_once_and_only_on_the_answer() -> None:
    reader = framing.AsciiReader()
    column = streams.expect_registers(reader, TWO_REGISTERS)
    blank = column[:]
    for chunk in (b":0103\r\n", ascii_frame(2, b"\x03\x04\0\1\0\2"), GOOD[:9], b""):
        reader.feed(chunk)
        assert column == blank
    assert reader.feed(GOOD[9:]) == framing.ANSWER
    assert list(column) == streams.registers_of(b"\x00\xab\x00\xcd")
    column[1] = 99
    reader.feed(GOOD)
    assert column[1] == 99


def test_an_answer_of_the_greatest_size() -> None:
    payload = bytes(range(250))
    frame = ascii_frame(255, b"\x04\xfa\x00" + payload)
    assert len(frame) == reference.ASCII_LONGEST
    found = reference.Found("answer", payload)
    awaited = Awaited(255, b"\x04\xfa\x00", 250)
    for place in range(len(frame) + 1):
        streams.check(framing.AsciiReader(), awaited, found, [frame[:place], frame[place:]])


@pytest.mark.parametrize(("unit", "pdu"), [(-1, b"\3"), (256, b"\3"), (1, b""), (1, bytes(254)), (1, bytes(100_000))])
def test_requests_that_do_not_fit(unit: int, pdu: bytes) -> None:
    with pytest.raises(ValueError, match=r"unit|PDU"):
        framing.ascii_request(unit, pdu)


@pytest.mark.parametrize("wrong", [None, "\3", bytearray(b"\3"), 3])
def test_a_pdu_is_bytes(wrong: bytes) -> None:
    with pytest.raises(TypeError):
        framing.ascii_request(1, wrong)


@given(st.integers(0, 2**32), st.sampled_from([bytes(range(256)), b":0123\r\n", b":0", b"::::::0\n"]))
def test_fuzz(seed: int, alphabet: bytes) -> None:
    stream = streams.fuzz(seed, 3000, alphabet)
    found = reference.read_ascii(stream, TWO_REGISTERS)
    streams.check(framing.AsciiReader(), TWO_REGISTERS, found, streams.cut(stream, range(0, 3000, 1 + seed % 700)))


@pytest.mark.parametrize("alphabet", [bytes(range(256)), b":0123\r\n", b":", b"0", b"\n"])
def test_big_chunks_take_no_memory(alphabet: bytes) -> None:
    chunk = streams.fuzz(1, 100_000, alphabet)
    reader = waiting_reader()
    assert streams.codes_in_constant_memory(reader, chunk) <= {framing.WAITING, framing.DAMAGED}
    assert reader.feed(chunk + GOOD) == framing.ANSWER


@given(st.integers(0, 255), st.integers(1, 0xFF00), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125))
def test_pymodbus_understands_us_and_we_understand_it(unit: int, address: int, registers: list[int]) -> None:
    count = len(registers)
    request = framing.ascii_request(unit, b"\x04" + address.to_bytes(2) + count.to_bytes(2))
    used, pdu = FramerAscii(DecodePDU(True)).handleFrame(request, unit, 0)
    assert used == len(request)
    assert isinstance(pdu, ReadInputRegistersRequest)
    assert (pdu.dev_id, pdu.address, pdu.count) == (unit, address, count)
    witness = FramerAscii(DecodePDU(False))
    awaited = Awaited(unit, bytes([3, 2 * count]), 2 * count)
    reader = waiting_reader(awaited)
    answer = witness.buildFrame(ReadHoldingRegistersResponse(registers=registers, dev_id=unit))
    assert reader.feed(answer) == framing.ANSWER
    assert reader.payload == b"".join(register.to_bytes(2) for register in registers)
    streams.expect(reader, awaited)
    assert reader.feed(witness.buildFrame(ExceptionResponse(3, 4, device_id=unit))) == framing.EXCEPTION
    assert reader.exception == 4
