"""Models and points found in registers, and the reads of devices that are picky about them."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.simulator.borders import Borders, Model, bases, borders, models, subdevices
from mbmd.simulator.faults import Reads
from mbmd.simulator.models import write_model

SUNS = [0x5375, 0x6E53]
END = [0xFFFF, 0]
COMMON, INVERTER, METER = write_model(1, {}), write_model(103, {}), write_model(203, {})
STRINGS = write_model(160, {"N": 2}, [{}, {}])
OWN = [64999, 5, 1, 2, 3, 4, 5]


def at(base: int, *parts: Iterable[int]) -> dict[int, int]:
    """Registers one after the other."""
    return dict(enumerate((word for part in parts for word in part), base))


WORDS = at(40000, SUNS, COMMON, INVERTER, STRINGS, COMMON, METER, END)
BORDERS = borders(WORDS)


def test_models_stand_one_behind_the_other() -> None:
    assert bases(WORDS) == [40000]
    assert models(WORDS, 40000) == [
        Model(1, 40002, 40070),
        Model(103, 40070, 40122),
        Model(160, 40122, 40172),
        Model(1, 40172, 40240),
        Model(203, 40240, 40347),
    ]


@pytest.mark.parametrize("end", [[], [0xFFFF], [0, 0], [103], [103, 0]])
def test_a_chain_ends_wherever_it_does(end: list[int]) -> None:
    words = at(40000, SUNS, COMMON, end)
    assert [model.id for model in models(words, 40000)] == [1]
    assert subdevices(words) == 1


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (WORDS, 2),
        (at(40000, SUNS, INVERTER, END), 1),
        (at(40000, SUNS, INVERTER, COMMON, METER, END), 2),
        (at(40000, SUNS, END), 1),
        (at(40000, INVERTER), 1),
        (at(40000, SUNS, END) | at(50000, SUNS, COMMON, COMMON, COMMON, END), 3),
        (at(0, SUNS, COMMON, COMMON, COMMON, END) | at(40000, SUNS, COMMON, COMMON, END), 2),
    ],
)
def test_model_1_opens_a_subdevice_on_the_first_chain_that_has_models(words: dict[int, int], number: int) -> None:
    assert subdevices(words) == number


def test_a_marker_may_begin_any_block_but_not_stand_within_one() -> None:
    words = at(100, SUNS, COMMON) | at(50000, SUNS, COMMON, SUNS) | at(0, SUNS)
    assert bases(words) == [0, 50000, 100]


@pytest.mark.parametrize(
    ("address", "count", "model", "point"),
    [
        (40000, 2, True, True),
        (40000, 70, True, True),
        (40001, 1, True, False),
        (40070, 52, True, True),
        (40070, 53, False, True),
        (40069, 2, False, True),
        (40094, 2, True, True),
        (40094, 1, True, False),
        (40095, 1, True, False),
        (40122, 50, True, True),
        (40132, 1, True, True),
        (40133, 4, True, False),
        (40133, 8, True, True),
        (40347, 1, True, True),
        (40347, 2, True, True),
        (40346, 2, False, False),
        (40345, 4, False, True),
        (40347, 3, False, False),
        (39999, 2, False, False),
        (39998, 1, True, False),
    ],
)
def test_reads_of_picky_devices(address: int, count: int, model: bool, point: bool) -> None:
    assert BORDERS.allow(Reads.ANY, address, count)
    assert BORDERS.allow(Reads.MODEL, address, count) is model
    assert BORDERS.allow(Reads.POINT, address, count) is point


def test_what_no_definition_names_is_one_piece() -> None:
    found = borders(at(40000, SUNS, OWN, [103, 55, *INVERTER[2:], 1, 2, 3, 4, 5], END))
    assert sorted(found.points)[:5] == [40000, 40002, 40003, 40004, 40009]
    assert {40061, 40066, 40067, 40068} <= found.points
    assert found.points.isdisjoint({40005, 40008, 40062, 40065})


def test_groups_in_groups_are_counted_by_the_device() -> None:
    curves = write_model(705, {"NPt": 2, "NCrv": 2, "V_SF": 0, "DeptRef_SF": 0, "RspTms_SF": 0})
    curves[1] += 28
    found = borders(at(40000, SUNS, curves, [0] * 28, END))
    first = 40002 + 15
    starts = {first + n for n in (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13)}
    assert found.points & set(range(first, first + 28)) == starts | {start + 14 for start in starts}


def test_a_model_that_ends_early_keeps_the_points_that_begin_in_it() -> None:
    found = borders(at(40000, SUNS, [103, 23, *INVERTER[2:25]], END))
    assert {40026, 40027} <= found.points
    assert {model for _, model in found.models.values()} == {0, 1}


def test_devices_without_models_are_not_picky() -> None:
    for reads in Reads:
        assert Borders().allow(reads, 7, 3)
        assert borders(at(40000, INVERTER)).allow(reads, 40001, 3)


@given(st.dictionaries(st.integers(0, 30) | st.integers(39990, 40100), st.integers(0, 0xFFFF)), st.booleans())
def test_no_registers_are_too_strange(words: dict[int, int], is_marked: bool) -> None:
    if is_marked:
        words |= at(40000, SUNS)
    found = borders(words)
    assert bool(found.models) is bool(bases(words))
    assert all(address >= 0 for address in found.points)
    assert subdevices(words) >= 1
