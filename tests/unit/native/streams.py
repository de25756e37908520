"""Streams as lines bring them: frames, frames gone wrong and noise, cut anywhere."""

import os
import random
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st

from mbmd._native import framing
from mbmd._native.decode import Program
from tests.reference import Awaited, Found, exception_pdu

UNTOUCHED = -12345.5
CODES = {
    "nothing": framing.WAITING,
    "answer": framing.ANSWER,
    "exception": framing.EXCEPTION,
    "mismatch": framing.MISMATCH,
    "lost": framing.LOST_SYNC,
}
FUNCTIONS = (1, 3, 4, 6, 16, 0x2B)

Encode = Callable[[Awaited, int, bytes], bytes]
"""The frame of a PDU from a unit, in answer to a request."""

units = st.integers(0, 255)
pdus = st.binary(min_size=1, max_size=253)


def resident_bytes() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def feed(reader: framing.Reader, chunks: Iterable[bytes]) -> list[int]:
    """The codes of all chunks but WAITING."""
    return [code for code in map(reader.feed, chunks) if code != framing.WAITING]


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """The stream in pieces; no piece is lost, whatever the places are."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(edges)]


def expect(reader: framing.Reader, awaited: Awaited) -> None:
    """Wait without a program."""
    reader.expect(awaited.unit, awaited.prefix, awaited.length, transaction=awaited.transaction, echo=awaited.echo)


def expect_registers(reader: framing.Reader, awaited: Awaited) -> "array[float]":
    """Wait with a program that copies whole registers into every second slot of the column returned."""
    registers = awaited.length // 2
    column = array("d", [UNTOUCHED]) * (2 * registers + 1)
    program = Program([("uint16", i, 1, None, 2 * i + 1) for i in range(registers)])
    reader.expect(awaited.unit, awaited.prefix, awaited.length, program, column, awaited.transaction, awaited.echo)
    return column


def registers_of(payload: bytes) -> list[float]:
    """What `expect_registers` has in its column after an answer."""
    column = [UNTOUCHED] * (len(payload) // 2 * 2 + 1)
    for i in range(len(payload) // 2):
        column[2 * i + 1] = int.from_bytes(payload[2 * i : 2 * i + 2])
    return column


def check(reader: framing.Reader, awaited: Awaited, found: Found, chunks: Sequence[bytes]) -> None:
    """Feed the chunks and assert that they bring what the oracle found in the whole stream."""
    reader.discard()
    check_kept(reader, awaited, found, chunks)


def check_kept(reader: framing.Reader, awaited: Awaited, found: Found, chunks: Sequence[bytes]) -> None:
    """The same with what the reader has kept from before, which the oracle was given too."""
    column = expect_registers(reader, awaited)
    codes = feed(reader, chunks)
    assert set(codes) <= {*CODES.values(), framing.DAMAGED}
    events = [code for code in codes if code != framing.DAMAGED]
    # What follows the answer is the next one's trouble: it may be no Modbus at all.
    first, later = events[:1] or [framing.WAITING], events[1:]
    assert first == [CODES[found.kind]]
    assert set(later) <= {framing.LOST_SYNC}
    if found.kind == "nothing":
        assert (framing.DAMAGED in codes) == (found.damaged > 0)
    assert (reader.skipped, reader.damaged, reader.stale) == (found.skipped, found.damaged, found.stale)
    assert (reader.echoes, reader.unnumbered) == (found.echoes, found.unnumbered)
    assert reader.exception == found.exception
    if found.kind == "answer":
        assert reader.payload == found.payload
        assert list(column) == registers_of(found.payload)
    else:
        assert set(column) == {UNTOUCHED}


@st.composite
def awaited_answers(draw: st.DrawFn, max_length: int = 12) -> Awaited:
    """Mostly short answers of few units, so that noise comes close to them; whole PDUs now and then."""
    function = draw(st.sampled_from(FUNCTIONS))
    length = draw(st.integers(0, max_length) | st.just(250))
    known = draw(st.binary(max_size=min(4, 252 - length)) | st.just(bytes([length])))
    transaction = draw(st.sampled_from([0, 1, 0x100, 0xFFFF]) | st.integers(0, 0xFFFF))
    return Awaited(draw(st.sampled_from([0, 1, 2, 17, 58, 255])), bytes([function]) + known, length, transaction)


def flip(frame: bytes, bit: int) -> bytes:
    """One bit of the frame is wrong."""
    broken = bytearray(frame)
    broken[bit // 8 % len(frame)] ^= 1 << bit % 8
    return bytes(broken)


@st.composite
def pieces(draw: st.DrawFn, awaited: Awaited, encode: Encode) -> bytes:
    """Something that stands on a line: good, gone wrong, meant for others, or noise."""
    data = draw(st.binary(min_size=awaited.length, max_size=awaited.length))
    pdu = awaited.prefix + data
    near = bytes([awaited.unit]) + awaited.prefix + b":\r\n\0\x80\x83A0" + bytes([awaited.prefix[0] + 0x80])
    good = encode(awaited, awaited.unit, pdu)
    kind = draw(st.sampled_from(KINDS_OF_PIECES))
    if kind == "noise":
        return bytes(draw(st.lists(st.sampled_from(near), max_size=20)))
    if kind == "cut":
        return good[: draw(st.integers(0, len(good)))]
    if kind == "tail":
        return good[draw(st.integers(0, len(good))) :]
    if kind == "flipped":
        return flip(good, draw(st.integers(0, 8 * len(good) - 1)))
    wrong = {
        "good": (awaited.unit, pdu),
        "unit": (awaited.unit ^ draw(st.integers(1, 255)), pdu),
        "function": (awaited.unit, flip(pdu, draw(st.integers(0, 6)))),
        "longer": (awaited.unit, (pdu + b"\0")[:253]),
        "shorter": (awaited.unit, pdu[:-1] or b"\7"),
        "exception": (awaited.unit, exception_pdu(awaited.prefix[0], draw(st.integers(0, 255)))),
        "other exception": (awaited.unit, exception_pdu(awaited.prefix[0] ^ 1, 2)),
    }
    return encode(awaited, *wrong[kind])


KINDS_OF_PIECES = (
    *("good", "noise", "cut", "tail", "flipped", "unit", "function"),
    *("longer", "shorter", "exception", "other exception"),
)


@st.composite
def echoes(draw: st.DrawFn, awaited: Awaited, encode: Encode) -> bytes:
    """Requests, some of which begin like their answer or an exception; and what no device would be asked."""
    address = draw(st.binary(min_size=4, max_size=4))
    near = (awaited.prefix + address)[: draw(st.integers(1, len(awaited.prefix) + 4))]
    refusal = exception_pdu(awaited.prefix[0], 2)
    frames = st.sampled_from([near, awaited.prefix[:1] + address, refusal, refusal + address])
    request = encode(awaited, awaited.unit, draw(frames))
    return draw(st.just(request) | pieces(awaited, encode).map(lambda piece: piece[:400] + request[:100]))


@st.composite
def echoing_streams(draw: st.DrawFn, awaited: Awaited, encode: Encode) -> bytes:
    """The echo that is awaited, or what is nearly it, in front of anything."""
    echo = awaited.echo
    place = draw(st.integers(0, len(echo)))
    flipped = flip(echo, draw(st.integers(0, 8 * len(echo) - 1)))
    begins = [echo, echo, echo[:place], echo[place:], echo[:place] + b"\0", flipped, b"\0" + echo, echo + echo, b""]
    return draw(st.sampled_from(begins)) + b"".join(draw(st.lists(pieces(awaited, encode), max_size=4)))


cuts = st.lists(st.integers(0, 2000), max_size=12)


def fuzz(seed: int, size: int, alphabet: bytes) -> bytes:
    """Random bytes of an alphabet."""
    return bytes(random.Random(seed).choices(alphabet, k=size))


def codes_in_constant_memory(reader: framing.Reader, chunk: bytes) -> set[int]:
    """What a chunk of 100 kB brings, again and again."""
    codes = {reader.feed(chunk)}
    before = resident_bytes()
    codes.update(reader.feed(chunk) for _ in range(100))
    assert resident_bytes() - before < 50 * len(chunk)
    return codes
