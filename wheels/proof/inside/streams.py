"""The readers of frames: streams as lines bring them, cut anywhere."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import NamedTuple

from mbmd._native import framing
from mbmd._native.decode import Program
from tests import reference
from tests.reference import Awaited, Found
from wheels.proof.inside.judge import UNTOUCHED, MismatchError, column_of, must_equal, must_equal_bits

UNITS = (0, 1, 2, 17, 58, 255)
FUNCTIONS = (1, 3, 4, 6, 16, 0x2B)
CODES = {
    "nothing": framing.WAITING,
    "answer": framing.ANSWER,
    "exception": framing.EXCEPTION,
    "mismatch": framing.MISMATCH,
    "lost": framing.LOST_SYNC,
}


class Framing(NamedTuple):
    """A reader, how the oracle reads the same, and the frame of a PDU from a unit."""

    make: Callable[[], framing.Reader]
    read: reference.Read
    frame: Callable[[Awaited, int, bytes], bytes]
    has_echoes: bool = True


RTU = Framing(framing.RtuReader, reference.read_rtu, lambda _, unit, pdu: reference.rtu_frame(unit, pdu))
ASCII = Framing(framing.AsciiReader, reference.read_ascii, lambda _, unit, pdu: reference.ascii_frame(unit, pdu))
MBAP = Framing(
    framing.MbapReader,
    reference.read_mbap,
    lambda awaited, unit, pdu: reference.mbap_frame(awaited.transaction, unit, pdu),
    has_echoes=False,
)


def check_requests(dice: Random) -> None:
    """A request in each framing."""
    transaction, unit = dice.choice([0, 0xFFFF, dice.randrange(0x10000)]), dice.randrange(256)
    pdu = dice.randbytes(dice.choice([1, 5, 253, dice.randint(1, 253)]))
    must_equal(framing.rtu_request(unit, pdu), reference.rtu_frame(unit, pdu), "RTU request")
    must_equal(framing.ascii_request(unit, pdu), reference.ascii_frame(unit, pdu), "ASCII request")
    must_equal(
        framing.mbap_request(transaction, unit, pdu), reference.mbap_frame(transaction, unit, pdu), "TCP request"
    )


def check_streams(dice: Random) -> None:
    """A stream in one of the framings: whole, in pieces and byte by byte."""
    kind = dice.choice([RTU, ASCII, MBAP])
    awaited = any_awaited(dice)
    stream = b"".join(any_piece(dice, kind, awaited) for _ in range(dice.randrange(8)))
    if kind.has_echoes and dice.random() < 0.4:
        awaited = replace(awaited, echo=kind.frame(awaited, awaited.unit, awaited.prefix + dice.randbytes(4)))
        stream = dice.choice([awaited.echo, awaited.echo[: dice.randrange(len(awaited.echo))]]) + stream
    elif not kind.has_echoes and dice.random() < 0.3:
        awaited = replace(awaited, transaction=framing.ANY_TRANSACTION)
    found = reference.read_after_echo(kind.read, stream, awaited)
    for chunks in ([stream], cut(dice, stream), [bytes([byte]) for byte in stream]):
        check_reading(kind.make(), awaited, found, chunks)


def check_reading(reader: framing.Reader, awaited: Awaited, found: Found, chunks: Iterable[bytes]) -> None:
    """Feed the chunks: they bring what the oracle found in the whole stream."""
    registers = awaited.length // 2
    column = column_of([UNTOUCHED] * (2 * registers + 1))
    program = Program([("uint16", i, 1, None, 2 * i + 1) for i in range(registers)])
    reader.expect(awaited.unit, awaited.prefix, awaited.length, program, column, awaited.transaction, awaited.echo)
    codes = [code for chunk in chunks if (code := reader.feed(chunk)) not in (framing.WAITING, framing.DAMAGED)]
    must_equal(codes[:1] or [framing.WAITING], [CODES[found.kind]], "what the stream brings")
    if not set(codes[1:]) <= {framing.LOST_SYNC}:
        raise MismatchError(f"more came after the answer: {codes}")
    counts = reader.skipped, reader.damaged, reader.stale, reader.echoes, reader.unnumbered, reader.exception
    wanted = found.skipped, found.damaged, found.stale, found.echoes, found.unnumbered, found.exception
    must_equal(counts, wanted, "counts")
    expected = [UNTOUCHED] * len(column)
    if found.kind == "answer":
        must_equal(reader.payload, found.payload, "payload")
        expected[1::2] = [int.from_bytes(found.payload[2 * i : 2 * i + 2]) for i in range(registers)]
    must_equal_bits(column, expected, "column")


def any_awaited(dice: Random) -> Awaited:
    """Mostly short answers of few units, so that noise comes close to them; whole PDUs now and then."""
    length = dice.choice([*range(0, 12, 2), 248])
    prefix = bytes([dice.choice(FUNCTIONS)]) + dice.choice([b"", bytes([length]), dice.randbytes(dice.randrange(5))])
    return Awaited(dice.choice(UNITS), prefix, length, dice.choice([0, 1, 0x100, 0xFFFF]))


def any_piece(dice: Random, kind: Framing, awaited: Awaited) -> bytes:
    """Something that stands on a line: good, gone wrong, meant for others, or noise."""
    pdu = awaited.prefix + dice.randbytes(awaited.length)
    good = kind.frame(awaited, awaited.unit, pdu)
    near = bytes([awaited.unit]) + awaited.prefix + b":\r\n\0\x80\x83A0" + bytes([awaited.prefix[0] + 0x80])
    place = dice.randrange(len(good))
    others = replace(awaited, transaction=awaited.transaction ^ 0x101)
    return dice.choice(
        [
            good,
            bytes(dice.choices(near, k=dice.randrange(20))),
            good[:place],
            good[place:],
            good[:place] + bytes([good[place] ^ 1 << dice.randrange(8)]) + good[place + 1 :],
            kind.frame(others, awaited.unit ^ dice.randrange(256), pdu),
            kind.frame(awaited, awaited.unit, (pdu + b"\0")[:253]),
            kind.frame(awaited, awaited.unit, pdu[:-1] or b"\7"),
            kind.frame(awaited, awaited.unit, reference.exception_pdu(awaited.prefix[0], dice.randrange(256))),
            kind.frame(awaited, awaited.unit, reference.exception_pdu(awaited.prefix[0] ^ 1, 2)),
        ]
    )


def cut(dice: Random, stream: bytes) -> list[bytes]:
    """The stream in pieces, of which some may be empty."""
    edges = [0, *sorted(dice.randint(0, len(stream)) for _ in range(6)), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(edges)]
