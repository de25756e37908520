"""How a connection to a broker ends on purpose."""

import asyncio

import pytest

from tests.fake_broker import (
    CONNECT,
    DISCONNECT,
    PUBLISH,
    fake_broker,
    greeting,
)
from tests.running_broker import connected, eventually, messages, play, running


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_last_messages_come_before_the_goodbye(qos: int) -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url, last_words=20.0) as (broker, health, task, _):
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
        async with fake_broker() as fake, running(fake.url, last_words=20.0) as (broker, _, task, _):
            await connected(broker)
            task.cancel()
            await asyncio.wait([task])
            await broker.close(messages(1))
            await fake.last.ended.wait()
            assert fake.last.kinds() == [CONNECT, PUBLISH, DISCONNECT]

    play(main())


def test_a_broker_that_does_not_listen_holds_up_the_goodbye_for_no_longer_than_allowed() -> None:
    async def main() -> None:
        async with fake_broker(greeting()) as fake, running(fake.url) as (broker, health, task, _):
            await connected(broker)
            await broker.close(messages(3))
            await fake.last.ended.wait()
            assert DISCONNECT not in fake.last.kinds()
            assert (health.connected, health.dropped) == (False, 3)
            await task

    play(main())


def test_a_pause_ends_with_close() -> None:
    async def main() -> None:
        async with fake_broker(greeting(5)) as fake, running(fake.url, pause=1000.0) as (broker, health, task, _):
            await eventually(lambda: health.failures > 0)
            await broker.close(messages(1))
            await task

    play(main())


def test_a_connection_that_has_not_been_greeted_goes_when_run_is_cancelled() -> None:
    async def main() -> None:
        async with fake_broker(lambda *_: None) as fake, running(fake.url) as (_, _, task, _):
            await fake.until(lambda: bool(fake.connections) and fake.last.kinds() == [CONNECT])
            task.cancel()
            await asyncio.wait([task])
            await fake.last.ended.wait()

    play(main())


def test_who_waits_for_a_change_may_be_cancelled_and_others_wait_on() -> None:
    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, _, _, _):
            waiting = [asyncio.create_task(broker.changed(0)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await waiting[1]
            assert broker.connected
            await broker.changed(17)

    play(main())


def test_a_broker_that_still_tells_what_it_keeps_is_heard_out() -> None:
    """A socket that is closed with unread data is reset, and a broker that writes to it forgets what was said last."""
    ends: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(bytes((0x20, 2, 0, 0)))
        while not (await reader.read(1 << 16)).endswith(bytes((DISCONNECT << 4, 0))):
            pass
        try:
            writer.write(bytes(1 << 23))
            await writer.drain()
            ends.append("heard" if not await reader.read() else "more")
        except ConnectionError as error:
            ends.append(type(error).__name__)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, running(url, last_words=20.0) as (broker, _, task, _):
            await connected(broker)
            await broker.close(messages(3, 0))
            await eventually(lambda: bool(ends))
            await task
        assert ends == ["heard"]

    play(main())


def test_a_broker_that_does_not_close_after_the_goodbye_is_waited_for_no_longer_than_allowed() -> None:
    async def main() -> None:
        said, over = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1 << 16)
            writer.write(bytes((0x20, 2, 0, 0)))
            await reader.read()
            said.set()
            await over.wait()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, running(url) as (broker, health, task, _):
            await connected(broker)
            await broker.close(messages(3, 0))
            assert (health.connected, health.sent, health.trouble) == (False, 3, "")
            await said.wait()
            over.set()
            await task

    play(main())
