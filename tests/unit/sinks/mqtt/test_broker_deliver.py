"""Messages whose sender waits until the broker has them."""

import asyncio

import pytest

from mbmd.sinks.mqtt import link
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from tests.fake_broker import (
    CONNECT,
    PUBLISH,
    PUBREC,
    Connection,
    Packet,
    fake_broker,
    greeting,
    well,
)
from tests.running_broker import connected, eventually, messages, play, running


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_delivered_is_what_the_broker_has(version: str, qos: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url, version=version, qos=qos) as (broker, health, _, _):
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
        async with fake_broker(some) as fake, running(fake.url) as (broker, _, _, _):
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


def test_what_a_broker_takes_only_in_its_own_way_is_not_sent_twice_either() -> None:
    def some(connection: Connection, packet: Packet) -> None:
        if packet.kind == CONNECT:
            connection.greet(0, b"\x24\x01\x25\x00")  # QoS 1 at the most, nothing retained
        elif packet.kind == PUBLISH and len(connection.published) == 1:
            connection.acknowledge(connection.published[-1].mid)
            asyncio.get_running_loop().call_soon(connection.close)

    async def main() -> None:
        async with fake_broker(some) as fake, running(fake.url, version="5", qos=2) as (broker, _, _, _):
            await connected(broker)
            kept = [message._replace(retain=True, qos=2) for message in messages(2)]
            with pytest.raises(AwayError):
                await broker.deliver(kept)
            await broker.changed(1)
            await connected(broker)
            await broker.deliver(kept)
            assert [p[:4] for p in fake.last.published] == [("mbmd/1", b"1", 1, False)]

    play(main())


def test_what_was_acknowledged_counts_for_parts_of_the_same_messages_and_for_no_others() -> None:
    def refuse_one(connection: Connection, packet: Packet) -> None:
        if packet.kind == PUBLISH and connection.published[-1].topic == "mbmd/2":
            connection.acknowledge(connection.published[-1].mid, 0x87)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(refuse_one) as fake, running(fake.url, version="5") as (broker, _, _, _):
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
        async with fake_broker(full) as fake, running(fake.url, version="5", qos=1) as (broker, health, _, _):
            await connected(broker)
            with pytest.raises(AwayError, match="does not take messages now: Quota exceeded") as caught:
                await broker.deliver(messages(2))
            assert caught.value.pause > 0
            broker.publish(messages(1)[0])
            await eventually(lambda: health.refused > 0)

    play(main())


def test_a_broker_that_acknowledges_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.05)
    monkeypatch.setattr(link, "TICK", 0.02)

    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake.url) as (broker, health, _, _):
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
    monkeypatch.setattr(link, "TICK", 0.02)

    def slowly(connection: Connection, packet: Packet) -> None:
        if packet.kind == PUBLISH:
            mid = connection.published[-1].mid
            asyncio.get_running_loop().call_later(0.04 * mid, connection.acknowledge, mid)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(slowly) as fake, running(fake.url) as (broker, _, _, _):
            await connected(broker)
            await broker.deliver(messages(10))
            assert broker.session == 1

    play(main())


def test_who_gives_up_a_delivery_leaves_nothing_to_be_sent() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake.url) as (broker, _, _, _):
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


def test_an_unused_kind_of_acknowledgement_is_ignored() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, health, _, _):
            await connected(broker)
            fake.last.acknowledge(77)
            fake.last.acknowledge(78, kind=PUBREC)
            await broker.deliver(messages(1))
            assert (broker.session, health.sent) == (1, 0)

    play(main())


def test_a_connection_that_goes_while_messages_are_handed_over_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)

    def closing(connection: Connection, packet: Packet) -> None:
        if packet.kind == CONNECT:
            connection.greet()
        elif packet.kind == PUBLISH:
            connection.close()

    async def main() -> None:
        async with fake_broker(closing) as fake, running(fake.url) as (broker, _, _, _):
            await connected(broker)
            async with asyncio.timeout(10):
                with pytest.raises(AwayError, match="it closed the connection"):
                    await broker.deliver(messages(5000))

    play(main())


def test_what_was_not_sent_before_the_connection_went_is_sent_by_the_next_to_a_broker_of_qos_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)

    def closing(connection: Connection, packet: Packet) -> None:
        if packet.kind == CONNECT:
            connection.greet(0, b"\x24\x00")  # QoS 0 at the most
        elif packet.kind == PUBLISH:
            connection.close()

    async def main() -> None:
        async with fake_broker(closing) as fake, running(fake.url, version="5", qos=1) as (broker, _, _, _):
            await connected(broker)
            with pytest.raises(AwayError, match="it closed the connection"):
                await broker.deliver(messages(5000))
            assert sum(broker._delivered.values()) < 5000

    play(main())
