"""Where the points of a model stand on a device; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mbmd.sunspec.common import HEADER_REGISTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mbmd.sunspec.definitions import Group, Model, Point

NOT_COUNTED = 0xFFFF
"""A number of groups that is not implemented."""


class Placed(NamedTuple):
    """A point where it stands: registers behind the beginning of its model's header.

    `group` names the groups that it is in, each with its number from 1, the outermost first; none for the fixed block.
    `scale` is where the point of its scale factor stands, or that power itself if `is_constant`; None for none.
    `scale_is_missing`: there should be one, but its place is beyond the end of the model.
    """

    point: Point
    at: int
    group: tuple[tuple[str, int], ...] = ()
    scale: int | None = None
    is_constant: bool = False
    scale_is_missing: bool = False


def layout(model: Model, length: int, number_at: Callable[[int], int | None] = lambda _: None) -> Iterator[Placed]:
    """The points of a model that lie wholly in the `length` registers announced behind its header.

    `number_at` gives the register at a place behind the beginning of the header, None where that is not known. A group
    with a count that is not known or not implemented stands there as often as there is room for a whole one. Where
    that is the rule of its definition too (a count of 0), the point N of that model only tells whether what is left
    is the beginning of one more.
    """
    yield from _Layout(HEADER_REGISTERS + length, number_at).place(model.group, 0, (), {})


class _Layout:
    def __init__(self, end: int, number_at: Callable[[int], int | None]) -> None:
        self._end = end
        self._number_at = number_at
        self._at = 0

    def place(
        self, group: Group, start: int, path: tuple[tuple[str, int], ...], outer: Mapping[str, int]
    ) -> Iterator[Placed]:
        """The points of one group from `start` on; `outer` are the places of points of the groups around it."""
        places = dict(outer)
        self._at = start
        for point in group.points:
            places[point.name] = self._at
            self._at += point.size
        for point in group.points:
            if places[point.name] + point.size <= self._end:
                yield self._placed(point, path, places)
        for inner in group.groups:
            yield from self._repeat(inner, path, places)

    def _placed(self, point: Point, path: tuple[tuple[str, int], ...], places: Mapping[str, int]) -> Placed:
        at = places[point.name]
        if point.scale is None:
            return Placed(point, at, path)
        if isinstance(point.scale, int):
            return Placed(point, at, path, point.scale, is_constant=True)
        scale = places.get(point.scale)
        if scale is None or scale >= self._end:
            return Placed(point, at, path, scale_is_missing=True)
        return Placed(point, at, path, scale)

    def _repeat(self, group: Group, path: tuple[tuple[str, int], ...], places: Mapping[str, int]) -> Iterator[Placed]:
        count, least = self._count(group, places)
        number = 0
        while number != count and self._at < self._end:
            if count is None and self._at + group.size > self._end and number >= least:
                break
            number += 1
            before = self._at
            yield from self.place(group, before, (*path, (group.name, number)), places)
            if self._at == before:
                break

    def _count(self, group: Group, places: Mapping[str, int]) -> tuple[int | None, int]:
        """How often a group stands there, None for as often as there is room; and how many of these may be cut off."""
        if isinstance(group.count, int) and group.count:
            return group.count, 0
        at = places.get(group.count if isinstance(group.count, str) else "N", self._end)
        counted = self._number_at(at) if at < self._end else None
        if counted is None or counted == NOT_COUNTED:
            return None, 0
        return (counted, 0) if isinstance(group.count, str) else (None, counted)
