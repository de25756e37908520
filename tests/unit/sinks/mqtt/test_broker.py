"""The one connection to a broker, against a broker that does as it is told."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbmd.config.outputs import Mqtt
from mbmd.config.secret import Secret
from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt import broker as module
from mbmd.sinks.mqtt import link
from mbmd.sinks.mqtt.broker import Broker, pause_after
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from tests.fake_broker import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBLISH,
    PUBREC,
    SUBACK,
    SUBSCRIBE,
    Connection,
    FakeBroker,
    Packet,
    fake_broker,
    greeting,
    well,
)

WILL = Message("mbmd/status", b"disconnected", retain=True)
PASSWORD = "open sesame"  # noqa: S105


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """No pauses between attempts, and short goodbyes; how many failures each pause would have been for."""
    failures: list[int] = []

    def pause(number: int, chance: float) -> float:
        failures.append(number)
        return 0.001

    monkeypatch.setattr(module, "pause_after", pause)
    monkeypatch.setattr(module, "LAST_WORDS", 0.05)
    return failures


class Running(NamedTuple):
    broker: Broker
    health: SinkHealth
    task: "asyncio.Task[None]"


@asynccontextmanager
async def running(fake: FakeBroker, will: Message | None = None, **keys: Any) -> AsyncIterator[Running]:
    health = SinkHealth("mqtt")
    broker = Broker(Mqtt(broker=fake.url, **keys), health, will)
    task = asyncio.create_task(broker.run())
    try:
        yield Running(broker, health, task)
    finally:
        await broker.close()
        task.cancel()
        await asyncio.wait([task])


def play(main: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await main

    asyncio.run(bounded())


def messages(count: int, qos: int = 1) -> list[Message]:
    return [Message(f"mbmd/{number}", str(number).encode(), qos=qos) for number in range(count)]


async def connected(broker: Broker) -> None:
    while not broker.connected:
        await broker.changed(0)


async def eventually(condition: Callable[[], bool]) -> None:
    """For what tells nobody that it has changed."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_is_published_arrives_and_counts_as_sent(version: str, qos: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake, WILL, version=version, qos=qos) as (broker, health, _):
            await connected(broker)
            broker.publish(Message("mbmd/a", b"1", True, qos))
            broker.publish(Message("mbmd/b", b"", False, qos))
            await broker.drained()
            await fake.until(lambda: len(fake.last.published) == 2)
            await eventually(lambda: health.sent >= 2)
            assert [p[:5] for p in fake.last.published] == [
                ("mbmd/a", b"1", qos, True, False),
                ("mbmd/b", b"", qos, False, False),
            ]
            assert (health.sent, health.dropped, health.connected, health.trouble) == (2, 0, True, "")

    play(main())


def test_the_greeting_has_the_will_the_user_and_a_clean_session() -> None:
    async def main() -> None:
        async with fake_broker() as fake:
            keys = {"user": "meter", "password": Secret(PASSWORD), "keepalive": 7.0, "clientid": "cellar"}
            async with running(fake, WILL, **keys) as (broker, _, _):
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
                broker = Broker(Mqtt(broker=fake_url, user=user), SinkHealth("mqtt"))
                task = asyncio.create_task(broker.run())
                await connected(broker)
                assert fake.last.packets[0].body.endswith(sent)
                await broker.close()
                await task

    play(main())


def test_without_a_connection_messages_count_as_dropped() -> None:
    async def main() -> None:
        health = SinkHealth("mqtt")
        broker = Broker(Mqtt(broker="localhost"), health)
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
        async with fake_broker() as fake, running(fake) as (broker, health, _):
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
            async with running(fake, **keys) as (broker, health, _):
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
        async with fake_broker(moved) as fake, running(fake, version="5") as (_, health, _):
            await fake.until(lambda: len(fake.connections) == 2)
            assert health.trouble == "it has moved for good, 'there': set mqtt.broker"

    play(main())


def test_a_client_with_the_same_id_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake, version="5") as (broker, _, _):
            await connected(broker)
            fake.last.send(DISCONNECT, b"\x8e\x00")
            await broker.changed(1)
            await connected(broker)
            assert "another client has come with the same client id 'mbmd'" in caplog.text

    play(main())


def test_a_broker_that_drops_each_connection_is_a_failure_each_time(
    at_once: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    def drop(connection: Connection, packet: Packet) -> None:
        connection.greet()
        asyncio.get_running_loop().call_soon(connection.close)

    async def main() -> None:
        async with fake_broker(drop) as fake, running(fake) as (broker, _, _):
            await fake.until(lambda: len(fake.connections) == 5)
            assert at_once[:4] == [1, 2, 3, 4]
            assert broker.session >= 4
            assert len(warnings(caplog)) == 2
            assert "does another client have the id 'mbmd'" in warnings(caplog)[1]

    play(main())


def test_a_connection_that_stood_for_long_makes_the_next_failure_the_first(
    at_once: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEADY", -1.0)

    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, _, _):
            for session in (1, 2, 3):
                await connected(broker)
                fake.last.close()
                await broker.changed(session)
            assert at_once == [1, 1, 1]

    play(main())


def test_the_pause_doubles_up_to_a_minute() -> None:
    assert [pause_after(failures, 0.0) for failures in (1, 2, 3, 7, 10_000)] == [1, 2, 4, 60, 60]
    assert pause_after(1, 1.0) == 0.75


@pytest.mark.parametrize("hears", [True, False])
def test_a_broker_that_never_greets_is_a_failure(monkeypatch: pytest.MonkeyPatch, hears: bool) -> None:
    monkeypatch.setattr(link, "GREETING_TIMEOUT", 0.02)

    async def main() -> None:
        async with fake_broker(lambda *_: None) as fake, running(fake) as (_, health, _):
            if not hears:
                fake.hears.clear()
            await eventually(lambda: health.failures >= 2)
            assert health.trouble == "no answer to the greeting within 0.02 s"

    play(main())


def test_a_silent_broker_is_found_out_by_the_keepalive() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake, keepalive=1.0) as (broker, health, _):
            await connected(broker)
            await broker.changed(1)
            assert fake.connections[0].kinds() == [CONNECT, PINGREQ]
            assert health.trouble == "it was silent for longer than 1 s (mqtt.keepalive)"

    play(main())


def test_no_more_is_kept_than_fits_when_a_broker_does_not_read() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, health, _):
            await connected(broker)
            fake.hears.clear()
            published = 0

            async def publish() -> None:
                nonlocal published
                while broker.connected:
                    for _ in range(50):
                        broker.publish(Message("mbmd/a", bytes(1000)))
                    published += 50
                    await broker.drained()

            publishing = asyncio.create_task(publish())
            while True:
                before = published
                await asyncio.sleep(0.1)
                if published == before:
                    break
            assert published - health.sent <= 50
            assert published < 20_000
            fake.last.close()
            fake.hears.set()
            await publishing
            assert health.sent + health.dropped == published
            assert 0 < health.dropped <= 50

    play(main())


def test_the_event_loop_goes_on_when_a_broker_does_not_read() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, _, _):
            await connected(broker)
            fake.hears.clear()
            for _ in range(100):
                broker.publish(Message("mbmd/a", bytes(100_000)))
            draining = asyncio.create_task(broker.drained())
            for _ in range(50):
                started = time.thread_time()
                await asyncio.sleep(0.001)
                assert time.thread_time() - started < 1
            assert not draining.done()
            fake.hears.set()
            await draining

    play(main())


def test_no_more_than_the_broker_wants_is_unacknowledged() -> None:
    async def main() -> None:
        wants = greeting(0, b"\x21\x00\x03")
        async with fake_broker(wants) as fake, running(fake, version="5", qos=1) as (broker, health, _):
            await connected(broker)
            for message in messages(5):
                broker.publish(message)
            draining = asyncio.create_task(broker.drained())
            await fake.until(lambda: len(fake.last.published) == 3)
            assert not draining.done()
            fake.last.acknowledge(fake.last.published[0].mid)
            await fake.until(lambda: len(fake.last.published) == 4)
            for published in fake.last.published[1:4]:
                fake.last.acknowledge(published.mid)
            await draining
            await fake.until(lambda: len(fake.last.published) == 5)
            assert [p.topic for p in fake.last.published] == [m.topic for m in messages(5)]
            assert health.sent == 4

    play(main())


def test_what_is_not_acknowledged_is_lost_with_the_connection_and_never_sent_again() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake, qos=1) as (broker, health, _):
            for session in range(1, 4):
                await connected(broker)
                for message in messages(150):
                    broker.publish(message)
                await fake.until(lambda: len(fake.last.published) == 100)
                fake.last.close()
                await broker.changed(session)
                assert health.dropped == 150 * session
            await connected(broker)
            broker.publish(Message("mbmd/new", b"1", qos=1))
            await fake.until(lambda: len(fake.last.published) > 0)
            assert [p.topic for p in fake.last.published] == ["mbmd/new"]

    play(main())


def test_a_broker_gets_what_it_can_take() -> None:
    properties = b"\x24\x00" + b"\x25\x00" + b"\x27\x00\x00\x00\x64"  # maximum QoS 0, no retain, packets of 100 bytes

    async def main() -> None:
        wants = greeting(0, properties)
        async with fake_broker(wants) as fake, running(fake, version="5") as (broker, health, _):
            await connected(broker)
            broker.publish(Message("mbmd/a", b"1", True, 2))
            broker.publish(Message("mbmd/b", bytes(100)))
            await broker.drained()
            await fake.until(lambda: len(fake.last.published) == 1)
            assert fake.last.published[0][:4] == ("mbmd/a", b"1", 0, False)
            assert (health.sent, health.refused) == (1, 1)
            await broker.deliver(messages(2))
            with pytest.raises(RefusedError, match="Packet too large"):
                await broker.deliver([Message("mbmd/b", bytes(100), qos=1)])
            await fake.until(lambda: len(fake.last.published) == 3)

    play(main())


@pytest.mark.parametrize("qos", [0, 1])
def test_a_topic_that_is_none_is_refused_and_the_connection_stays(qos: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, health, _):
            await connected(broker)
            broker.publish(Message("mbmd/+", b"1", qos=qos))
            broker.publish(Message("x" * 70_000, b"1", qos=qos))
            assert health.refused == 2
            with pytest.raises(RefusedError, match="Topic name invalid"):
                await broker.deliver([Message("mbmd/#", b"1", qos=qos)])
            assert broker.session == 1

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_delivered_is_what_the_broker_has(version: str, qos: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake, version=version, qos=qos) as (broker, health, _):
            await connected(broker)
            await broker.deliver(messages(250, qos))
            await broker.deliver([])
            await fake.until(lambda: len(fake.last.published) == 250)
            assert [p.topic for p in fake.last.published] == [m.topic for m in messages(250)]
            assert (health.sent, health.dropped) == (0, 0)

    play(main())


def test_who_delivers_once_more_sends_only_what_was_not_acknowledged() -> None:
    def some(connection: Connection, packet: Packet) -> None:
        if packet.kind == CONNECT:
            connection.greet()
        elif packet.kind == PUBLISH and len(connection.published) <= 3:
            connection.acknowledge(connection.published[-1].mid)
        elif packet.kind == PUBLISH and len(connection.published) == 10:
            connection.close()

    async def main() -> None:
        async with fake_broker(some) as fake, running(fake) as (broker, _, _):
            await connected(broker)
            for session in (1, 2, 3):
                with pytest.raises(AwayError, match="it closed the connection"):
                    await broker.deliver(messages(16))
                await broker.changed(session)
                await connected(broker)
            fake.answer = well
            await broker.deliver(messages(16))
            taken = [p.topic for c in fake.connections[:3] for p in c.published[:3]]
            assert taken + [p.topic for p in fake.last.published] == [m.topic for m in messages(16)]
            assert not any(p.again for c in fake.connections for p in c.published)
            await broker.deliver(messages(16))
            assert len(fake.last.published) == 7 + 16

    play(main())


def test_what_was_acknowledged_counts_for_parts_of_the_same_messages_and_for_no_others() -> None:
    def refuse_one(connection: Connection, packet: Packet) -> None:
        if packet.kind == PUBLISH and connection.published[-1].topic == "mbmd/2":
            connection.acknowledge(connection.published[-1].mid, 0x87)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(refuse_one) as fake, running(fake, version="5") as (broker, _, _):
            await connected(broker)
            with pytest.raises(RefusedError, match="refuses messages: Not authorized"):
                await broker.deliver(messages(4))
            await broker.deliver(messages(2))
            with pytest.raises(RefusedError):
                await broker.deliver(messages(4)[2:3])
            await broker.deliver([Message("mbmd/other", b"1", qos=1)])
            await broker.deliver(messages(4)[3:])
            sent = [p.topic.removeprefix("mbmd/") for p in fake.last.published]
            assert sent == ["0", "1", "2", "3", "2", "other", "3"]

    play(main())


def test_a_broker_without_room_is_tried_again() -> None:
    def full(connection: Connection, packet: Packet) -> None:
        if packet.kind == PUBLISH:
            connection.acknowledge(connection.published[-1].mid, 0x97)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(full) as fake, running(fake, version="5", qos=1) as (broker, health, _):
            await connected(broker)
            with pytest.raises(AwayError, match="does not take messages now: Quota exceeded") as caught:
                await broker.deliver(messages(2))
            assert caught.value.pause > 0
            broker.publish(messages(1)[0])
            await eventually(lambda: health.refused > 0)

    play(main())


def test_a_broker_that_acknowledges_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.05)

    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake) as (broker, health, _):
            await connected(broker)
            with pytest.raises(AwayError, match="acknowledged nothing for"):
                await broker.deliver(messages(150))
            await broker.changed(1)
            assert health.dropped == 0
            fake.answer = well
            await connected(broker)
            await broker.deliver(messages(150))
            assert len(fake.last.published) == 150

    play(main())


def test_progress_keeps_a_slow_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.2)

    def slowly(connection: Connection, packet: Packet) -> None:
        if packet.kind == PUBLISH:
            mid = connection.published[-1].mid
            asyncio.get_running_loop().call_later(0.04 * mid, connection.acknowledge, mid)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(slowly) as fake, running(fake) as (broker, _, _):
            await connected(broker)
            await broker.deliver(messages(10))
            assert broker.session == 1

    play(main())


def test_who_gives_up_a_delivery_leaves_nothing_to_be_sent() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake) as (broker, _, _):
            await connected(broker)
            delivering = asyncio.create_task(broker.deliver(messages(150)))
            await fake.until(lambda: len(fake.last.published) == 100)
            delivering.cancel()
            await asyncio.wait([delivering])
            fake.answer = well
            for published in fake.last.published:
                fake.last.acknowledge(published.mid)
            await broker.deliver([Message("mbmd/next", b"1", qos=1)])
            assert [p.topic for p in fake.last.published[100:]] == ["mbmd/next"]

    play(main())


def test_retained_messages_are_heard_until_nobody_listens() -> None:
    heard: list[tuple[str, bytes, bool]] = []

    def hear(topic: str, payload: bytes, retained: bool) -> None:
        heard.append((topic, payload, retained))
        if payload == b"bad":
            raise ValueError

    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, _, _):
            await connected(broker)
            broker.listen([], hear)
            broker.listen(["homie/#"], hear)
            await fake.until(lambda: SUBSCRIBE in fake.last.kinds())
            for topic, payload in ((b"homie/a", b"1"), (b"homie/a", b"bad"), (b"homie/\xff", b"2"), (b"homie/b", b"")):
                fake.last.tell(topic, payload, retain=True)
            fake.last.tell(b"homie/c", b"3")
            await eventually(lambda: len(heard) >= 4)
            assert [h[0] for h in heard] == ["homie/a", "homie/a", "homie/b", "homie/c"]
            assert [h[2] for h in heard] == [True, True, True, False]
            broker.unlisten(["homie/#"])
            fake.last.tell(b"homie/d", b"4")
            await broker.deliver(messages(1))
            assert len(heard) == 4
            assert broker.session == 1

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_subscription_that_is_refused_is_told(version: str, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(connection: Connection, packet: Packet) -> None:
        if packet.kind == SUBSCRIBE:
            properties, refusal = (b"\0", b"\x87") if connection.version == 5 else (b"", b"\x80")
            connection.send(SUBACK, packet.body[:2] + properties + b"\0" + refusal)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(refuse) as fake, running(fake, version=version) as (broker, _, _):
            await connected(broker)
            for _ in range(2):
                broker.listen(["a/#", "b/#"], lambda *_: None)
                await broker.deliver(messages(1))
            (warning,) = warnings(caplog)
            assert "does not tell of b/#" in warning

    play(main())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from(["3.1.1", "5"]),
    st.binary(min_size=1, max_size=40)
    | st.builds(lambda kind, body: bytes([kind, len(body)]) + body, st.integers(16, 255), st.binary(max_size=30)),
    st.booleans(),
)
def test_nothing_that_a_broker_sends_does_harm(version: str, data: bytes, first: bool) -> None:
    def answer(connection: Connection, packet: Packet) -> None:
        if packet.kind == CONNECT:
            if not first:
                connection.greet()
            connection.send_raw(data)
            asyncio.get_running_loop().call_soon(connection.close)

    async def main() -> None:
        async with fake_broker(answer) as fake, running(fake, version=version) as (broker, _, task):
            await fake.until(lambda: len(fake.connections) > 1)
            fake.answer = well
            await connected(broker)
            assert not task.done()

    play(main())


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_last_messages_come_before_the_goodbye(qos: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_WORDS", 20.0)

    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, health, task):
            await connected(broker)
            await broker.close(messages(150, qos))
            await fake.last.ended.wait()
            assert [p.topic for p in fake.last.published] == [m.topic for m in messages(150)]
            assert fake.last.kinds()[-1] == DISCONNECT
            assert (broker.connected, health.connected, health.sent, health.trouble) == (False, False, 150, "")
            await task
            assert len(fake.connections) == 1

    play(main())


def test_the_last_messages_are_said_though_run_was_cancelled_before() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, _, task):
            await connected(broker)
            task.cancel()
            await asyncio.wait([task])
            await broker.close(messages(1))
            await fake.last.ended.wait()
            assert fake.last.kinds() == [CONNECT, PUBLISH, DISCONNECT]

    play(main())


def test_a_broker_that_does_not_listen_holds_up_the_goodbye_for_no_longer_than_allowed() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake) as (broker, health, task):
            await connected(broker)
            await broker.close(messages(3))
            await fake.last.ended.wait()
            assert DISCONNECT not in fake.last.kinds()
            assert (health.connected, health.dropped) == (False, 3)
            await task

    play(main())


def test_a_pause_ends_with_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "pause_after", lambda *_: 1000.0)

    async def main() -> None:
        async with fake_broker(greeting(5)) as fake, running(fake) as (broker, health, task):
            await eventually(lambda: health.failures > 0)
            await broker.close(messages(1))
            await task

    play(main())


def test_a_connection_that_has_not_been_greeted_goes_when_run_is_cancelled() -> None:
    async def main() -> None:
        async with fake_broker(lambda *_: None) as fake, running(fake) as (_, _, task):
            await fake.until(lambda: bool(fake.connections) and fake.last.kinds() == [CONNECT])
            task.cancel()
            await asyncio.wait([task])
            await fake.last.ended.wait()

    play(main())


def test_who_waits_for_a_change_may_be_cancelled_and_others_wait_on() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, _, _):
            waiting = [asyncio.create_task(broker.changed(0)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await waiting[1]
            assert broker.connected
            await broker.changed(17)

    play(main())


def test_an_unused_kind_of_acknowledgement_is_ignored() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake) as (broker, health, _):
            await connected(broker)
            fake.last.acknowledge(77)
            fake.last.acknowledge(78, kind=PUBREC)
            await broker.deliver(messages(1))
            assert (broker.session, health.sent) == (1, 0)

    play(main())
