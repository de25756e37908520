"""The one connection to a broker: how it comes, goes and is told of."""

import asyncio
import logging
from typing import Any

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.config.secret import Secret
from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt import broker as module
from mbmd.sinks.mqtt import link
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.outbox.errors import AwayError
from tests.fake_broker import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    Connection,
    Packet,
    fake_broker,
    greeting,
    well,
)
from tests.running_broker import PASSWORD, connected, eventually, messages, play, running, warnings

WILL = Message("mbmd/status", b"disconnected", retain=True)


def test_the_greeting_has_the_will_the_user_and_a_clean_session() -> None:
    async def main() -> None:
        async with fake_broker() as fake:
            keys: dict[str, Any] = {
                "user": "meter",
                "password": Secret(PASSWORD),
                "keepalive": 7.0,
                "clientid": "cellar",
            }
            async with running(fake.url, WILL, **keys) as (broker, _, _, _):
                await connected(broker)
                body = fake.last.packets[0].body
                assert body[:10] == b"\x00\x04MQTT\x04" + bytes([0b11100110]) + b"\x00\x07"
                assert body[10:].startswith(b"\x00\x06cellar\x00\x0bmbmd/status\x00\x0cdisconnected\x00\x05meter")

    play(main())


def test_keys_win_over_user_and_password_in_the_address() -> None:
    async def main() -> None:
        async with fake_broker() as fake:
            fake_url = fake.url.replace("//", "//other:wrong@")
            for user, sent in (("", b"\x00\x05other\x00\x05wrong"), ("meter", b"\x00\x05meter\x00\x05wrong")):
                broker = Broker(Mqtt(broker=fake_url, user=user), SinkHealth("mqtt"), None)
                task = asyncio.create_task(broker.run())
                await connected(broker)
                assert fake.last.packets[0].body.endswith(sent)
                await broker.close()
                await task

    play(main())


def test_without_a_connection_messages_count_as_dropped() -> None:
    async def main() -> None:
        health = SinkHealth("mqtt")
        broker = Broker(Mqtt(broker="localhost"), health, None)
        broker.publish(Message("a", b"1"))
        broker.listen(["#"], lambda *_: None)
        broker.unlisten(["#"])
        await broker.drained()
        with pytest.raises(AwayError, match="no connection yet"):
            await broker.deliver(messages(1))
        await broker.close(messages(1))
        assert (health.dropped, health.connected, broker.session) == (1, False, 0)

    play(main())


def test_a_lost_connection_comes_again_as_another_session(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, health, _, _):
            await broker.changed(0)
            assert (broker.session, broker.connected) == (1, True)
            fake.last.close()
            await broker.changed(1)
            await connected(broker)
            assert (broker.session, health.failures, health.trouble) == (2, 1, "")
            assert caplog.messages == [
                f"MQTT broker 127.0.0.1:{fake.port}: connected",
                f"MQTT broker 127.0.0.1:{fake.port}: it closed the connection",
                f"MQTT broker 127.0.0.1:{fake.port}: connected again",
            ]

    play(main())


@pytest.mark.parametrize(
    ("version", "code", "said"),
    [
        ("3.1.1", 1, "it does not speak MQTT 3.1.1: check the port in mqtt.broker, or set mqtt.version to 5"),
        ("3.1.1", 2, "it does not take the client id 'mbmd': give another as mqtt.clientid"),
        ("3.1.1", 3, "it is not available"),
        ("3.1.1", 4, "it refuses user or password: check mqtt.user and mqtt.password"),
        ("3.1.1", 5, "it refuses mbmd as not authorized: check mqtt.user and mqtt.password"),
        ("5", 0x84, "it does not speak MQTT 5: set mqtt.version to 3.1.1"),
        ("5", 0x86, "it refuses user or password"),
        ("5", 0x89, "it is too busy"),
        ("5", 0x8A, "it has banned mbmd"),
        ("5", 0x95, "a message was too large"),
    ],
)
def test_a_refusal_is_told_once_and_without_the_password(
    version: str, code: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with fake_broker(greeting(code)) as fake:
            keys: dict[str, Any] = {"version": version, "user": "meter", "password": Secret(PASSWORD)}
            async with running(fake.url, **keys) as (broker, health, _, _):
                await fake.until(lambda: len(fake.connections) == 4)
                assert (broker.connected, broker.session, health.connected) == (False, 0, False)
                assert said in health.trouble
                assert health.failures >= 3
                assert len(warnings(caplog)) == 1
                assert said in warnings(caplog)[0]
                assert PASSWORD not in caplog.text
                fake.answer = well
                await connected(broker)
                assert health.trouble == ""
                assert caplog.messages[-1].endswith("connected again")

    play(main())


def test_another_broker_is_named() -> None:
    async def main() -> None:
        moved = greeting(0x9D, b"\x1c\x00\x05there")
        async with fake_broker(moved) as fake, running(fake.url, version="5") as (_, health, _, _):
            await fake.until(lambda: len(fake.connections) == 2)
            assert health.trouble == "it has moved for good, 'there': set mqtt.broker"

    play(main())


def test_a_client_with_the_same_id_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url, version="5") as (broker, _, _, _):
            await connected(broker)
            fake.last.send(DISCONNECT, b"\x8e\x00")
            await broker.changed(1)
            await connected(broker)
            assert "another client has come with the same client id 'mbmd'" in caplog.text

    play(main())


def test_a_broker_that_drops_each_connection_is_a_failure_each_time(caplog: pytest.LogCaptureFixture) -> None:
    def drop(connection: Connection, packet: Packet) -> None:
        connection.greet()
        asyncio.get_running_loop().call_soon(connection.close)

    async def main() -> None:
        async with fake_broker(drop) as fake, running(fake.url) as (broker, _, _, paused):
            await fake.until(lambda: len(fake.connections) == 5)
            assert paused[:4] == [1, 2, 3, 4]
            assert broker.session >= 4
            assert len(warnings(caplog)) == 2
            assert "does another client have the id 'mbmd'" in warnings(caplog)[1]

    play(main())


def test_a_connection_that_stood_for_long_makes_the_next_failure_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEADY", -1.0)

    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, _, _, paused):
            for session in (1, 2, 3):
                await connected(broker)
                fake.last.close()
                await broker.changed(session)
            assert paused == [1, 1, 1]

    play(main())


@pytest.mark.parametrize("hears", [True, False])
def test_a_broker_that_never_greets_is_a_failure(monkeypatch: pytest.MonkeyPatch, hears: bool) -> None:
    monkeypatch.setattr(link, "GREETING_TIMEOUT", 0.02)

    async def main() -> None:
        async with fake_broker(lambda *_: None) as fake, running(fake.url) as (_, health, _, _):
            if not hears:
                fake.hears.clear()
            await eventually(lambda: health.failures >= 2)
            assert health.trouble == "no answer to the greeting within 0.02 s"

    play(main())


def test_a_silent_broker_is_found_out_by_the_keepalive() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake.url, keepalive=1.0) as (broker, health, _, _):
            await connected(broker)
            await broker.changed(1)
            assert fake.connections[0].kinds() == [CONNECT, PINGREQ]
            assert health.trouble == "it was silent for longer than 1 s (mqtt.keepalive)"

    play(main())
