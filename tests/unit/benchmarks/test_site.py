"""What is measured of a daemon with its meters."""

from typing import Any

import pytest

from benchmarks.effort import Effort
from benchmarks.play.meters import Pauses
from benchmarks.whole.site import Site, Window, World


class NoMeters:
    ports = ()


NO_METERS: Any = NoMeters()
NO_DAEMON: Any = None


@pytest.mark.parametrize(
    ("seconds", "rate", "measured"),
    [(3.0, 1.0, 3.0), (0.2, 1.0, 1.0), (2.5, 1.0, 3.0), (0.3, 0.1, 0.3), (2.5, 0.0, 2.5)],
)
def test_a_measurement_is_of_whole_intervals(seconds: float, rate: float, measured: float) -> None:
    world = World(NO_METERS, None, rate, Effort(seconds=seconds))
    assert Site(world, NO_DAEMON, rate).seconds == pytest.approx(measured)


def test_nothing_that_was_read_has_no_cost() -> None:
    with pytest.raises(RuntimeError, match="the meters were not asked"):
        Window(1.0, 0.5, 0.0, Pauses(0.0, 0)).cost  # noqa: B018 - it raises
