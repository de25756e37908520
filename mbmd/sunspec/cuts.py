"""Where a read of a model may begin and end; pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from mbmd.sunspec.common import HEADER_REGISTERS
from mbmd.sunspec.layout import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbmd.sunspec.definitions import Model


class Cuts:
    """The borders of the points of a model, as far as `registers` tell how many groups there are.

    Places are registers behind the beginning of the header. A model without a definition may be cut anywhere, and so
    may what is behind its last point. `registers` may grow.
    """

    def __init__(self, model: Model | None, length: int, registers: Mapping[int, int]) -> None:
        self._model = model
        self._end = HEADER_REGISTERS + length
        self._registers = registers
        self._wanted: set[int] = set()
        self._borders: list[int] = []
        self._texts: set[int] = set()
        self._find()

    def last(self, start: int, end: int, most: int, tear: bool) -> int:
        """Where a read from `start` on ends, of so many registers at most and not beyond `end`.

        One point that is longer is whole all the same, unless it is a text and `tear` is set.
        """
        self._refresh()
        if end - start <= most:
            return end
        at = self._borders[bisect_right(self._borders, start + most) - 1]
        if at > start:
            return at
        if tear and self.is_text(start):
            return start + most
        return min(end, self._borders[bisect_right(self._borders, start)])

    def middle(self, start: int, end: int) -> int | None:
        """The border that is nearest to the middle of a read; None if there is none within it."""
        self._refresh()
        half = (start + end) // 2
        after = bisect_left(self._borders, half)
        near = [at for at in self._borders[max(after - 1, 0) : after + 1] if start < at < end]
        return min(near, key=lambda at: abs(at - half), default=None)

    def is_text(self, at: int) -> bool:
        """Whether a place is in a text."""
        return self._borders[bisect_right(self._borders, at) - 1] in self._texts

    def _refresh(self) -> None:
        """Find the borders again if numbers of groups have become known."""
        if not self._wanted.isdisjoint(self._registers):
            self._find()

    def _find(self) -> None:
        self._wanted.clear()
        last, borders = HEADER_REGISTERS, {0, HEADER_REGISTERS, self._end}
        for point, at, *_ in layout(self._model, self._end - HEADER_REGISTERS, self._number_at) if self._model else ():
            borders |= {at, at + point.size}
            last = max(last, at + point.size)
            if point.type == "string":
                self._texts.add(at)
        self._borders = sorted(borders.union(range(last, self._end)))

    def _number_at(self, at: int) -> int | None:
        if at not in self._registers:
            self._wanted.add(at)
        return self._registers.get(at)
