"""Values of registers and bits, from cells and from what people write; pure, and refuses what does not fit.

A value takes `length` cells at rising addresses: registers from 0 to 65535, or bits. The highest word and byte come
first; a name that ends in s has its words swapped, the lowest first, and a text the two bytes of each register.
"""

import math
import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from mbmd.config.values import did_you_mean
from mbmd.errors import UsageError

Value: TypeAlias = int | float | str
"""A number, or text: a string, hex digits, or bits. `str` gives what people read, and may write but for odd strings."""

_LONGEST = 400
"""Characters of a number: more than the longest that any float needs."""
_WHOLE = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[+-]?(inf(inity)?|nan)", re.IGNORECASE)
_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "int16": ">h",
        "uint16": ">H",
        "int32": ">i",
        "uint32": ">I",
        "int64": ">q",
        "uint64": ">Q",
        "float32": ">f",
        "float64": ">d",
    }
)


class Encoding(ABC):
    """How a value lies in `length` cells; `name` is what users call it."""

    def __init__(self, name: str, length: int) -> None:
        self.name = name
        self.length = length

    @abstractmethod
    def decode(self, cells: Sequence[int]) -> Value:
        """The value of `length` cells; every content has one."""

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The cells of a value as people write it. UsageError when it does not fit."""


class _Number(Encoding):
    def __init__(self, name: str) -> None:
        self._base = name.removesuffix("s")
        self._format = _FORMATS[self._base]
        self._step = -1 if name.endswith("s") else 1
        super().__init__(name, struct.calcsize(self._format) // 2)

    def _unpack(self, cells: Sequence[int]) -> int | float:
        number: int | float = struct.unpack(self._format, _bytes(cells[:: self._step]))[0]
        return number

    def _pack(self, number: float) -> list[int]:
        return _words(struct.pack(self._format, number))[:: self._step]


class _Integer(_Number):
    def decode(self, cells: Sequence[int]) -> Value:
        return self._unpack(cells)

    def encode(self, text: str) -> list[int]:
        if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
            raise UsageError(f"{shown(text)} is not a whole number, as in 42, -123 or 0x2a: {self.name} needs one")
        number = int(text, 16 if "x" in text.lower() else 10)
        bits = 16 * self.length
        low, high = (0, 2**bits - 1) if self._base.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if not low <= number <= high:
            raise UsageError(f"{shown(text)} does not fit {self.name}, which goes from {low} to {high}")
        return self._pack(number)


class _Float(_Number):
    def decode(self, cells: Sequence[int]) -> Value:
        number = self._unpack(cells)
        # Of 32 bits, the fewest digits that mean this very number: 230.1, not 230.10000610351562.
        digits = (float(f"{number:.{precision}g}") for precision in range(1, 10)) if self.length == 2 else iter(())
        return next((short for short in digits if self._fits(short) and self._pack(short) == list(cells)), number)

    def encode(self, text: str) -> list[int]:
        if len(text) > _LONGEST or not (_DECIMAL.fullmatch(text) or _NOT_A_NUMBER.fullmatch(text)):
            raise UsageError(f"{shown(text)} is not a number, as in 42, -1.5, 1e3 or nan: {self.name} needs one")
        number = float(text)
        if _NOT_A_NUMBER.fullmatch(text):
            return self._pack(number)
        if math.isinf(number) or not self._fits(number):
            raise UsageError(f"{shown(text)} is too large for {self.name}")
        cells = self._pack(number)
        if not self._unpack(cells) and re.search("[1-9]", text.lower().partition("e")[0]):
            raise UsageError(f"{shown(text)} is too small for {self.name}: it would be 0")
        return cells

    def _fits(self, number: float) -> bool:
        try:
            struct.pack(self._format, number)
        except OverflowError:
            return False
        return True


class _Hex(Encoding):
    def decode(self, cells: Sequence[int]) -> Value:
        return "0x" + _bytes(cells).hex()

    def encode(self, text: str) -> list[int]:
        digits = "".join(text.split()).lower().removeprefix("0x")
        if not re.fullmatch("[0-9a-f]+", digits):
            raise UsageError(f"{shown(text)} is not hex, as in 0xdeadbeef or 'dead beef'")
        if len(digits) != 4 * self.length:
            registers = _counted(self.length, "register")
            raise UsageError(f"{shown(text)} has {len(digits)} hex digits, not the {4 * self.length} of {registers}")
        return _words(bytes.fromhex(digits))


class _Text(Encoding):
    def decode(self, cells: Sequence[int]) -> Value:
        text = _bytes(self._swap(cells)).decode("latin-1").rstrip("\0 ")
        return "".join(char if " " <= char <= "~" else f"\\x{ord(char):02x}" for char in text)

    def encode(self, text: str) -> list[int]:
        if not (text.isascii() and text.isprintable()):
            raise UsageError(f"{shown(text)} is not plain ASCII text: hex writes any bytes")
        if len(text) > 2 * self.length:
            registers = _counted(self.length, "register")
            raise UsageError(
                f"{shown(text)} has {len(text)} characters, not the {2 * self.length} of {registers} or fewer"
            )
        return self._swap(_words(text.encode().ljust(2 * self.length, b"\0")))

    def _swap(self, cells: Sequence[int]) -> list[int]:
        return [cell >> 8 | cell << 8 & 0xFF00 for cell in cells] if self.name.endswith("s") else list(cells)


class _RegisterBits(Encoding):
    def decode(self, cells: Sequence[int]) -> Value:
        return " ".join(f"{cell:016b}" for cell in cells)

    def encode(self, text: str) -> list[int]:
        digits = _bits(text, 16 * self.length, f" of {_counted(self.length, 'register')}")
        return [int(digits[at : at + 16], 2) for at in range(0, len(digits), 16)]


class _Bits(Encoding):
    def decode(self, cells: Sequence[int]) -> Value:
        return "".join(map(str, cells))

    def encode(self, text: str) -> list[int]:
        return [int(digit) for digit in _bits(text, self.length)]


def _sizes() -> Iterator[tuple[str, dict[int, str]]]:
    for base in ("int", "uint", "float"):
        named = {
            struct.calcsize(code) // 2: name for name, code in _FORMATS.items() if name.rstrip("0123456789") == base
        }
        yield base, named
        # One register has no words to swap.
        yield f"{base}s", {length: f"{name}s" for length, name in named.items() if length > 1}


_BY_LENGTH: Mapping[str, Mapping[int, str]] = MappingProxyType(dict(_sizes()))
"""Encodings that take their size from the length: each length with the encoding that is meant."""
_NUMBERS = tuple(name for named in _BY_LENGTH.values() for name in named.values())
_FREE: Mapping[str, type[Encoding]] = {"hex": _Hex, "string": _Text, "strings": _Text, "bit": _RegisterBits}
ENCODINGS = ("bit", *_BY_LENGTH, *_NUMBERS, "hex", "string", "strings")
"""All names, as help and completion list them."""


def find_encoding(name: str, length: int | None, is_bits: bool = False) -> Encoding:
    """The encoding of a name; `length` in cells may be None where the name tells it, and for bits, one then.

    UsageError for an unknown name, a length that does not fit or is missing, and for bits that shall be a number.
    """
    if name not in ENCODINGS:
        raise UsageError(f"encoding {shown(name)} is unknown{did_you_mean(name, ENCODINGS)}")
    if is_bits:
        if name != "bit":
            raise UsageError(f"coils and discrete inputs are bits, not {name}: leave -e out, or say -e bit")
        return _Bits(name, length or 1)
    if name in _BY_LENGTH:
        return _sized(name, length)
    if name in _NUMBERS:
        return _named(name, length)
    if length is None and name != "bit":
        raise UsageError(f"{name} needs a LENGTH in registers")
    return _FREE[name](name, length or 1)


def _sized(name: str, length: int | None) -> Encoding:
    sizes = _BY_LENGTH[name]
    if length is None:
        names = _alternatives(sizes.values())
        raise UsageError(f"{name} takes its size from LENGTH: give {_alternatives(sizes)}, or say -e {names}")
    if length not in sizes:
        raise UsageError(
            f"{name} takes {_alternatives(sizes)} registers, not {length}: read several values with --count"
        )
    return _number(sizes[length])


def _named(name: str, length: int | None) -> Encoding:
    encoding = _number(name)
    if length not in (None, encoding.length):
        registers = _counted(encoding.length, "register")
        raise UsageError(f"{name} takes {registers}, not {length}: leave LENGTH out, read several values with --count")
    return encoding


def _number(name: str) -> Encoding:
    return (_Float if name.startswith("float") else _Integer)(name)


def _bits(text: str, count: int, where: str = "") -> str:
    digits = "".join(text.split())
    if set(digits) - {"0", "1"} or not digits:
        raise UsageError(f"{shown(text)} is not made of bits: write each as 0 or 1")
    if len(digits) != count:
        raise UsageError(f"{shown(text)} has {_counted(len(digits), 'bit')}: write all {count}{where}")
    return digits


def _bytes(cells: Iterable[int]) -> bytes:
    return b"".join(cell.to_bytes(2) for cell in cells)


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def _alternatives(choices: Iterable[object]) -> str:
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def shown(text: str) -> str:
    """What somebody wrote, in quotes, and not endless."""
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
