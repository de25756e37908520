"""How often a connection that comes and goes is told of."""

import logging

import pytest

from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.outage import MOST_TOLD, QUIET, Outage


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def outage() -> tuple[Outage, SinkHealth, Clock]:
    health, clock = SinkHealth("mqtt"), Clock()
    return Outage("broker", health, clock), health, clock


def test_a_trouble_is_told_once_and_so_is_its_end(told: pytest.LogCaptureFixture) -> None:
    link, health, clock = outage()
    link.end()
    for _ in range(100):
        link.begin("gone")
        clock.now += QUIET
    assert (health.connected, health.trouble, health.failures) == (False, "gone", 100)
    link.end()
    assert (health.connected, health.trouble) == (True, "")
    assert told.messages == ["broker: connected", "broker: gone", "broker: connected again"]


def test_another_trouble_is_told_too_but_none_twice(told: pytest.LogCaptureFixture) -> None:
    link, _, clock = outage()
    for _ in range(5):
        link.begin("gone")
        link.begin("refused")
        clock.now += QUIET
    assert told.messages == ["broker: gone", "broker: refused"]


def test_what_comes_and_goes_is_told_once_a_minute(told: pytest.LogCaptureFixture) -> None:
    link, health, clock = outage()
    for _ in range(3 * int(QUIET)):
        link.begin("gone")
        link.end()
        clock.now += 1.0
    assert told.messages == ["broker: gone", "broker: connected again"] * 3
    assert health.failures == 180


def test_a_new_trouble_of_a_quiet_outage_has_its_end_told(told: pytest.LogCaptureFixture) -> None:
    link, _, _ = outage()
    for troubles in (["gone"], ["gone"], ["gone", "refused", "gone"]):
        for trouble in troubles:
            link.begin(trouble)
        link.end()
    assert told.messages == [
        "broker: gone",
        "broker: connected again",
        "broker: refused",
        "broker: connected again",
    ]


def test_troubles_without_end_take_no_memory() -> None:
    link, _, clock = outage()
    for number in range(1000):
        link.begin(str(number))
        clock.now += QUIET
    assert len(link._told) <= MOST_TOLD + 1
