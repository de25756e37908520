"""Where points stand: every model that is defined, beside pysunspec2, and models that are cut or counted wrongly."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sunspec2.modbus.client import SunSpecModbusClientModel  # type: ignore[import-untyped]

from mbmd.sunspec.definitions import Group, Model, definition
from mbmd.sunspec.layout import Placed, layout
from tests import sunspec_reference as oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

IDS = [number for number in range(1, 0x10000) if oracle.definition(number)]
"""All models that are defined."""


def group_of(model: int) -> Group:
    known = definition(model)
    assert known is not None
    return known.group


def placed(model: int, length: int, number_at: Callable[[int], int | None] = lambda _: None) -> list[Placed]:
    known = definition(model)
    assert known is not None
    return list(layout(known, length, number_at))


def counters(group: Group) -> set[str]:
    """The points that say how often groups stand there."""
    own = {group.count} if isinstance(group.count, str) else set()
    return own.union(*map(counters, group.groups))


def size_of(group: Group, times: int) -> int:
    """Registers of a group, with all that repeats `times` times."""
    inner = sum(size_of(g, times) * (g.count if isinstance(g.count, int) and g.count else times) for g in group.groups)
    return group.size + inner


def filled(model: int, times: int) -> tuple[int, dict[int, int]]:
    """The length of a model in which all that repeats does so `times` times, and where it says so."""
    group = group_of(model)
    places, at = {}, 0
    for point in group.points:
        places[point.name] = at
        at += point.size
    return size_of(group, times) - 2, {places[name]: times for name in counters(group)}


def names(points: Iterable[Placed]) -> list[str]:
    return ["/".join([*(f"{name}/{n}" for name, n in p.group), p.point.name]) for p in points]


def of_witness(group: Any, path: tuple[tuple[str, int], ...] = ()) -> Iterator[tuple[object, str, int, int]]:
    for name, point in group.points.items():
        yield path, name, point.offset, point.len
    for name, groups in group.groups.items():
        for n, inner in enumerate(groups if isinstance(groups, list) else [groups], 1):
            yield from of_witness(inner, (*path, (name, n)))


@pytest.mark.parametrize("model", IDS)
def test_points_stand_where_pysunspec2_has_them(model: int) -> None:
    for times in (1, 3):
        length, counts = filled(model, times)
        registers = [model, length, *(counts.get(at, 0) for at in range(2, 2 + length))]
        data = b"".join(value.to_bytes(2) for value in registers)
        witness = SunSpecModbusClientModel(model, 0, length, data=data)
        assert witness.error_info == ""
        found = placed(model, length, counts.get)
        assert sorted((p.group, p.point.name, p.at, p.point.size) for p in found) == sorted(of_witness(witness))


@pytest.mark.parametrize("model", IDS)
def test_points_of_a_whole_model_are_side_by_side_from_its_beginning_to_its_end(model: int) -> None:
    length, counts = filled(model, 3)
    found = placed(model, length, counts.get)
    assert names(found)[:2] == ["ID", "L"]
    assert len(set(names(found))) == len(found)
    assert found[0].at == 0
    assert all(one.at + one.point.size == other.at for one, other in pairwise(found))
    assert found[-1].at + found[-1].point.size == 2 + length


@pytest.mark.parametrize("model", IDS)
def test_each_scale_factor_is_found(model: int) -> None:
    length, counts = filled(model, 2)
    found = placed(model, length, counts.get)
    types = {p.at: p.point.type for p in found}
    for p in found:
        assert not p.scale_is_missing
        assert (p.scale is None) == (p.point.scale is None)
        assert p.is_constant == isinstance(p.point.scale, int)
        if p.scale is not None and not p.is_constant:
            assert types[p.scale] == "sunssf"


numbers = st.sampled_from([0, 1, 2, 3, 7, 0xFFFE, 0xFFFF, None])


@given(st.sampled_from(IDS), st.integers(0, 700), st.lists(numbers, min_size=1, max_size=5))
def test_whatever_a_model_announces_its_points_stand_in_it_and_behind_each_other(
    model: int, length: int, counts: list[int | None]
) -> None:
    found = placed(model, length, lambda at: counts[at % len(counts)])
    assert all(one.at + one.point.size <= other.at for one, other in pairwise(found))
    assert all(p.at + p.point.size <= 2 + length for p in found)
    assert all(p.scale is None or p.is_constant or p.scale < 2 + length for p in found)
    assert len(set(names(found))) == len(found)


def test_a_scale_factor_beyond_the_end_is_missing() -> None:
    """That of the current is the sixth register of model 103, that of the voltages the thirteenth."""
    found = dict(zip(names(placed(103, 11)), placed(103, 11), strict=True))
    assert found["A"].scale == 6
    assert (found["PhVphA"].scale, found["PhVphA"].scale_is_missing) == (None, True)


def test_a_point_that_is_cut_is_none() -> None:
    """WH of model 103 takes two registers."""
    assert ("WH" in names(placed(103, 24)), "WH" in names(placed(103, 23))) == (True, False)


def modules(length: int, counted: int | None) -> list[int]:
    """How many points each module of model 160 has."""
    numbers = [p.group[0][1] for p in placed(160, length, lambda at: counted if at == 8 else None) if p.group]
    return [numbers.count(n) for n in range(1, max(numbers, default=0) + 1)]


@pytest.mark.parametrize(
    ("length", "counted", "points"),
    [
        (48, 2, [10, 10]),
        (48, None, [10, 10]),
        (48, 0xFFFF, [10, 10]),
        (48, 0, [10, 10]),
        (48, 1, [10, 10]),
        (48, 9, [10, 10]),
        (47, 2, [10, 9]),
        (49, 2, [10, 10]),
        (58, 3, [10, 10, 3]),
        (58, 2, [10, 10]),
        (58, None, [10, 10]),
        (58, 0xFFFF, [10, 10]),
        (18, 1, [3]),
        (18, None, []),
        (8, 2, []),
        (6, 2, []),
        (108, 5, [10, 10, 10, 10, 10]),
    ],
)
def test_modules_are_those_that_there_is_room_for(length: int, counted: int | None, points: list[int]) -> None:
    """A cut one is used if there should be so many."""
    assert modules(length, counted) == points


@pytest.mark.parametrize(
    ("room", "counted", "ports"),
    [(3, 3, 3), (3, 2, 2), (3, 0, 0), (3, None, 3), (3, 0xFFFF, 3), (3, 9, 3)],
)
def test_ports_are_as_many_as_there_are_said_to_be(room: int, counted: int | None, ports: int) -> None:
    found = placed(714, 18 + 25 * room, lambda _: counted)
    assert {n for p in found for _, n in p.group} == set(range(1, ports + 1))


def test_groups_within_groups_have_the_numbers_of_both() -> None:
    length, counts = filled(705, 2)
    found = names(placed(705, length, counts.get))
    assert found[-2:] == ["Crv/2/Pt/2/V", "Crv/2/Pt/2/Var"]


def test_a_power_that_is_always_the_same_is_the_scale_itself() -> None:
    found = dict(zip(names(placed(307, 11)), placed(307, 11), strict=True))
    assert (found["TmpAmb"].scale, found["TmpAmb"].is_constant) == (-1, True)


@pytest.mark.parametrize("count", [0, 3, "n"])
def test_a_group_without_points_ends(count: int | str) -> None:
    empty = Model(1, "", "", Group("", "", 1, group_of(103).points[:3], (Group("empty", "", count, (), ()),)))
    assert names(layout(empty, 50, lambda _: None)) == ["ID", "L", "A"]
