"""Connections for wills: when there are some, and what happens when a broker says a will though mbmd is there."""

import asyncio

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.sinks.mqtt.sink import SETTLING
from mbmd.sinks.mqtt.wills import PATIENCE
from tests.mqtt_site import FakeBroker, Site, meter, settled, site
from tests.virtual_time import run

WILLS = Mqtt(homie_wills=True)


def silent(here: Site) -> list[FakeBroker]:
    return [broker for broker in here.brokers if broker.running and broker is not here.broker]


@pytest.mark.parametrize(
    ("config", "topics"),
    [
        (Mqtt(), []),
        (WILLS, ["homie/sdm1-1/$state", "homie/sdm1-2/$state"]),
        (Mqtt(homie_version="5"), ["homie/5/mbmd/$state"]),
        (Mqtt(homie_version="5", homie_wills=True), ["homie/5/mbmd/$state"]),
        (Mqtt(homie_version="5", homie=""), []),
        (Mqtt(homie_version="5", topic=""), []),
    ],
)
def test_the_root_of_homie_5_has_its_will_and_devices_of_homie_4_if_asked_for(config: Mqtt, topics: list[str]) -> None:
    async def main() -> None:
        async with site(config, meter("SDM1.1"), meter("SDM1.2")) as here:
            await settled()
            others = silent(here)
            assert [other.will and other.will.topic for other in others] == topics
            assert all(other.quiet for other in others)
            assert not here.broker.quiet
            assert here.broker.will is not None

    run(main())


def test_what_a_will_said_though_mbmd_is_there_is_corrected() -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(WILLS, one, other) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            here.lose(other)
            await asyncio.sleep(10)
            broker.take_said()
            first, second = silent(here)
            for _ in range(2):
                first.connect()
                second.connect()
                await asyncio.sleep(2 * SETTLING)
                assert broker.take_texts() == [("homie/sdm1-1/$state", "ready"), ("homie/sdm1-2/$state", "alert")]
                first.lose()
                second.lose()
                await asyncio.sleep(2 * SETTLING)
                assert broker.take_texts() == []

    run(main())


def test_a_will_that_was_said_while_nobody_could_correct_it_is_corrected_on_the_next_connection() -> None:
    async def main() -> None:
        one = meter("SDM1.1")
        async with site(WILLS, one) as here:
            await here.connected()
            here.poll(one, Power=1)
            await settled()
            here.broker.lose()
            silent(here)[0].connect()
            await asyncio.sleep(10)
            here.broker.take_said()
            here.broker.connect()
            await asyncio.sleep(2 * SETTLING)
            assert ("homie/sdm1-1/$state", "ready") in here.broker.take_texts()[-2:]

    run(main())


def test_connections_that_do_not_come_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with site(WILLS, meter("SDM1.1"), meter("SDM1.2")) as here:
            await here.connected()
            for other in silent(here):
                other.health.trouble = "it refuses user or password"
            await asyncio.sleep(3 * PATIENCE)

    run(main())
    name = "mbmd-homie-sdm1-1-state"
    assert caplog.messages == [
        f"mqtt: no connection {name!r}, which is to have a last will: it refuses user or password"
    ]
