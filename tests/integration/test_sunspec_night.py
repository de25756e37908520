"""A SunSpec inverter that sleeps when mbmd starts, beside a real mosquitto that knows it from the day before."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.publish as publish
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from mbmd.config.adapter import Framing, Medium
from mbmd.config.outputs import Mqtt, Outbox
from mbmd.simulator.server import Server
from tests.integration.live_daemon import configuration, run, running
from tests.integration.meters import free_port
from tests.integration.mosquitto import HOST, Mosquitto, Subscriber, mosquitto, subscriber

STATE, PROPERTIES = "homie/sma1-1/$state", "homie/sma1-1/meter/$properties"
DISCOVERY = "homeassistant/device/mbmd_SMA1-1/config"
TEXTS = {"SMA": 16, "STP 8.0": 16, "": 8, "3.1": 8, "4711": 16}
"""Those of model 1 with their registers."""


@asynccontextmanager
async def inverter(port: int, model: int) -> AsyncIterator[None]:
    """One that is awake, with model 1 and a model of an inverter, which both are 0 but for the texts."""
    texts = b"".join(text.encode().ljust(2 * size, b"\0") for text, size in TEXTS.items())
    common = [int.from_bytes(texts[at : at + 2]) for at in range(0, len(texts), 2)]
    words = [0x5375, 0x6E53, 1, 66, *common, 1, 0, model, 50, *[0] * 50, 0xFFFF, 0]
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    blocks = [SimData(40000, values=words, datatype=DataType.REGISTERS)]
    units = SimCore([SimDevice(1, (bits, bits, blocks, [SimData(0, datatype=DataType.INVALID)]))])
    server = Server(units, Medium.TCP, Framing.MBAP, ("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


def kept(broker: Mosquitto) -> dict[str, bytes]:
    """All that the broker keeps: it comes before what is published later."""
    with subscriber(broker) as notes:
        publish.single("end", b"of it", hostname=HOST, port=broker.port)
        notes.wait(lambda _: "end" in notes.latest)
        return {heard.topic: heard.payload for heard in notes.heard if heard.retain}


def components(notes: Subscriber) -> dict[str, Any]:
    """The entities of Home Assistant."""
    body: dict[str, Any] = json.loads(notes.latest.get(DISCOVERY, b"{}"))
    return body.get("components", {})  # type: ignore[no-any-return]


def test_a_start_at_night_keeps_what_the_broker_knows_and_the_morning_brings_what_is_new(tmp_path: Path) -> None:
    port = free_port()

    async def main(broker: Mosquitto) -> None:
        mqtt = Mqtt(broker=broker.url(), homeassistant="homeassistant", retain=True)
        config = configuration(f"sma:1@tcp://127.0.0.1:{port}", mqtt=mqtt, outbox=Outbox(folder=None))
        async with inverter(port, 103), running(config) as daemon:
            await daemon.online("SMA1.1")
            with subscriber(broker) as notes:
                await notes.until(lambda _: notes.latest.get(STATE) == b"ready" and "VoltageL3" in components(notes))
        with subscriber(broker, "mbmd/status") as notes:
            await notes.until(lambda _: notes.latest.get("mbmd/status") == b"disconnected")
        day = kept(broker)
        assert day[STATE] == b"disconnected"
        assert b"voltagel3" in day[PROPERTIES]
        assert json.loads(day[DISCOVERY])["device"]["serial_number"] == "4711"
        async with running(config) as daemon:
            with subscriber(broker, STATE) as notes:
                await notes.until(lambda _: notes.latest.get(STATE) == b"alert")
            night = kept(broker)
            of_it = {topic for topic in day.keys() | night.keys() if "sma1-1" in topic.lower()}
            assert {topic for topic in of_it if day.get(topic) != night.get(topic)} == {STATE}
            async with inverter(port, 101):
                await daemon.online("SMA1.1")
                with subscriber(broker) as notes:
                    await notes.until(
                        lambda _: notes.latest.get(STATE) == b"ready" and "VoltageL3" not in components(notes)
                    )
                    assert "VoltageL1" in components(notes)
                morning = kept(broker)
        assert b"voltagel3" not in morning[PROPERTIES]
        assert not [topic for topic in morning if topic.startswith("homie/sma1-1/meter/voltagel3")]

    with mosquitto(tmp_path / "broker") as broker:
        run(main(broker))
