"""What a broker keeps of many devices is looked at in turns, and left to the next look when devices come or go."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.measurements import CATALOGUE
from mbmd.sinks.mqtt.dialect import Devices, Dialect, Silent
from mbmd.sinks.mqtt.ears import Hear
from mbmd.sinks.mqtt.homeassistant import HomeAssistant
from mbmd.sinks.mqtt.homie import Homie4
from mbmd.sinks.mqtt.homie5 import Homie5
from mbmd.sinks.mqtt.leftovers import FILTERS, clear_leftovers
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names
from tests.homie_world import Daemon, KeepingBroker, meter, some
from tests.virtual_time import run

CONFIG = Mqtt(broker="localhost", homie="homie", homeassistant="homeassistant")
FIRST, SECOND = Message("first", b"", retain=True), Message("second", b"", retain=True)


class FakeBroker:
    """Keeps one message, and takes all."""

    connected = True

    def __init__(self) -> None:
        self.filters: list[str] = []
        self.published: list[Message] = []

    def listen(self, filters: Sequence[str], hear: Hear) -> None:
        self.filters += filters
        hear("kept", b"1", True)

    def unlisten(self, filters: Sequence[str]) -> None:
        self.filters = [one for one in self.filters if one not in filters]

    def publish(self, message: Message) -> None:
        self.published.append(message)

    async def drained(self) -> None:
        pass


class Two(Silent):
    """Has two messages for what is kept, and something happens in between."""

    def __init__(self, between: Callable[[], None]) -> None:
        self._between = between
        self.asked = 0

    def watches(self, _: Devices, /) -> Sequence[str]:
        return [f"x/{number}/#" for number in range(3 * FILTERS + 1)]

    def outdated(self, _: Devices, _retained: Mapping[str, bytes], /) -> Iterator[Message | None]:
        self.asked += 1
        yield FIRST
        yield None
        self._between()
        yield None
        yield SECOND


def cleared(between: Callable[[SimpleNamespace], None]) -> list[Message]:
    feed = SimpleNamespace(devices={})
    broker: Any = FakeBroker()

    async def main() -> None:
        asked = asyncio.Event()
        clearing = asyncio.create_task(clear_leftovers(broker, feed, [Two(lambda: between(feed))], asked))  # type: ignore[arg-type]
        await asked.wait()
        assert len(broker.filters) == 3 * FILTERS + 1
        await clearing
        assert broker.filters == []

    run(main())
    return list(broker.published)


def test_all_is_asked_for_before_others_are_told_and_all_is_said() -> None:
    assert cleared(lambda _: None) == [FIRST, SECOND]


def test_nothing_more_is_cleared_once_devices_came_or_went() -> None:
    assert cleared(lambda feed: setattr(feed, "devices", {})) == [FIRST]


@pytest.mark.parametrize(
    "make", [lambda: Homie4(CONFIG), lambda: Homie5(CONFIG), lambda: HomeAssistant(CONFIG, Names(CONFIG))]
)
def test_others_may_have_their_turn_after_each_device_of_which_nothing_is_said(make: Callable[[], Dialect]) -> None:
    devices = [meter(f"SDM{number}.1", [CATALOGUE["Power"]]) for number in range(1, 31)]
    daemon = Daemon(KeepingBroker(), make, devices).connect()
    for device in devices:
        daemon.poll(device, some(device))
    kept = daemon.broker.kept(daemon.dialect.watches(daemon.devices))
    words = list(daemon.dialect.outdated(daemon.devices, kept))
    assert len(words) >= len(devices)
    assert not any(words)
