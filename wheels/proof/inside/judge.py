"""What is compared, and what is said where it differs."""

import math
import struct
from array import array
from collections.abc import Iterable

UNTOUCHED = -12345.5
"""What a column holds where nothing was written."""


class MismatchError(Exception):
    """A kernel does not do as the oracle."""


def must_equal(seen: object, wanted: object, what: str) -> None:
    """Raise MismatchError unless both are the same."""
    if seen != wanted:
        raise MismatchError(f"{what}: {seen!r}, the oracle has {wanted!r}")


def must_equal_bits(seen: Iterable[float], wanted: Iterable[float], what: str) -> None:
    """The same for numbers, bit for bit; but any NaN is like another."""
    ones, others = list(seen), list(wanted)
    if len(ones) != len(others) or not all(map(_same, ones, others)):
        raise MismatchError(f"{what}: {ones!r}, the oracle has {others!r}")


def must_be_near(seen: Iterable[float], wanted: Iterable[float], what: str) -> None:
    """The same for sums, whose order may round the last digits otherwise."""
    ones, others = list(seen), list(wanted)
    if len(ones) != len(others) or not all(map(_near, ones, others)):
        raise MismatchError(f"{what}: {ones!r}, the oracle has {others!r}")


def column_of(values: Iterable[float]) -> "array[float]":
    """A column of a program."""
    return array("d", values)


def _same(one: float, other: float) -> bool:
    return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-3) or (math.isnan(one) and math.isnan(other))
