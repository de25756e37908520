from array import array
from collections.abc import Iterable, Mapping
from typing import TypeAlias

KINDS: Mapping[str, tuple[int, int]]
"""Register types by name, each also with `_swapped` behind it: words in reverse order."""
BIT: str
"""The type of coils and discrete inputs."""
MOST_SCALE: int
"""Scales reach from 10 to the power of minus this to 10 to the power of this."""

Plain: TypeAlias = tuple[str, int, float, int | None, int]
Full: TypeAlias = tuple[
    str, int, float, int | None, int, float, tuple[int, int] | None, tuple[str, int, int | None] | None
]

class Program:
    """What to do with the registers of one answer, compiled once.

    A field is (type, place, divisor, not-a-number marker or None, slot in the column), or that and (offset, bits,
    scale): the value is raw / divisor * 10^scale + offset. The place counts registers, for BIT bits (the lowest of
    the first byte is 0). Bits are (lowest, how many) of an unsigned type, or None for all. The scale is (type,
    place, marker or None) of a whole number in the same answer, or None.

    A raw value equal to its marker (compared as an unsigned number after swapping, and before bits are taken), a
    scale equal to its marker or beyond MOST_SCALE, and what is not finite, become NaN: no reading.

    Raises KeyError for an unknown type, ValueError for a place or slot beyond 65535, a divisor of zero, bits that the
    type does not have or a scale of floating point, OverflowError for a marker beyond 64 bits.
    """

    payload_bytes: int
    """How many bytes of data the program reads."""
    slots: int
    """How long a column must be at least."""

    def __init__(self, fields: Iterable[Plain | Full]) -> None: ...
    def run(self, payload: bytes, column: array[float]) -> None:
        """Decode data (big-endian registers, or bits) into `column`; slots of other programs are left alone.

        Raises ValueError when payload or column is too short, TypeError when column holds no doubles.
        """
