from array import array
from collections.abc import Iterable

def pack(column: array[float], /) -> bytes:
    """A column in as little room as it can be kept without loss: floats, or doubles where these say more.

    TypeError when it holds no doubles.
    """

def completed(kept: bytes, column: array[float]) -> bytes:
    """A packed column with readings of another one where it has none. ValueError if they differ in slots."""

def series(columns: list[bytes], slots: int, slot: int) -> list[float]:
    """What packed columns of so many slots have in one of them. ValueError for what is none of them."""

class MinuteWindow:
    """The readings of the last 60 seconds for each slot of a column, by the second.

    Memory is that of packed columns, whatever the poll rate: a second in which several came has sums and counts in
    place of them, 12 bytes a slot. Times are seconds of one clock that does not run backwards (monotonic), from 0 on;
    others raise ValueError. So do slots beyond 65536.
    """

    slots: int

    def __init__(self, slots: int) -> None: ...
    def add(self, now: float, column: array[float]) -> bytes:
        """Count a column in the second of `now`; NaN is no reading. Returns it packed, as it is kept.

        The column has exactly `slots` doubles, else ValueError; TypeError when it holds no doubles.
        """
    def mean(self, now: float, column: array[float]) -> None:
        """Fill `column` with the means of the readings of this second and the 59 before it; NaN where none is."""
    def clear(self) -> None:
        """Forget all readings."""

class Summary:
    """What the readings of a while come to for each slot of a column: their mean, or in slots that are `lasting` the
    last one.

    ValueError for slots beyond 65536, and for lasting ones that are not among them.
    """

    slots: int

    def __init__(self, slots: int, lasting: Iterable[int] = ()) -> None: ...
    def add(self, column: array[float], /) -> None:
        """Count a column; NaN is no reading. The column has exactly `slots` doubles, else ValueError; TypeError
        when it holds no doubles."""
    def mean(self, column: array[float], /) -> None:
        """Fill `column` with what the readings since the last `clear` come to, NaN where there are none."""
    def clear(self) -> None:
        """Forget all readings."""
