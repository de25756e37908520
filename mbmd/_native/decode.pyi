from array import array
from collections.abc import Iterable, Mapping

KINDS: Mapping[str, tuple[int, int]]
"""Register types by name, each also with `_swapped` behind it: words in reverse order."""

class Program:
    """What to do with the registers of one answer, compiled once.

    A field is (type, offset in registers, divisor, not-a-number marker or None, slot in the column);
    the value is raw / divisor. A raw value equal to the marker (compared as an unsigned number after
    swapping), and a float that is not finite, become NaN: no reading. Raises KeyError for an unknown
    type, ValueError for an offset or slot beyond 65535 or a divisor of zero, OverflowError for a marker
    beyond 64 bits.
    """

    payload_bytes: int
    """How many bytes of registers the program reads."""
    slots: int
    """How long a column must be at least."""

    def __init__(self, fields: Iterable[tuple[str, int, float, int | None, int]]) -> None: ...
    def run(self, payload: bytes, column: array[float]) -> None:
        """Decode registers (big-endian bytes) into `column`; slots of other programs are left alone.

        Raises ValueError when payload or column is too short, TypeError when column holds no doubles.
        """
