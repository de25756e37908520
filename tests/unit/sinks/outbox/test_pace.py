"""How fast a backlog goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.sinks.outbox.pace import Pace

PARTS = st.lists(st.tuples(st.integers(1, 500), st.floats(0, 3)), min_size=1, max_size=50)


@given(st.integers(1, 1000), PARTS)
def test_never_more_than_the_pace_goes_and_one_second_more(readings: int, parts: list[tuple[int, float]]) -> None:
    pace, now, went = Pace(readings, 0.0), 0.0, 0
    for count, pause in parts:
        now += pause
        now += pace.wait(now)
        assert pace.wait(now) < 1e-9
        assert went <= readings * (now + 1) + 1e-6
        pace.went(count)
        went += count


@pytest.mark.parametrize("pace", [1, 100, 10_000])
def test_what_comes_and_goes_at_once_never_waits(pace: int) -> None:
    tested = Pace(pace, 0.0)
    for second in range(100):
        for _ in range(3):
            tested.came(5000)
            assert tested.wait(float(second)) == 0
            tested.went(5000)
