"""A sink in a thread of its own: what it does badly holds up nobody."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub, Wants
from mbmd.sinks import apart
from mbmd.sinks.apart import LONGEST_QUEUE, Apart
from mbmd.sinks.sink import Feed, Sink
from tests.own_sinks import (
    PATIENCE,
    Blocking,
    Counting,
    OwnSink,
    clings,
    exits,
    hangs,
    one_device,
    poll,
    raises,
    spoils,
)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(bounded())


def feed_of(hub: Hub, sink: Apart) -> Feed:
    return Feed(hub, SinkHealth("own"), sink.wants)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.001)


async def ended(task: "asyncio.Task[None]", feed: Feed) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    feed.close()


def test_it_lives_in_another_thread_and_gets_all() -> None:
    async def main() -> None:
        hub, own = one_device(), Counting(Wants(queue=1000))
        sink = Apart(own, "mine")
        feed = feed_of(hub, sink)
        task = asyncio.create_task(sink.run(feed))
        await until(lambda: own.runs)
        assert "sink mine" in {thread.name for thread in threading.enumerate()}
        for value in range(100):
            poll(hub, value)
            await asyncio.sleep(0)
        hub.turn(hub.devices["SDM1.1"])
        await until(lambda: own.turned and own.updates == 100)
        assert own.turned == ["SDM1.1 online"]
        assert (feed.health.sent, feed.health.dropped) == (100, 0)
        await ended(task, feed)
        assert own.ended == 1

    run(main)


@pytest.mark.parametrize(
    ("work", "error"),
    [(raises, ZeroDivisionError("as told")), (exits, RuntimeError("SystemExit: it wants to end the daemon"))],
)
def test_it_raises_what_the_sink_raises_and_ends_no_daemon(
    work: Callable[[Feed], Awaitable[None]], error: Exception
) -> None:
    async def main() -> None:
        sink = Apart(OwnSink(work), "own")
        feed = feed_of(one_device(), sink)
        with pytest.raises(type(error)) as caught:
            await sink.run(feed)
        assert str(caught.value) == str(error)
        feed.close()

    run(main)


@pytest.mark.parametrize("error", [None, asyncio.CancelledError(), KeyboardInterrupt()])
def test_however_it_ends_that_is_told(error: BaseException | None) -> None:
    async def work(feed: Feed) -> None:
        if error is not None:
            raise error

    async def main() -> None:
        sink = Apart(OwnSink(work), "own")
        feed = feed_of(one_device(), sink)
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(RuntimeError, match="KeyboardInterrupt"):
                await sink.run(feed)
        else:
            await sink.run(feed)
        feed.close()

    run(main)


def test_one_that_blocks_its_thread_holds_up_nobody_and_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "LAST_WORDS", 0.05)
    goes_on, blocked = threading.Event(), threading.Event()

    async def main() -> None:
        hub = one_device()
        bad, own = Apart(Blocking(goes_on, blocked), "bad"), Counting(Wants(queue=1000))
        good = Apart(own, "good")
        feeds = [feed_of(hub, bad), feed_of(hub, good)]
        tasks = [asyncio.create_task(sink.run(feed)) for sink, feed in zip((bad, good), feeds, strict=True)]
        await until(lambda: own.runs and blocked.is_set())
        for value in range(100):
            poll(hub, value)
            await asyncio.sleep(0)
        await until(lambda: own.updates == 100)
        started = time.monotonic()
        for task, feed in zip(tasks, feeds, strict=True):
            await ended(task, feed)
        assert time.monotonic() - started < PATIENCE / 2
        assert all(thread.daemon for thread in threading.enumerate() if thread.name == "sink bad")

    try:
        run(main)
    finally:
        goes_on.set()


def test_one_that_ignores_its_end_is_left_alone_and_ends_with_its_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "LAST_WORDS", 0.05)

    async def main() -> None:
        sink = Apart(OwnSink(clings), "clinging")
        feed = feed_of(one_device(), sink)
        task = asyncio.create_task(sink.run(feed))
        await until(lambda: "sink clinging" in {thread.name for thread in threading.enumerate()})
        await ended(task, feed)
        await until(lambda: "sink clinging" not in {thread.name for thread in threading.enumerate()})

    run(main)


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_it_may_end_before_it_has_begun(turns: int) -> None:
    async def main() -> None:
        sink = Apart(OwnSink(hangs), "own")
        feed = feed_of(one_device(), sink)
        task = asyncio.create_task(sink.run(feed))
        for _ in range(turns):
            await asyncio.sleep(0)
        await ended(task, feed)
        await until(lambda: "sink own" not in {thread.name for thread in threading.enumerate()})

    run(main)


def test_what_it_waits_for_at_its_end_is_waited_for() -> None:
    begun, tidied = threading.Event(), threading.Event()

    async def work(feed: Feed) -> None:
        try:
            begun.set()
            await feed.take()
        finally:
            await asyncio.sleep(0.05)
            tidied.set()

    async def main() -> None:
        sink = Apart(OwnSink(work), "own")
        feed = feed_of(one_device(), sink)
        task = asyncio.create_task(sink.run(feed))
        await until(begun.is_set)
        await ended(task, feed)
        assert tidied.is_set()

    run(main)


def test_threads_that_it_starts_by_asyncio_keep_no_process_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "LAST_WORDS", 0.05)
    goes_on, there = threading.Event(), threading.Event()
    results: list[Any] = []

    def work_there() -> None:
        results.append(threading.current_thread().daemon)
        there.set()
        goes_on.wait(PATIENCE)

    async def work(feed: Feed) -> None:
        results.append(await asyncio.to_thread(pow, 2, 5))
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.to_thread(work_there)

    async def main() -> None:
        sink = Apart(OwnSink(work), "own")
        feed = feed_of(one_device(), sink)
        task = asyncio.create_task(sink.run(feed))
        await until(there.is_set)
        await ended(task, feed)
        assert results == [32, True]

    try:
        run(main)
    finally:
        goes_on.set()


def test_what_it_changes_of_its_values_nobody_else_sees() -> None:
    async def main() -> None:
        hub = one_device()
        bad, good = Apart(OwnSink(spoils, Wants(queue=1000)), "bad"), hub.subscribe()
        feed = feed_of(hub, bad)
        task = asyncio.create_task(bad.run(feed))
        for value in range(1, 50):
            poll(hub, value)
            assert (await good.take()).updates[0].values[0] == value
            await asyncio.sleep(0)
        assert hub.devices["SDM1.1"].latest[0] == 49
        await ended(task, feed)

    run(main)


class Wrong:
    """What is no sink."""

    def __init__(self, wants: object, is_async: bool = True) -> None:
        self.wants = wants
        if not is_async:
            vars(self)["run"] = print

    async def run(self, feed: Feed) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        (Wrong(None), "wants must be Wants"),
        (Wrong((True, True, 0)), "wants must be Wants"),
        (Wrong(Wants(queue=-1)), f"a queue of 0 to {LONGEST_QUEUE}"),
        (Wrong(Wants(queue=LONGEST_QUEUE + 1)), f"a queue of 0 to {LONGEST_QUEUE}"),
        (Wrong(Wants(queue=cast("int", 1.5))), f"a queue of 0 to {LONGEST_QUEUE}"),
        (Wrong(Wants(), is_async=False), "run must be an async function"),
    ],
)
def test_what_is_no_sink_is_refused(wrong: Any, trouble: str) -> None:
    with pytest.raises(TypeError, match=trouble):
        Apart(cast("Sink", wrong), "own")
