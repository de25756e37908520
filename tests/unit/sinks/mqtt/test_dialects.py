"""What the sink does with conventions: who is asked for what, announcements beside values, leftovers and wills."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import ModuleType

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.readings.device import DeviceReadings
from mbmd.sinks.mqtt import leftovers
from mbmd.sinks.mqtt.dialect import Devices, Silent
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names
from mbmd.sinks.mqtt.speech import make_speeches
from mbmd.sinks.mqtt.voice import BREATH
from tests.mqtt_site import meter, settled, site
from tests.virtual_time import run

HOMIE = Mqtt(topic="", homie="h")
OLD = {"h/old/$state": b"ready", "h/SDM1.1/$state": b"lost"}


class Convention(Silent):
    """One that says what it is asked; tests look at `made[-1]`."""

    made: list["Convention"] = []  # noqa: RUF012
    size = 3

    def __init__(self, config: Mqtt, names: Names | None = None) -> None:
        self.names = names
        self.retained: list[Mapping[str, bytes]] = []
        self.announcing: Callable[[DeviceReadings], object] = lambda _: None
        Convention.made.append(self)

    def wills(self, devices: Devices, /) -> Sequence[Message]:
        return [Message(f"h/{name}/$state", b"lost", True) for name in devices]

    def births(self, _: Devices, /) -> Iterable[Message]:
        return [Message("h/birth", b"")]

    def presents(self, device: DeviceReadings, /) -> Iterable[Message]:
        self.announcing(device)
        offered = len(device.offered)
        return [Message(f"h/{device.id}/attribute-{number}", b"%d" % offered) for number in range(self.size)]

    def states(self, device: DeviceReadings, /) -> Iterable[Message]:
        return [Message(f"h/{device.id}/$state", device.state.encode())]

    def watches(self, _: Devices, /) -> Sequence[str]:
        return ["h/+/$state"]

    def outdated(self, devices: Devices, retained: Mapping[str, bytes], /) -> Iterable[Message]:
        self.retained.append(dict(retained))
        return [Message(topic, b"", True) for topic in retained if topic.split("/")[1] not in devices]


@pytest.fixture(autouse=True)
def conventions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The neighbours' modules, with a convention of the tests."""
    for name, dialect in (("homie", "Homie4"), ("homie5", "Homie5"), ("homeassistant", "HomeAssistant")):
        module = ModuleType(name)
        setattr(module, dialect, type(dialect, (Convention,), {}))
        monkeypatch.setitem(sys.modules, f"mbmd.sinks.mqtt.{name}", module)
    yield
    Convention.made.clear()


@pytest.mark.parametrize(
    ("config", "dialects", "values"),
    [
        (Mqtt(), ["Presence", "Plain", "Homie4"], ["Plain", "Homie4"]),
        (Mqtt(homie="", payload="json"), ["Presence", "Objects"], ["Objects"]),
        (Mqtt(payload="both", homie_version="5"), ["Presence", "Plain", "Objects", "Homie5"], None),
        (Mqtt(topic="", homie="x"), ["Homie4"], ["Homie4"]),
        (Mqtt(homie="", homeassistant="ha"), ["Presence", "Plain", "HomeAssistant"], ["Plain"]),
        (Mqtt(topic="", homie=""), [], []),
    ],
)
def test_who_is_asked_for_speaks(config: Mqtt, dialects: list[str], values: list[str] | None) -> None:
    live, stored = make_speeches(config)
    assert [type(dialect).__name__ for dialect in live.dialects] == dialects
    if values is not None:
        assert [type(dialect).__name__ for dialect in [*live.moved, *live.whole]] == values
    assert [*stored.dialects, *stored.moved, *stored.whole] == []


def test_home_assistant_knows_the_topics_of_the_readings() -> None:
    live, _ = make_speeches(Mqtt(homie="", homeassistant="ha"))
    (home_assistant,) = Convention.made
    assert home_assistant.names is not None
    one = meter()
    list(live.dialects[1].presents(one))
    assert home_assistant.names.of(one).readings == ("mbmd/sdm1-1/Import", "mbmd/sdm1-1/Power")


def test_a_device_is_announced_at_its_first_readings_and_when_it_offers_something_else() -> None:
    async def main() -> None:
        one = meter()
        announcement = [(f"h/SDM1.1/attribute-{number}", "2") for number in range(3)]
        async with site(HOMIE, one) as here:
            broker = await here.connected()
            assert broker.take_texts() == [("h/birth", ""), ("h/SDM1.1/$state", "unknown")]
            here.poll(one, Power=1)
            await settled()
            assert broker.take_texts() == [*announcement, ("h/SDM1.1/$state", "online")]
            here.poll(one, Power=1)
            await settled()
            assert broker.take_texts() == []
            one.health.refused = ("Import",)
            here.poll(one, Power=1)
            await settled()
            assert broker.take_texts()[0] == ("h/SDM1.1/attribute-0", "1")

    run(main())


def test_values_wait_for_no_more_than_one_announcement() -> None:
    async def main() -> None:
        known, others = meter("SDM1.1"), [meter(f"SDM1.{unit}") for unit in range(2, 66)]
        async with site(Mqtt(homie="h"), known, *others) as here:
            broker = await here.connected()
            here.poll(known, Power=0)
            await settled()
            broker.take_said()
            Convention.made[-1].size = 210
            Convention.made[-1].announcing = lambda _: here.poll(known, Power=1)
            for other in others:
                here.poll(other, Power=2)
            await settled()
            topics = [message.topic for message in broker.take_said()]
            assert sum("attribute" in topic for topic in topics) == 64 * 210
            values = [place for place, topic in enumerate(topics) if topic == "mbmd/sdm1-1/Power"]
            assert len(values) == 64
            assert max(later - earlier for earlier, later in pairwise(values)) < 230

    run(main())


def test_a_long_announcement_leaves_the_others_their_turns_and_the_broker_its_time() -> None:
    async def main() -> None:
        one = meter()
        async with site(HOMIE, one) as here:
            broker = await here.connected()
            Convention.made[-1].size = 1000
            broker.freeze()
            broker.take_said()
            here.poll(one, Power=1)
            await settled()
            assert len(broker.take_said()) <= BREATH
            broker.freeze(False)
            await settled()
            assert len(broker.take_said()) >= 1000 - BREATH

    run(main())


def test_a_device_that_went_before_its_turn_is_not_announced() -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(HOMIE, one, other) as here:
            broker = await here.connected()
            Convention.made[-1].announcing = lambda _: here.lose(other)
            here.poll(one, Power=1)
            here.poll(other, Power=1)
            await settled()
            assert not any(message.topic.startswith("h/SDM1.2/attr") for message in broker.take_said())

    run(main())


def test_what_the_broker_keeps_of_earlier_times_is_cleared() -> None:
    async def main() -> None:
        async with site(HOMIE, meter()) as here:
            await settled()
            here.broker.kept = {**OLD, "other/old/$state": b"x", "h/empty/$state": b""}
            broker = await here.connected()
            await asyncio.sleep(2)
            assert Convention.made[-1].retained == [OLD]
            assert [message.topic for message in broker.said if not message.payload] == ["h/birth", "h/old/$state"]
            assert broker.ears == {}

    run(main())


def test_a_broker_that_never_falls_silent_is_listened_to_for_so_long() -> None:
    async def main() -> None:
        async with site(HOMIE, meter()) as here:
            broker = await here.connected()
            for number in range(100):
                for hear in list(broker.ears.values()):
                    hear(f"h/{number}/$state", b"ready", True)
                await asyncio.sleep(0.5)
            (retained,) = Convention.made[-1].retained
            assert 15 < len(retained) < 25

    run(main())


def test_a_broker_that_has_no_end_is_listened_to_for_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "MOST_BYTES", 10_000)

    async def main() -> None:
        async with site(HOMIE, meter()) as here:
            broker = await here.connected()
            (hear,) = broker.ears.values()
            for number in range(100):
                hear(f"h/{number}/$state", b"x" * 1000, True)
            await settled()
            (retained,) = Convention.made[-1].retained
            assert len(retained) == 10

    run(main())


def test_what_is_not_kept_does_not_count() -> None:
    async def main() -> None:
        async with site(HOMIE, meter()) as here:
            broker = await here.connected()
            for _ in range(30):
                for hear in broker.ears.values():
                    hear("h/SDM1.1/$state", b"ready", False)
                await asyncio.sleep(0.1)
            assert Convention.made[-1].retained == [{}]

    run(main())


def test_leftovers_are_looked_for_again_when_devices_came_or_went() -> None:
    async def main() -> None:
        async with site(HOMIE, meter("SDM1.1")) as here:
            await here.connected()
            await asyncio.sleep(2)
            here.hub.replace([meter("SDM1.1")], [])
            await asyncio.sleep(2)
            assert len(Convention.made[-1].retained) == 2

    run(main())


def test_each_further_will_has_a_silent_connection_if_asked_for() -> None:
    async def main() -> None:
        config = Mqtt(broker="mqtts://localhost", homie="h", homie_wills=True, clientid="me")
        async with site(config, meter("SDM1.1"), meter("SDM1.2")) as here:
            broker = await here.connected()
            silent = {other.config.clientid: other for other in here.brokers if other.running and other is not broker}
            assert set(silent) == {"me-h-SDM1-1-state", "me-h-SDM1-2-state"}
            first, second = silent.values()
            assert second.will == Message("h/SDM1.2/$state", b"lost", True)
            assert first.context is second.context is broker.context is not None
            here.hub.replace([here.hub.devices["SDM1.1"], meter("SDM1.3")], [])
            await settled()
            assert (first.running, second.running, second.last) == (True, False, [])
            assert here.brokers[-1].config.clientid == "me-h-SDM1-3-state"
        assert [other.last for other in here.brokers if other.health.name.startswith("me-")] == [[], [], []]
        assert not any(other.running for other in here.brokers)

    run(main())


def test_otherwise_there_is_one_connection() -> None:
    async def main() -> None:
        async with site(Mqtt(homie="h"), meter("SDM1.1"), meter("SDM1.2")) as here:
            await here.connected()
            assert sum(broker.running for broker in here.brokers) == 1

    run(main())


def test_a_connection_whose_will_is_wrong_by_now_is_made_anew() -> None:
    async def main() -> None:
        async with site(HOMIE, meter("SDM1.1")) as here:
            before = await here.connected()
            here.hub.replace([meter("SDM1.2")], [])
            await settled()
            assert not before.running
            assert here.broker.will == Message("h/SDM1.2/$state", b"lost", True)
            await here.connected()
            assert ("h/birth", "") in here.broker.take_texts()

    run(main())
