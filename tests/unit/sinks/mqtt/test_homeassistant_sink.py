"""Discovery by Home Assistant on the connection of the MQTT sink."""

import asyncio

import orjson

from mbmd.config.outputs import Mqtt
from mbmd.readings.health import BusHealth
from mbmd.sinks.mqtt.reporter import LOOK, PERIOD
from tests.homeassistant import problems
from tests.mqtt_site import meter, settled, site
from tests.virtual_time import run

CONFIG = Mqtt(homie="", homeassistant="homeassistant")
MBMD = "homeassistant/device/mbmd/config"
SDM = "homeassistant/device/mbmd_SDM1-1/config"
BUS = "homeassistant/device/mbmd_bus_dev-ttyUSB0/config"
BUS_STATE = "mbmd/diagnostics/mbmd_bus_dev-ttyUSB0"


def test_mbmd_its_buses_and_a_device_that_answers_are_discovered() -> None:
    async def main() -> None:
        one, bus = meter(), BusHealth("/dev/ttyUSB0", ("SDM1.1",))
        async with site(CONFIG, one) as here:
            here.hub.replace([one], [bus])
            broker = await here.connected()
            assert [topic for topic, _ in broker.take_texts()] == ["mbmd/status", MBMD]
            here.poll(one, Import=1, Power=2)
            await settled()
            said = broker.take_said()
            discovered = [message for message in said if message.topic.startswith("homeassistant/")]
            assert [message.topic for message in discovered] == [SDM]
            assert problems(*discovered[0][:2]) == []
            sensors = orjson.loads(discovered[0].payload)["components"]
            assert {sensors["Import"]["state_topic"], sensors["Power"]["state_topic"]} < {m.topic for m in said}
            await asyncio.sleep(LOOK)
            assert [topic for topic, _ in broker.take_texts()] == [BUS, BUS_STATE]

    run(main())


def test_diagnostics_are_published_each_minute_and_when_a_bus_turns() -> None:
    async def main() -> None:
        bus = BusHealth("/dev/ttyUSB0")
        async with site(CONFIG) as here:
            here.hub.replace([], [bus])
            broker = await here.connected()
            await asyncio.sleep(2 * LOOK)
            broker.take_said()
            bus.connected = True
            await asyncio.sleep(LOOK)
            [message] = broker.take_said()
            assert (message.topic, orjson.loads(message.payload)["Connected"]) == (BUS_STATE, True)
            await asyncio.sleep(2 * PERIOD)
            assert [topic for topic, _ in broker.take_texts()] == [BUS_STATE, BUS_STATE]

    run(main())


def test_what_an_earlier_run_left_is_cleared() -> None:
    async def main() -> None:
        async with site(CONFIG, meter(), meter("SDM1.2")) as before:
            broker = await before.connected()
            for device in list(before.hub.devices.values()):
                before.poll(device, Power=1)
            await settled()
            kept = {message.topic: message.payload for message in broker.said if message.retain}
        async with site(CONFIG, meter()) as now:
            await settled()
            now.broker.kept = {**kept, "homeassistant/device/other/config": b"{}"}
            broker = await now.connected()
            await asyncio.sleep(60)
            cleared = [message.topic for message in broker.said if message.retain and not message.payload]
            assert cleared == ["homeassistant/device/mbmd_SDM1-2/config", "mbmd/diagnostics/mbmd_SDM1-2"]

    run(main())


def test_without_its_prefix_nothing_is_said_of_it() -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie=""), one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await asyncio.sleep(2 * PERIOD)
            topics = {topic for topic, _ in broker.take_texts()}
            assert not any("homeassistant" in topic or "diagnostics" in topic for topic in topics)

    run(main())
