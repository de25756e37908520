"""The table of all cases: statements, timed in a loop without a call around them.

Every statement leaves what it made in `made`, and all ways of a case make the same (but that pymodbus's CRC has its
bytes swapped). What a rival needs is made beforehand where that is in its favour: pymodbus frames a PDU that is
encoded, and converts registers that are whole numbers already. A whole answer it takes from the bytes of a frame to
a list of doubles as its client would.

The oracle is the slow and obvious Python that the tests hold the kernels against. It keeps all readings for ever, so
of the columns only the mean of a minute has a match in it.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

AT_LEAST = 20.0
"""So many times as quick as pymodbus a whole answer is to be read."""


class Way(NamedTuple):
    """How one library does it: what is timed, and what is to be set up before."""

    statement: str
    setup: str


class Case(NamedTuple):
    """What is done once by each way, `mbmd` among them; `aim`: so many times as quick as pymodbus."""

    name: str
    ways: Mapping[str, Way]
    aim: float | None = None


FRAMINGS: Mapping[str, tuple[str, str, float | None]] = MappingProxyType(
    {
        "RTU": ("unit", "FramerRTU", AT_LEAST),
        "MBAP": ("transaction, unit", "FramerSocket", AT_LEAST),
        "ASCII": ("unit", "FramerAscii", None),
    }
)
"""The numbers that a frame bears, pymodbus's name, and the aim of a whole answer."""

TYPES: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "uint16": (1, "UINT16", "big"),
        "int16": (1, "INT16", "big"),
        "uint32": (2, "UINT32", "big"),
        "int32": (2, "INT32", "big"),
        "int32_swapped": (2, "INT32", "little"),
        "float32": (2, "FLOAT32", "big"),
        "float32_swapped": (2, "FLOAT32", "little"),
        "uint64": (4, "UINT64", "big"),
        "int64": (4, "INT64", "big"),
        "float64": (4, "FLOAT64", "big"),
    }
)
"""The register types of the device tables: their words, pymodbus's names of them and of the words' order."""

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "coils": "('bit', i, 1, None, i, 0.0, None, None)",
        "bit fields": "('uint16', i, 1, None, i, 0.0, (4, 8), None)",
        "int16 with marker and divisor": "('int16', i, 10, 0x8000, i, 0.0, None, None)",
        "int16 with a scale": "('int16', i, 1, 0x8000, i, 0.0, None, ('int16', 79, 0x8000))",
    }
)
"""What device tables say of fields beside their type."""

COLUMN = """
from array import array
from math import nan
made = array("d", [nan]) * {slots}
"""
FLOATS = """
from struct import pack
data = pack(">40f", *(230 + i / 8 for i in range(40)))
"""
WORDS = """
from struct import pack
data = pack(">80h", *range(-40, 39), -1)
"""
CONVERT = """
from pymodbus.client import ModbusTcpClient
convert, TYPE = ModbusTcpClient.convert_from_registers, ModbusTcpClient.DATATYPE
"""
PROGRAM = """
from mbmd._native.decode import Program
program = Program({fields})
"""
ANSWER = """
from mbmd.protocol.pdu import read
from tests import reference
unit, transaction, request = 1, 0x1234, read(4, 0, 80)
frame = reference.{name}_frame({numbers}, request.prefix + data)
"""
READER = """
from mbmd._native.framing import {reader}
reader, prefix, length = {reader}(), request.prefix, request.length
"""
FRAMER = """
from pymodbus.framer import {framer}
from pymodbus.pdu import DecodePDU
framer = {framer}(DecodePDU(False))
"""
MINUTE = """
from mbmd._native.window import MinuteWindow
window, column = MinuteWindow(40), array("d", [230.0]) * 40
for second in range(60):
    window.add(second, column)
"""
MINUTE_OF_ORACLE = """
from tests.reference import Minute
window, column = Minute(40), [230.0] * 40
for second in range(60):
    window.add(second, column)
"""
SUMMARY = """
from mbmd._native.window import Summary
summary, column = Summary(40, range(8)), array("d", [230.0]) * 40
summary.add(column)
"""
GUARD = """
from mbmd._native.counters import CounterGuard
guard, column = CounterGuard(40, ((i, 10.0, 0.1, 0.0) for i in range(8))), array("d", [230.0]) * 40
"""
DOUBLES = COLUMN.format(slots=40)
COLUMNS: Mapping[str, Mapping[str, Way]] = MappingProxyType(
    {
        "minute window, add": {"mbmd": Way("window.add(59.0, column)", DOUBLES + MINUTE)},
        "minute window, mean of 60 seconds": {
            "mbmd": Way("window.mean(59.0, made)", DOUBLES + MINUTE),
            "oracle": Way("made = window.mean(59.0)", MINUTE_OF_ORACLE),
        },
        "hour, add": {"mbmd": Way("summary.add(column)", DOUBLES + SUMMARY)},
        "hour, mean": {"mbmd": Way("summary.mean(made)", DOUBLES + SUMMARY)},
        "plausibility of 8 counters": {"mbmd": Way("made = guard.check(59.0, column)", DOUBLES + GUARD)},
    }
)
"""What is done to a column of 40 doubles."""


def cases() -> Iterator[Case]:
    """All of them."""
    yield from (_crc(size) for size in (8, 256))
    yield from (_request(framing, *row) for framing, row in FRAMINGS.items())
    yield from (_answer(framing, *row) for framing, row in FRAMINGS.items())
    yield from (_type(name, *row) for name, row in TYPES.items())
    yield from (_fields(name, field) for name, field in FIELDS.items())
    yield from (Case(name, ways) for name, ways in COLUMNS.items())


def _crc(size: int) -> Case:
    imports = {
        "mbmd": "from mbmd._native.crc import crc16",
        "oracle": "from tests.reference import crc16",
        "pymodbus": "from pymodbus.framer import FramerRTU; crc16 = FramerRTU.compute_CRC",
        "fastcrc": "from fastcrc.crc16 import modbus as crc16",
    }
    ways = {way: Way("made = crc16(data)", f"{setup}; data = bytes(range({size}))") for way, setup in imports.items()}
    return Case(f"CRC16 of {size} bytes", ways)


def _request(framing: str, numbers: str, framer: str, _: float | None) -> Case:
    name = framing.lower()
    pdu = "from mbmd.protocol.pdu import read; unit, transaction, pdu = 1, 0x1234, read(4, 0, 80).pdu"
    pymodbus = f"from pymodbus.framer import {framer}; encode = {framer}(None).encode"
    return Case(
        f"{framing} request",
        {
            "mbmd": Way(
                f"made = encode({numbers}, pdu)", f"{pdu}; from mbmd._native.framing import {name}_request as encode"
            ),
            "oracle": Way(
                f"made = encode({numbers}, pdu)", f"{pdu}; from tests.reference import {name}_frame as encode"
            ),
            "pymodbus": Way("made = encode(pdu, unit, transaction)", f"{pdu}; {pymodbus}"),
        },
    )


def _answer(framing: str, numbers: str, framer: str, aim: float | None) -> Case:
    name = framing.lower()
    frame = FLOATS + ANSWER.format(name=name, numbers=numbers)
    fields = "('float32', 2 * i, 1, None, i) for i in range(40)"
    ours = COLUMN.format(slots=40) + PROGRAM.format(fields=fields) + READER.format(reader=f"{name.title()}Reader")
    expect = "reader.expect(unit, prefix, length, program, made, transaction)"
    awaited = "awaited = reference.Awaited(unit, request.prefix, request.length, transaction)"
    decode = "[reference.decode('float32', data[at:]) for at in range(0, 160, 4)]"
    handle = "pdu = framer.handleFrame(frame, unit, transaction)[1]"
    return Case(
        f"{framing} answer to 40 doubles",
        {
            "mbmd": Way(f"{expect}; reader.feed(frame)", frame + ours),
            "oracle": Way(f"data = reference.read_{name}(frame, awaited).payload; made = {decode}", frame + awaited),
            "pymodbus": Way(
                f"{handle}; made = convert(pdu.registers, TYPE.FLOAT32)",
                frame + CONVERT + FRAMER.format(framer=framer),
            ),
        },
        aim,
    )


def _type(name: str, words: int, kind: str, order: str) -> Case:
    count, size = 80 // words, 2 * words
    fields = f"('{name}', {words} * i, 1, None, i) for i in range({count})"
    decode = f"[decode('{name}', data[at:]) for at in range(0, 160, {size})]"
    registers = "from struct import unpack; registers = list(unpack('>80H', data))"
    return Case(
        f"80 registers of {name}",
        {
            "mbmd": Way("program.run(data, made)", FLOATS + COLUMN.format(slots=count) + PROGRAM.format(fields=fields)),
            "oracle": Way(f"made = {decode}", FLOATS + "from tests.reference import decode"),
            "pymodbus": Way(f"made = convert(registers, TYPE.{kind}, '{order}')", FLOATS + CONVERT + registers),
        },
    )


def _fields(name: str, field: str) -> Case:
    decode = "[decode(n, place, data, d, m, o, b, s) for n, place, d, m, _, o, b, s in fields]"
    return Case(
        f"80 {name}",
        {
            "mbmd": Way(
                "program.run(data, made)",
                WORDS + COLUMN.format(slots=80) + PROGRAM.format(fields=f"{field} for i in range(80)"),
            ),
            "oracle": Way(
                f"made = {decode}",
                f"{WORDS}from tests.reference import decode_field as decode; fields = [{field} for i in range(80)]",
            ),
        },
    )
