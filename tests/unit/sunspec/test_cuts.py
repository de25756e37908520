"""Where reads of a model may begin and end."""

from hypothesis import given
from hypothesis import strategies as st

from mbmd.sunspec.cuts import Cuts
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.layout import layout


def borders(model: int, length: int, registers: dict[int, int]) -> set[int]:
    known = definition(model)
    assert known is not None
    placed = list(layout(known, length, registers.get))
    return {point.at for point in placed} | {point.at + point.point.size for point in placed}


def test_a_read_ends_with_the_last_whole_point() -> None:
    cuts = Cuts(definition(103), 50, {})
    assert cuts.last(2, 52, 125, False) == 52
    assert cuts.last(2, 52, 24, False) == 26  # a counter is at 24 and 25
    assert cuts.last(2, 52, 23, False) == 24
    assert cuts.middle(2, 52) == 27
    assert cuts.middle(24, 26) is None


def test_a_point_that_is_longer_is_whole_all_the_same_unless_it_is_a_text_and_may_be_torn() -> None:
    cuts = Cuts(definition(1), 66, {})
    assert cuts.last(2, 68, 4, False) == 18
    assert cuts.last(2, 68, 4, True) == 6
    assert cuts.last(6, 68, 4, True) == 10
    assert Cuts(definition(103), 50, {}).last(24, 52, 1, True) == 26


def test_what_is_unknown_may_be_cut_anywhere() -> None:
    cuts = Cuts(None, 60, {})
    assert cuts.last(2, 62, 7, False) == 9
    assert cuts.middle(2, 62) == 32


def test_borders_move_when_the_numbers_of_groups_become_known() -> None:
    known = definition(705)
    assert known is not None
    number = next(point.at for point in layout(known, 200) if point.point.name == "NPt")
    registers: dict[int, int] = {}
    cuts = Cuts(known, 200, registers)
    before = cuts.last(20, 202, 40, False)
    registers.update({number: 3, number + 1: 4})
    assert {cuts.last(at, 202, 40, False) for at in range(20, 120)} <= borders(705, 200, registers) | set(
        range(max(borders(705, 200, registers)), 203)
    )
    assert before <= 60


@given(
    st.sampled_from((None, 1, 103, 160, 203, 705, 712, 803)),
    st.integers(1, 300),
    st.integers(1, 125),
    st.booleans(),
    st.dictionaries(st.integers(2, 40), st.integers(0, 9)),
)
def test_any_model_is_cut_into_reads_that_go_on_to_its_end(
    model: int | None, length: int, most: int, tear: bool, registers: dict[int, int]
) -> None:
    cuts = Cuts(definition(model) if model else None, length, registers)
    start, end = 2, 2 + length
    while start < end:
        last = cuts.last(start, end, most, tear)
        assert start < last <= end
        middle = cuts.middle(start, last)
        assert middle is None or start < middle < last
        start = last
    assert start == end
