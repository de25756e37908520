"""What is wrong with chains and models, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.sunspec.chain import Chain, End, Placement
from mbmd.sunspec.common import Common
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.faults import chain_faults, model_faults, places_behind
from mbmd.sunspec.layout import layout

ONE = (Placement(1, 40002, 66, 0), Placement(103, 40070, 50, 0))


def chain(*models: Placement, base: int = 40000, end: End = End.MARK, exception: int = 0) -> Chain:
    return Chain(base, models, (Common(),) * (1 + max(model.device for model in models)), end, exception)


def faults(model: int, length: int, registers: dict[int, int] | None = None) -> list[str]:
    known = definition(model)
    assert known is not None
    there = registers or {}
    return list(model_faults(known, length, tuple(layout(known, length, there.get)), there))


def test_a_chain_as_it_should_be_has_no_fault() -> None:
    assert list(chain_faults(chain(*ONE))) == []
    assert list(chain_faults(chain(*ONE, Placement(1, 40122, 66, 1), Placement(103, 40190, 50, 1)))) == []


@pytest.mark.parametrize("end", [end for end in End if end not in (End.MARK, End.REFUSED)])
def test_a_chain_without_an_end_mark_says_where_and_why_it_ends(end: End) -> None:
    assert list(chain_faults(chain(*ONE, end=end))) == [f"the chain has no end mark, but ends at 40122: {end}"]


def test_an_exception_that_ends_a_chain_is_named() -> None:
    found = list(chain_faults(chain(*ONE, end=End.REFUSED, exception=2)))
    assert found == ["the chain has no end mark, but ends at 40122: exception 2 (illegal data address)"]


def test_what_is_strange_about_a_chain_is_told() -> None:
    models = (Placement(103, 102, 50, 0), Placement(103, 154, 50, 0))
    assert list(chain_faults(chain(*models, base=100))) == [
        "the marker is at 100, and not at 40000, 0 or 50000: others find it only if they are told",
        "device 0 does not begin with model 1: nothing says what it is",
        "device 0 has model 103 more than once: at 102, 154",
    ]


@pytest.mark.parametrize(
    ("model", "length", "registers", "said"),
    [
        (1, 66, {}, []),
        (1, 65, {}, []),
        (103, 50, {}, []),
        (103, 48, {}, ["a length of 48 is too short for EvtVnd4"]),
        (103, 52, {}, ["registers behind its last point: 2"]),
        (160, 48, {8: 2}, []),
        (160, 48, {8: 0xFFFF}, []),
        (160, 48, {}, []),
        (160, 48, {8: 3}, ["N says 3 of module, but there is room for 2"]),
        (160, 47, {8: 2}, [
            "registers behind its last point: 1",
            "N says 2 of module, but there is room for 1",
        ]),
    ],
)  # fmt: skip
def test_lengths_and_numbers_of_groups_that_do_not_fit_are_told(
    model: int, length: int, registers: dict[int, int], said: list[str]
) -> None:
    assert faults(model, length, registers) == said


def test_a_number_of_groups_that_leaves_room_is_told() -> None:
    assert faults(160, 48, {8: 1})[-1] == "N says 1 of module, but there is room for 2"


def test_groups_in_groups_are_counted_each() -> None:
    known = definition(705)
    assert known is not None
    counters = {point.point.name: point.at for point in layout(known, 60)}
    registers = {counters["NPt"]: 2, counters["NCrv"]: 2}
    whole = max(point.at + point.point.size for point in layout(known, 100, registers.get)) - 2
    assert faults(705, whole, registers) == []
    said = faults(705, whole, {**registers, counters["NCrv"]: 3})
    assert said == ["NCrv says 3 of Crv, but there is room for 2"]


def test_many_points_that_are_left_out_are_counted() -> None:
    assert faults(103, 10) == [
        "a length of 10 is too short for PhVphC, V_SF, W, W_SF, Hz, Hz_SF, VA, VA_SF and 25 more",
    ]


@given(
    st.sampled_from((1, 103, 160, 203, 701, 704, 705, 708, 712, 714, 803, 804)),
    st.integers(1, 400),
    st.dictionaries(st.integers(2, 60), st.one_of(st.integers(0, 9), st.integers(0, 0xFFFF))),
)
def test_any_model_has_faults_that_are_told(model: int, length: int, registers: dict[int, int]) -> None:
    known = definition(model)
    assert known is not None
    placed = tuple(layout(known, length, registers.get))
    behind = places_behind(length, placed)
    assert behind.stop == length + 2
    covered = {at for point in placed for at in range(point.at, point.at + point.point.size)}
    assert covered.isdisjoint(behind)
    assert all(said.isprintable() for said in model_faults(known, length, placed, registers))
