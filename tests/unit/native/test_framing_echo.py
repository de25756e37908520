"""Adapters that send the request back before the answer: RTU and ASCII."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native import framing
from tests import reference
from tests.reference import Awaited, Found, read_after_echo
from tests.unit.native import streams

PDU = b"\x03\x04\x00\xab\x00\xcd"
LONGEST = 515


class Serial(NamedTuple):
    """A framing."""

    make: type[framing.Reader]
    read: reference.Read
    frame: Callable[[int, bytes], bytes]

    def encode(self, awaited: Awaited, unit: int, pdu: bytes) -> bytes:
        return self.frame(unit, pdu)

    @property
    def answer(self) -> bytes:
        return self.frame(1, PDU)

    def await_registers(self, echo: bytes) -> framing.Reader:
        reader = self.make()
        streams.expect(reader, replace(TWO_REGISTERS, echo=echo))
        return reader


TWO_REGISTERS = Awaited(1, b"\x03\x04", 4)
RTU = Serial(framing.RtuReader, reference.read_rtu, reference.rtu_frame)
ASCII = Serial(framing.AsciiReader, reference.read_ascii, reference.ascii_frame)
REQUESTS = {"usual": b"\x03\x00\x10\x00\x02", "like its answer": b"\x03\x04\x00\xab\x00"}

kinds = pytest.mark.parametrize("kind", [RTU, ASCII], ids=["rtu", "ascii"])
requests = pytest.mark.parametrize("pdu", REQUESTS.values(), ids=REQUESTS)


@kinds
@given(streams.awaited_answers(), st.data())
def test_any_stream_cut_anywhere_is_read_as_the_oracle_reads_it(
    kind: Serial, plain: Awaited, data: st.DataObject
) -> None:
    awaited = replace(plain, echo=data.draw(streams.echoes(plain, kind.encode)))
    stream = data.draw(streams.echoing_streams(awaited, kind.encode))
    found = read_after_echo(kind.read, stream, awaited)
    streams.check(kind.make(), awaited, found, [stream])
    streams.check(kind.make(), awaited, found, streams.cut(stream, data.draw(streams.cuts)))
    streams.check(kind.make(), awaited, found, [bytes([byte]) for byte in stream])


@kinds
@given(streams.awaited_answers(), streams.awaited_answers(), st.data())
def test_half_a_frame_over_a_change_of_request(
    kind: Serial, first: Awaited, plain: Awaited, data: st.DataObject
) -> None:
    second = replace(plain, echo=data.draw(streams.echoes(plain, kind.encode)))
    reader = kind.make()
    streams.expect(reader, first)
    half = kind.frame(first.unit, first.prefix + bytes(first.length))
    half = half[: data.draw(st.integers(0, len(half) - 1))]
    assert reader.feed(half) == framing.WAITING
    kept = half[reader.skipped :]
    stream = data.draw(streams.echoing_streams(second, kind.encode))
    found = read_after_echo(kind.read, stream, second, kept)
    streams.check_kept(reader, second, found, streams.cut(stream, data.draw(streams.cuts)))


@kinds
@given(streams.awaited_answers(), st.data())
def test_nothing_is_decided_while_it_may_be_the_echo(kind: Serial, plain: Awaited, data: st.DataObject) -> None:
    awaited = replace(plain, echo=data.draw(streams.echoes(plain, kind.encode)))
    begin = awaited.echo[: data.draw(st.integers(0, len(awaited.echo) - 1))]
    streams.check(kind.make(), awaited, Found(), [bytes([byte]) for byte in begin])


@kinds
@requests
@pytest.mark.parametrize("echoes", [0, 1])
def test_every_place_of_a_cut(kind: Serial, pdu: bytes, echoes: int) -> None:
    echo = kind.frame(1, pdu)
    stream = echoes * echo + kind.answer
    for place in range(len(stream) + 1):
        reader = kind.await_registers(echo)
        assert streams.feed(reader, [stream[:place], stream[place:]]) == [framing.ANSWER]
        assert reader.payload == PDU[2:]
        assert (reader.echoes, reader.skipped, reader.damaged, reader.stale) == (echoes, 0, 0, 0)


@kinds
@requests
def test_an_exception_behind_the_echo(kind: Serial, pdu: bytes) -> None:
    echo = kind.frame(1, pdu)
    refusal = kind.frame(1, b"\x83\x02")
    assert kind.await_registers(echo).feed(echo + refusal) == framing.EXCEPTION
    assert kind.await_registers(echo).feed(refusal) == framing.EXCEPTION


@kinds
def test_an_echo_comes_once_and_first(kind: Serial) -> None:
    echo = kind.frame(1, REQUESTS["usual"])
    for stream, echoes, skipped in (
        (echo + echo + kind.answer, 1, len(echo)),
        (b"\0" + echo + kind.answer, 0, 1 + len(echo)),
        (kind.answer + echo, 0, len(echo)),
    ):
        for cut in ([stream], [bytes([byte]) for byte in stream]):
            reader = kind.await_registers(echo)
            assert streams.feed(reader, cut) == [framing.ANSWER]
            assert (reader.echoes, reader.skipped) == (echoes, skipped)


@kinds
def test_a_damaged_echo_is_no_echo(kind: Serial) -> None:
    echo = kind.frame(1, REQUESTS["usual"])
    for bit in range(8 * len(echo)):
        broken = streams.flip(echo, bit)
        reader = kind.await_registers(echo)
        assert reader.feed(broken) in (framing.WAITING, framing.DAMAGED)
        assert reader.echoes == 0


@kinds
def test_counters_begin_anew_with_each_request(kind: Serial) -> None:
    echo = kind.frame(1, REQUESTS["usual"])
    reader = kind.await_registers(echo)
    assert reader.feed(echo + kind.answer) == framing.ANSWER
    assert reader.echoes == 1
    streams.expect(reader, TWO_REGISTERS)
    assert reader.echoes == 0
    assert reader.feed(echo + kind.answer) == framing.ANSWER
    assert (reader.echoes, reader.skipped) == (0, len(echo))


@kinds
def test_the_wait_for_an_echo_ends_with_forget(kind: Serial) -> None:
    echo = kind.frame(1, REQUESTS["usual"])
    reader = kind.await_registers(echo)
    assert reader.feed(echo[:5]) == framing.WAITING
    assert reader.skipped == 0
    reader.forget()
    assert reader.skipped == 5
    assert reader.feed(echo[5:]) == framing.WAITING
    assert (reader.echoes, reader.skipped) == (0, len(echo))
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(kind.answer) == framing.ANSWER


@kinds
def test_the_wait_for_an_echo_ends_with_discard(kind: Serial) -> None:
    echo = kind.frame(1, REQUESTS["usual"])
    reader = kind.await_registers(echo)
    assert reader.feed(echo[:5]) == framing.WAITING
    reader.discard()
    assert reader.feed(echo[5:]) == framing.WAITING
    assert (reader.echoes, reader.skipped) == (0, len(echo) - 5)


@kinds
def test_the_wait_for_an_echo_ends_with_the_next_request(kind: Serial) -> None:
    echo = kind.frame(1, REQUESTS["usual"])
    reader = kind.await_registers(echo)
    assert reader.feed(echo[:5]) == framing.WAITING
    streams.expect(reader, replace(TWO_REGISTERS, echo=echo))
    assert reader.feed(echo + kind.answer) == framing.ANSWER
    assert (reader.echoes, reader.skipped) == (1, 0)
    streams.expect(reader, replace(TWO_REGISTERS, echo=echo))
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(echo + kind.answer) == framing.ANSWER
    assert reader.echoes == 0


@kinds
def test_an_answer_that_is_the_request_is_taken_for_its_echo(kind: Serial) -> None:
    written = kind.frame(1, b"\x06\x00\x10\x00\x02")
    reader = kind.make()
    streams.expect(reader, Awaited(1, b"\x06\x00\x10", 2, echo=written))
    assert streams.feed(reader, [written, written]) == [framing.ANSWER]
    assert (reader.echoes, reader.payload) == (1, b"\x00\x02")


@kinds
def test_an_answer_in_what_was_not_the_echo_after_all(kind: Serial) -> None:
    reader = kind.await_registers(kind.answer + kind.answer)
    assert streams.feed(reader, [kind.answer, kind.answer[:3], b"\xff"]) == [framing.ANSWER]
    assert (reader.echoes, reader.payload, reader.skipped) == (0, PDU[2:], 4)


@kinds
def test_no_column_is_touched_by_an_echo_like_the_answer(kind: Serial) -> None:
    reader = kind.make()
    column = streams.expect_registers(reader, replace(TWO_REGISTERS, echo=kind.frame(1, PDU)))
    assert reader.feed(kind.frame(1, PDU)) == framing.WAITING
    assert set(column) == {streams.UNTOUCHED}


@kinds
def test_a_column_that_shrinks_while_an_echo_is_awaited(kind: Serial) -> None:
    reader = kind.make()
    column = streams.expect_registers(reader, replace(TWO_REGISTERS, echo=kind.answer + b"\0"))
    assert reader.feed(kind.answer) == framing.WAITING
    del column[2:]
    with pytest.raises(ValueError, match="column"):
        reader.feed(b"\1")
    streams.expect(reader, TWO_REGISTERS)
    assert reader.feed(kind.answer) == framing.ANSWER


@kinds
@pytest.mark.parametrize("size", [1, 256, 513, LONGEST])
def test_echoes_up_to_the_longest_frame(kind: Serial, size: int) -> None:
    echo = streams.fuzz(size, size, b":0123\r\n\x01\x03")
    for stream in (echo + kind.answer, kind.answer, echo[:-1] + b"\xff" + kind.answer):
        found = read_after_echo(kind.read, stream, replace(TWO_REGISTERS, echo=echo))
        for step in (1, 7, size, 2000):
            chunks = streams.cut(stream, range(0, len(stream), step))
            streams.check(kind.make(), replace(TWO_REGISTERS, echo=echo), found, chunks)


@kinds
@pytest.mark.parametrize("echo", [bytes(LONGEST + 1), bytes(100_000)])
def test_an_echo_longer_than_any_frame(kind: Serial, echo: bytes) -> None:
    reader = kind.await_registers(kind.frame(1, REQUESTS["usual"]))
    with pytest.raises(ValueError, match="echo"):
        reader.expect(2, b"\x04", 1, echo=echo)
    # Still waits for what it waited for.
    assert reader.feed(kind.frame(1, REQUESTS["usual"]) + kind.answer) == framing.ANSWER
    assert reader.echoes == 1


@kinds
@pytest.mark.parametrize("wrong", [None, "\3", bytearray(b"\3"), memoryview(b"\3"), 3])
def test_an_echo_is_bytes(kind: Serial, wrong: bytes) -> None:
    with pytest.raises(TypeError):
        kind.make().expect(1, b"\3", 0, echo=wrong)


@kinds
def test_big_chunks_take_no_memory(kind: Serial) -> None:
    chunk = streams.fuzz(1, 100_000, b"\x01\x03\x04\x83:0123\r\n")
    reader = kind.await_registers(chunk[:LONGEST])
    codes = streams.codes_in_constant_memory(reader, chunk)
    assert codes <= {framing.WAITING, framing.DAMAGED}
    assert reader.echoes == 1
    assert reader.feed(chunk + bytes(300) + kind.answer) == framing.ANSWER
