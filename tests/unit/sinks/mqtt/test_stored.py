"""What the MQTT sink stores while the broker is away."""

import asyncio
import gc
import weakref
from pathlib import Path

import msgspec
import pytest

from mbmd.config.outputs import Mqtt, Outbox
from tests.mqtt_site import meter, settled, site
from tests.virtual_time import run

STATUS = ("mbmd/status", "connected")
ONLINE = ("mbmd/sdm1-1/status", "online")


def test_all_values_wait_in_the_outbox_if_asked_for_and_are_acknowledged() -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie="", outbox=True), one, outbox=Outbox(folder=Path("/somewhere"))) as here:
            await settled()
            here.poll(one, Import=1, Power=1)
            await settled()
            assert here.outboxes[0].file == Path("/somewhere/mqtt.db")
            assert here.outboxes[0].readings == 2
            assert here.health.dropped == 0
            broker = await here.connected()
            assert broker.take_texts() == [STATUS, ONLINE, ONLINE]
            here.poll(one, Power=2)
            await asyncio.sleep(2)
            assert broker.take_texts() == []
            topics = ["mbmd/sdm1-1/Import", "mbmd/sdm1-1/Power", "mbmd/sdm1-1/Power"]
            assert [message.topic for message in broker.delivered] == topics
            assert {message.qos for message in broker.delivered} == {1}

    run(main())


def test_json_waits_in_the_outbox_with_quality_of_service_and_plain_values_are_live() -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie="", payload="both", qos=2), one) as here:
            broker = await here.connected()
            here.poll(one, Power=1.25)
            await settled()
            assert ("mbmd/sdm1-1/Power", "1.250") in broker.take_texts()
            (message,) = broker.delivered
            assert (message.topic, message.qos) == ("mbmd/sdm1-1", 2)
            assert b'"Power":1.25' in message.payload
            assert here.outboxes[0].file is None

    run(main())


@pytest.mark.parametrize(
    "config",
    [Mqtt(homie=""), Mqtt(homie="", qos=1), Mqtt(homie="", payload="json"), Mqtt(homie="", qos=1, outbox=False)],
    ids=["plain", "plain-qos", "json", "off"],
)
def test_nothing_else_waits_unless_asked_for(config: Mqtt) -> None:
    async def main() -> None:
        one = meter()
        async with site(config, one) as here:
            here.poll(one, Power=1)
            await here.connected()
            assert here.outboxes == []

    run(main())


def test_rate_and_changes_count_for_what_is_stored_too() -> None:
    async def main() -> None:
        one = meter()
        config = Mqtt(homie="", payload="json", qos=1, rate=10, on_change=True)
        async with site(config, one) as here:
            broker = await here.connected()
            for power in (1, 2, 3):
                here.poll(one, Power=power)
                await asyncio.sleep(1)
            assert len(broker.delivered) == 1
            await asyncio.sleep(8)
            assert b'"Power":3.0' in broker.delivered[1].payload
            here.poll(one, Power=3)
            await asyncio.sleep(20)
            assert len(broker.delivered) == 2
            here.poll(one, Power=4)
            here.poll(one, Power=5)
            await settled()
            assert len(broker.delivered) == 3
        # what waited for its time is stored at the end
        assert here.outboxes[0].readings == 4

    run(main())


def test_nothing_is_kept_or_stored_of_a_device_that_went() -> None:
    async def main() -> None:
        config = Mqtt(homie="", payload="json", qos=1, rate=10, on_change=True, device="name")
        one, other = meter("SDM1.1", name="A"), meter("SDM1.2", name="A")
        gone = weakref.ref(one)
        async with site(config) as here:
            broker = await here.connected()
            here.hub.replace([one], [])
            for power in (1, 2):
                here.poll(one, Power=power)
                await settled()
            here.poll(one, Power=3)
            here.hub.replace([other], [])
            await settled()
            del one
            gc.collect()
            assert gone() is None
            here.poll(other, Power=4)
            await asyncio.sleep(20)
            said = [(message.topic, b'"Power":4.0' in message.payload) for message in broker.delivered]
            assert said == [("mbmd/A", False), ("mbmd/A", True)]

    run(main())


def test_the_broker_keeps_nothing_that_comes_late_of_a_device_that_went() -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(Mqtt(homie="", payload="json", qos=1, retain=True), one, other) as here:
            await settled()
            here.poll(one, Power=1)
            here.poll(other, Power=1)
            await settled()
            here.hub.replace([other], [])
            broker = await here.connected()
            await asyncio.sleep(2)
            kept = {message.topic: message.retain for message in broker.delivered}
            assert kept == {"mbmd/sdm1-1": False, "mbmd/sdm1-2": True}

    run(main())


def test_a_damaged_entry_of_the_outbox_is_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie="", outbox=True), one) as here:
            await settled()
            for entry in (b"", b"\xff", msgspec.msgpack.encode([["a/#", b"x", False, 1]]), msgspec.msgpack.encode([])):
                here.outboxes[0].put(entry, 1)
            here.poll(one, Power=1)
            broker = await here.connected()
            await asyncio.sleep(2)
            assert [message.topic for message in broker.delivered] == ["mbmd/sdm1-1/Power"]
            assert here.health.refused == 4

    run(main())
    said = "mqtt: damaged entries of the outbox are left out: "
    assert [record.message for record in caplog.records] == [said + "2", said + "2"]
