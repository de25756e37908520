"""A daemon beside a real mosquitto: what is published when, also when the broker goes, sleeps or comes late."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbmd.config.outputs import Mqtt, Outbox
from mbmd.config.run import RunConfig
from tests.integration.live_daemon import configuration, run, running, until
from tests.integration.mosquitto import Heard, Mosquitto, mosquitto, subscriber

METERS = ("sdm:1@mock", "janitza:2@mock", "dzg:3@mock", "sbc:4@mock", "orno1p:5@mock")
CONNECTED = Heard("mbmd/status", b"connected", False)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as one:
        yield one


def daemon_of(broker: Mosquitto, *specs: str, folder: Path | None = None, **keys: Any) -> RunConfig:
    mqtt = Mqtt(**{"broker": broker.url(), "homie": "", **keys})
    return configuration(*(specs or METERS[:1]), mqtt=mqtt, outbox=Outbox(folder=folder))


def stamps(all_heard: list[Heard]) -> list[str]:
    return [json.loads(heard.payload)["Timestamp"] for heard in all_heard if heard.payload.startswith(b"{")]


def test_five_meters_are_where_the_original_has_them(broker: Mosquitto) -> None:
    async def main() -> None:
        async with running(daemon_of(broker, *METERS)) as daemon:
            devices = await daemon.online("SDM1.1", "JANITZA1.2", "DZG1.3", "SBC1.4", "ORNO1P1.5")
            expected = set()
            for device in devices:
                for name in device.slots:
                    split = name[-2] in "LTS" and name[-1] in "0123456789"
                    path = f"{name[:-2]}/{name[-2:]}" if split else name
                    expected.add(f"mbmd/{device.id.lower().replace('.', '-')}/{path}")
            assert len(expected) == sum(len(device.slots) for device in devices) > 100
            with subscriber(broker) as notes:
                await notes.until(lambda _: expected <= set(notes.latest))
                readings = {heard for heard in notes.heard if heard.topic in expected}
                assert not any(heard.retain for heard in readings)
                assert all(heard.payload.rpartition(b".")[2].isdigit() for heard in readings)
                assert all(len(heard.payload.rpartition(b".")[2]) == 3 for heard in readings)
                others = {heard.topic for heard in notes.heard} - expected
                assert all(topic.endswith("/status") for topic in others)
            with subscriber(broker, "+/status", "+/+/status") as notes:
                kept = await notes.until(lambda all_heard: len(all_heard) == 6)
                assert Heard("mbmd/status", b"connected", True) in kept
                assert Heard("mbmd/orno1p1-5/status", b"online", True) in kept

    run(main())


def test_at_the_end_and_only_then_all_are_gone(broker: Mosquitto) -> None:
    async def main() -> None:
        async with running(daemon_of(broker)) as daemon:
            await daemon.online("SDM1.1")
            with subscriber(broker, "mbmd/+/status") as notes:
                await notes.until(lambda _: notes.latest.get("mbmd/sdm1-1/status") == b"online")
        with subscriber(broker, "mbmd/#") as notes:
            await notes.until(lambda all_heard: len(all_heard) == 2)
            assert notes.latest == {"mbmd/status": b"disconnected", "mbmd/sdm1-1/status": b"offline"}

    run(main())


def test_the_broker_may_come_late_and_again(broker: Mosquitto) -> None:
    async def main() -> None:
        broker.kill()
        async with running(daemon_of(broker)) as daemon:
            devices = await daemon.online("SDM1.1")
            for _ in range(2):
                await daemon.polled(devices)
                broker.restart()
                with subscriber(broker, "mbmd/#") as notes:
                    await notes.until(lambda all_heard: any("/Power/" in heard.topic for heard in all_heard))
                    assert notes.latest["mbmd/status"] == b"connected"
                    assert notes.latest["mbmd/sdm1-1/status"] == b"online"
                broker.kill()

    run(main())


def test_a_frozen_broker_keeps_nobody_from_polling(broker: Mosquitto) -> None:
    async def main() -> None:
        async with running(daemon_of(broker, rate=0.0)) as daemon:
            devices = await daemon.online("SDM1.1")
            await until(lambda: daemon.hub.sinks[0].connected)
            broker.freeze()
            await daemon.polled(devices, 50)
            broker.thaw()
            with subscriber(broker, "mbmd/sdm1-1/#") as notes:
                await notes.until(lambda all_heard: len(all_heard) > 100)

    run(main())


def test_json_of_a_time_without_a_broker_comes_later_in_its_order_also_after_a_restart(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async def main() -> None:
        config = daemon_of(broker, payload="json", qos=1, folder=tmp_path / "outbox")
        with subscriber(broker, "mbmd/sdm1-1") as notes:
            async with running(config) as daemon:
                await daemon.online("SDM1.1")
                await notes.until(lambda all_heard: len(all_heard) > 3)
        first = stamps(notes.heard)
        broker.kill()
        async with running(config) as daemon:
            devices = await daemon.online("SDM1.1")
            await daemon.polled(devices, 20)
        async with running(config) as daemon:
            await daemon.online("SDM1.1")
            await until(lambda: daemon.hub.sinks[0].waiting >= 20)
            waiting = daemon.hub.sinks[0].waiting
            broker.start()
            with subscriber(broker, "mbmd/sdm1-1") as notes:
                await notes.until(lambda all_heard: len(all_heard) > waiting + 5)
        later = stamps(notes.heard)
        assert first == sorted(set(first))
        assert later == sorted(set(later))

    run(main())


def test_a_device_of_a_reload_comes_and_goes_on_the_same_connection(broker: Mosquitto) -> None:
    async def main() -> None:
        async with running(daemon_of(broker, "sdm:1@mock")) as daemon:
            await daemon.online("SDM1.1")
            with subscriber(broker, "mbmd/#") as notes:
                await notes.until(lambda _: "mbmd/sdm1-1/status" in notes.latest)
                births = notes.heard.count(CONNECTED)
                await daemon.reload(daemon_of(broker, "dzg:3@mock"))
                await notes.until(lambda _: notes.latest.get("mbmd/dzg1-3/status") == b"online")
                assert notes.latest["mbmd/sdm1-1/status"] == b""
                assert notes.heard.count(CONNECTED) == births

    run(main())
