"""The MQTT sink: what it says when, on one connection that comes and goes."""

import asyncio

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.sinks.mqtt.voice import BREATH
from tests.mqtt_site import meter, settled, site
from tests.virtual_time import run

PLAIN = Mqtt(homie="")
STATUS = ("mbmd/status", "connected")


def test_readings_are_published_as_they_come() -> None:
    async def main() -> None:
        one = meter()
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            assert broker.take_texts() == [STATUS]
            here.poll(one, Import=1, Power=2)
            await settled()
            assert sorted(broker.take_texts()) == [
                ("mbmd/sdm1-1/Import", "1.000"),
                ("mbmd/sdm1-1/Power", "2.000"),
                ("mbmd/sdm1-1/status", "online"),
            ]
            here.poll(one, Power=3)
            await settled()
            assert broker.take_texts() == [("mbmd/sdm1-1/Power", "3.000")]

    run(main())


def test_the_first_will_is_that_mbmd_is_not_there() -> None:
    async def main() -> None:
        async with site(PLAIN, meter()) as here:
            await settled()
            assert here.broker.will is not None
            assert here.broker.will[:3] == ("mbmd/status", b"disconnected", True)

    run(main())


def test_at_the_end_devices_are_offline_and_mbmd_disconnected() -> None:
    async def main() -> None:
        one = meter()
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            here.poll(one, Power=3)
            await settled()
        assert broker.last is not None
        assert [message[:3] for message in broker.last] == [
            ("mbmd/sdm1-1/status", b"offline", True),
            ("mbmd/status", b"disconnected", True),
        ]
        assert not broker.running

    run(main())


def test_births_come_first_on_every_connection_then_states_then_the_latest_values() -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(PLAIN, one, other) as here:
            here.poll(one, Import=1, Power=2)
            here.lose(other)
            broker = await here.connected()
            expected = [
                STATUS,
                ("mbmd/sdm1-1/status", "online"),
                ("mbmd/sdm1-2/status", "offline"),
                ("mbmd/sdm1-1/Import", "1.000"),
                ("mbmd/sdm1-1/Power", "2.000"),
                ("mbmd/sdm1-1/status", "online"),
            ]
            assert broker.take_texts() == expected
            broker.lose()
            await settled()
            broker.connect()
            await settled()
            assert broker.take_texts() == expected

    run(main())


def test_nothing_is_said_of_a_device_before_it_was_asked() -> None:
    async def main() -> None:
        async with site(PLAIN, meter()) as here:
            broker = await here.connected()
            assert broker.take_texts() == [STATUS]

    run(main())


def test_what_is_read_while_the_broker_is_away_is_lost_and_counted_but_for_the_latest() -> None:
    async def main() -> None:
        one = meter()
        async with site(PLAIN, one) as here:
            for power in range(3):
                here.poll(one, Import=1, Power=power)
                await settled()
            assert here.health.dropped == 4
            here.poll(one, Power=3)
            await settled()
            assert here.health.dropped == 5
            broker = await here.connected()
            told = broker.take_texts()
            assert ("mbmd/sdm1-1/Import", "1.000") in told
            assert ("mbmd/sdm1-1/Power", "3.000") in told
            assert here.health.dropped == 5

    run(main())


@pytest.mark.parametrize("config", [PLAIN, Mqtt(homie="", payload="json")], ids=["plain", "json"])
def test_the_latest_of_a_device_that_goes_before_there_is_a_connection_is_lost_too(config: Mqtt) -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(config, one, other) as here:
            await settled()
            here.poll(one, Power=1)
            here.poll(other, Power=1)
            await settled()
            assert here.health.dropped == 0
            here.lose(one)
            await settled()
            assert here.health.dropped == 1
            here.hub.replace([one], [])
            await settled()
            assert here.health.dropped == 2

    run(main())


def test_of_a_device_that_is_offline_again_no_values_are_told_on_connecting() -> None:
    async def main() -> None:
        one = meter()
        async with site(PLAIN, one) as here:
            here.poll(one, Power=1)
            await settled()
            here.lose(one)
            broker = await here.connected()
            assert broker.take_texts() == [STATUS, ("mbmd/sdm1-1/status", "offline")]

    run(main())


def test_a_device_goes_offline_and_returns() -> None:
    async def main() -> None:
        one = meter()
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await settled()
            broker.take_said()
            here.lose(one)
            await settled()
            assert broker.take_texts() == [("mbmd/sdm1-1/status", "offline")]
            here.poll(one, Power=1)
            await settled()
            assert broker.take_texts() == [("mbmd/sdm1-1/Power", "1.000"), ("mbmd/sdm1-1/status", "online")]

    run(main())


def test_a_frozen_broker_gets_the_newest_of_each_device_when_it_goes_on() -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(PLAIN, one, other) as here:
            broker = await here.connected()
            here.poll(one, Power=0)
            here.poll(other, Power=0)
            await settled()
            broker.take_said()
            broker.freeze()
            for power in range(1, 1000):
                here.poll(one, Power=power)
                here.poll(other, Power=-power)
                await asyncio.sleep(0.1)
            assert len(broker.take_said()) == BREATH
            broker.freeze(False)
            await settled()
            newest = {("mbmd/sdm1-1/Power", "999.000"), ("mbmd/sdm1-2/Power", "-999.000")}
            said = broker.take_texts()
            assert set(said) >= newest
            assert len(said) <= 4

    run(main())


def test_a_device_that_goes_is_cleared_and_one_that_comes_is_told_of() -> None:
    async def main() -> None:
        one, other = meter("SDM1.1"), meter("SDM1.2")
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await settled()
            broker.take_said()
            here.hub.replace([other], [])
            await settled()
            assert broker.take_texts() == [("mbmd/sdm1-1/status", "")]
            here.poll(other, Power=2)
            await settled()
            assert ("mbmd/sdm1-2/Power", "2.000") in broker.take_texts()

    run(main())


def test_a_device_that_went_while_the_broker_was_away_is_cleared_later() -> None:
    async def main() -> None:
        one = meter("SDM1.1")
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await settled()
            broker.lose()
            await settled()
            broker.take_said()
            here.hub.replace([], [])
            await settled()
            broker.connect()
            await settled()
            assert broker.take_texts() == [STATUS, ("mbmd/sdm1-1/status", "")]

    run(main())


def test_a_device_that_is_made_anew_under_its_id_is_not_cleared() -> None:
    async def main() -> None:
        one, again = meter("SDM1.1"), meter("SDM1.1")
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await settled()
            broker.take_said()
            here.hub.replace([again], [])
            await settled()
            assert broker.take_texts() == []
            here.poll(again, Power=2)
            await settled()
            assert broker.take_texts()[0] == ("mbmd/sdm1-1/Power", "2.000")

    run(main())


def test_a_device_that_goes_just_before_the_end_is_cleared() -> None:
    async def main() -> None:
        one = meter("SDM1.1")
        async with site(PLAIN, one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await settled()
            broker.freeze()
            for power in range(BREATH):
                here.poll(one, Power=power)
                await settled()
            here.hub.replace([], [])
        assert broker.last is not None
        assert [message[:2] for message in broker.last] == [
            ("mbmd/sdm1-1/status", b""),
            ("mbmd/status", b"disconnected"),
        ]

    run(main())


def test_a_device_that_is_renamed_moves_at_once_though_it_is_silent() -> None:
    async def main() -> None:
        one = meter("SDM1.1", name="A")
        async with site(Mqtt(homie="", device="name", retain=True), one) as here:
            broker = await here.connected()
            here.poll(one, Import=1, Power=1)
            await settled()
            broker.take_said()
            one.name = "B"
            here.hub.replace([one], [])
            await settled()
            said = broker.take_texts()
            cleared = {("mbmd/A/status", ""), ("mbmd/A/Import", ""), ("mbmd/A/Power", "")}
            told = {("mbmd/B/status", "online"), ("mbmd/B/Import", "1.000"), ("mbmd/B/Power", "1.000")}
            assert set(said) == cleared | told

    run(main())


def test_no_device_is_published_more_often_than_asked_and_the_newest_comes_by_itself() -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie="", rate=10), one) as here:
            broker = await here.connected()
            here.poll(one, Import=1, Power=1)
            await settled()
            broker.take_said()
            here.poll(one, Import=2)
            here.poll(one, Power=3)
            await asyncio.sleep(9)
            assert broker.take_texts() == []
            await asyncio.sleep(1.1)
            assert broker.take_texts() == [("mbmd/sdm1-1/Import", "2.000"), ("mbmd/sdm1-1/Power", "3.000")]

    run(main())


def test_only_what_has_moved_is_published_and_all_of_it_on_a_new_connection() -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie="", on_change=True, payload="both"), one) as here:
            broker = await here.connected()
            here.poll(one, Import=1, Power=1)
            await settled()
            broker.take_said()
            here.poll(one, Import=1, Power=2)
            await settled()
            plain, whole = broker.take_texts()
            assert plain == ("mbmd/sdm1-1/Power", "2.000")
            assert whole[0] == "mbmd/sdm1-1"
            assert '"Import":1.0' in whole[1]
            here.poll(one, Import=1, Power=2)
            await settled()
            assert broker.take_texts() == []
            broker.lose()
            await settled()
            broker.connect()
            await settled()
            assert ("mbmd/sdm1-1/Import", "1.000") in broker.take_texts()

    run(main())


def test_without_a_topic_nothing_is_said_of_mbmd() -> None:
    async def main() -> None:
        one = meter()
        async with site(Mqtt(homie="", topic=""), one) as here:
            broker = await here.connected()
            here.poll(one, Power=1)
            await settled()
            assert broker.take_texts() == []
            assert broker.will is None

    run(main())


def test_a_connection_that_ends_by_itself_is_a_failure() -> None:
    async def main() -> None:
        async with site(PLAIN, fails="the connection is not kept any more") as here:
            await settled()
            here.broker.stop()
            await settled()

    run(main())
