"""The account of buses and devices."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.exchange import ROUND_TRIPS
from mbmd.readings.health import LOAD_STEP, LOAD_STEPS, SMOOTHING, BusHealth, DeviceHealth, Plan


def polled(*starts: float, took: float = 0.2, rate: float = 1.0) -> DeviceHealth:
    health = DeviceHealth(rate=rate)
    for started in starts:
        health.polled(started, started + took)
    return health


def bus_of(round_trips: Iterable[float]) -> BusHealth:
    bus = BusHealth("meter:502")
    for seconds in round_trips:
        bus.trips.add(seconds)
    return bus


def test_a_new_account_is_empty() -> None:
    health = DeviceHealth()
    assert (health.interval, health.took, health.missed, health.last_seen, health.trouble) == (0, 0, 0, 0, "")
    assert health.plan == Plan(0, 0, 0)
    assert (dict(health.errors), dict(health.held_back), health.refused) == ({}, {}, ())
    bus = BusHealth("meter:502")
    assert bus.load(5.0) == 0
    assert (bus.devices, bus.advice) == ((), [])


def test_accounts_share_nothing() -> None:
    one, other = DeviceHealth(), DeviceHealth()
    one.errors["timeout"] += 1
    one.held_back["Import"] += 1
    assert not other.errors
    assert not other.held_back
    first, second = bus_of([1.0]), bus_of([])
    first.advice.append("do it")
    assert (second.advice, second.round_trip(0.5)) == ([], None)


def test_the_first_poll_has_no_interval() -> None:
    health = polled(1000.0)
    assert health.interval == 0
    assert health.took == pytest.approx(0.2)


def test_interval_and_duration_are_means_that_forget() -> None:
    health = polled(1000.0, 1001.0, 1003.0)
    assert health.interval == pytest.approx(1 + SMOOTHING * (2 - 1))
    for second in range(1004, 1054):
        health.polled(second, second + 0.5)
    assert health.interval == pytest.approx(1, abs=1e-4)
    assert health.took == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(("rate", "missed"), [(0.0, 2.0), (1.5, 0.5), (2.0, 0.0), (60.0, 0.0)])
def test_what_comes_later_than_asked_is_missed(rate: float, missed: float) -> None:
    assert polled(1000.0, 1002.0, rate=rate).missed == pytest.approx(missed)


def test_the_time_for_which_a_device_was_away_is_no_interval() -> None:
    health = polled(1000.0, 1001.0)
    health.gone("no answer")
    assert (health.interval, health.took, health.trouble) == (0, 0, "no answer")
    health.polled(5000.0, 5000.1)
    assert health.interval == 0
    health.polled(5001.0, 5001.1)
    assert health.interval == pytest.approx(1)


def test_round_trips_as_median_and_percentile() -> None:
    bus = bus_of(n / 1000 for n in range(1, 101))
    assert bus.round_trip(0.5) == pytest.approx(0.051)
    assert bus.round_trip(0.95) == pytest.approx(0.096)
    assert bus.round_trip(0.0) == pytest.approx(0.001)
    assert bus.round_trip(1.0) == pytest.approx(0.1)


def test_only_the_latest_round_trips_count() -> None:
    bus = bus_of([9.0] * 1000 + [0.01] * ROUND_TRIPS)
    assert bus.round_trip(1.0) == 0.01
    bus.trips.add(0.5)
    assert bus.round_trip(1.0) == 0.5


@given(st.lists(st.floats(0, 100), min_size=1, max_size=2 * ROUND_TRIPS), st.floats(0, 1))
def test_a_share_of_the_round_trips_is_within_the_percentile(seconds: list[float], share: float) -> None:
    limit = bus_of(seconds).round_trip(share)
    latest = seconds[-ROUND_TRIPS:]
    assert limit in latest
    assert sum(value <= limit for value in latest) >= share * len(latest)


def test_load_is_the_share_of_the_last_minute() -> None:
    bus = BusHealth("meter:502")
    now = 0.0
    for _ in range(3600):
        bus.tick(now)
        bus.busy += 0.25
        now += 1
    assert bus.load(now) == pytest.approx(0.25, abs=0.01)
    for _ in range(int(LOAD_STEP * (LOAD_STEPS + 1))):
        bus.tick(now)
        now += 1
    assert bus.load(now) == 0


def test_load_is_never_more_than_all() -> None:
    bus = BusHealth("meter:502")
    bus.tick(0.0)
    bus.busy += 100
    assert bus.load(10.0) == 1
    assert bus.load(0.0) == 0
