"""Messages that are sent and forgotten, against a broker that does as it is told."""

import asyncio
import time
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbmd.sinks.mqtt import link
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.outbox.errors import RefusedError
from tests.fake_broker import (
    CONNECT,
    Connection,
    Packet,
    fake_broker,
    greeting,
    well,
)
from tests.running_broker import connected, eventually, messages, play, running


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_is_published_arrives_and_counts_as_sent(version: str, qos: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url, version=version, qos=qos) as (broker, health, _, _):
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


def test_no_more_is_kept_than_fits_when_a_broker_does_not_read() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, health, _, _):
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
        async with fake_broker() as fake, running(fake.url) as (broker, _, _, _):
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
        async with fake_broker(wants) as fake, running(fake.url, version="5", qos=1) as (broker, health, _, _):
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


def test_a_broker_that_acknowledges_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.05)
    monkeypatch.setattr(link, "TICK", 0.02)

    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake.url, qos=1) as (broker, health, _, _):
            await connected(broker)
            for message in messages(100):
                broker.publish(message)
            await broker.drained()
            assert health.trouble == "it has acknowledged nothing for 0.05 s"
            assert health.dropped == 100

    play(main())


def test_the_id_of_a_message_is_that_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    mids = cycle((1, 2, 3))
    monkeypatch.setattr("paho.mqtt.client.Client._mid_generate", lambda _: next(mids))

    async def main() -> None:
        wants = greeting(0, b"\x21\x00\x02")
        async with fake_broker(wants) as fake, running(fake.url, version="5", qos=1) as (broker, _, _, _):
            await connected(broker)
            for message in messages(3):
                broker.publish(message)
            broker.publish(Message("mbmd/live", b"1"))
            await fake.until(lambda: len(fake.last.published) == 3)
            fake.last.acknowledge(1)
            await fake.until(lambda: len(fake.last.published) == 4)
            assert [p.mid for p in fake.last.published] == [1, 2, 0, 3]

    play(main())


def test_what_is_not_acknowledged_is_lost_with_the_connection_and_never_sent_again() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake.url, qos=1) as (broker, health, _, _):
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
        async with fake_broker(wants) as fake, running(fake.url, version="5") as (broker, health, _, _):
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
        async with fake_broker() as fake, running(fake.url) as (broker, health, _, _):
            await connected(broker)
            broker.publish(Message("mbmd/+", b"1", qos=qos))
            broker.publish(Message("x" * 70_000, b"1", qos=qos))
            assert health.refused == 2
            with pytest.raises(RefusedError, match="Topic name invalid"):
                await broker.deliver([Message("mbmd/#", b"1", qos=qos)])
            assert broker.session == 1

    play(main())


@pytest.mark.parametrize(
    ("data", "times"),
    [(b"\x30\xff\xff\xff\x7f", 1), (b"\x34\x06\x00\x01a\x00\x01x", 1), (b"\xc0\x00", 20_000)],
    ids=["huge", "twice", "questions"],
)
def test_a_broker_that_sends_more_than_it_was_asked_for_is_left(data: bytes, times: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, health, _, _):
            await connected(broker)
            fake.hears.clear()
            for _ in range(50):
                broker.publish(Message("mbmd/a", bytes(100_000)))
            fake.last.send_raw(data * times)
            await broker.changed(1)
            assert health.trouble == "it sends more than mbmd has asked for"
            fake.hears.set()

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
        async with fake_broker(answer) as fake, running(fake.url, version=version) as (broker, _, task, _):
            await fake.until(lambda: len(fake.connections) > 1)
            fake.answer = well
            await connected(broker)
            assert not task.done()

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_messages_of_every_quality_of_service_come_whole_through_a_pipe_that_is_full(version: str) -> None:
    """Some go past the client library; no packet may be cut in two by another."""

    async def main() -> None:
        async with fake_broker() as fake, running(fake.url, version=version) as (broker, _, _, _):
            await connected(broker)
            wanted = [
                Message(f"mbmd/{i}", bytes([i % 251]) * (1 + i * 97 % 9000), False, i % 5 % 3) for i in range(600)
            ]

            fake.hears.clear()
            for message in wanted:
                broker.publish(message)
                await asyncio.sleep(0)
            fake.hears.set()
            await fake.until(lambda: len(fake.last.published) == len(wanted))
            for qos in (0, 1, 2):
                came = [(p.topic, p.payload) for p in fake.last.published if p.qos == qos]
                assert came == [(m.topic, m.payload) for m in wanted if m.qos == qos]

    play(main())
