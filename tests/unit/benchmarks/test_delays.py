import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.delays import Delays, delays


def test_percentiles_are_by_nearest_rank() -> None:
    assert delays([float(number) for number in range(200, 0, -1)]) == Delays(100, 190, 198, 200)


def test_of_one_duration_all_are_that_one() -> None:
    assert delays([0.25]) == Delays(0.25, 0.25, 0.25, 0.25)


@given(st.lists(st.floats(0, 1e3), min_size=1))
def test_they_are_durations_that_were_measured_in_their_order(seconds: list[float]) -> None:
    found = delays(seconds)
    assert list(found) == sorted(found)
    assert set(found) <= set(seconds)
    assert found.longest == max(seconds)


def test_there_must_be_something_to_measure() -> None:
    with pytest.raises(ValueError, match="nothing came"):
        delays([])
