"""A sink is kept running, whatever befalls it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.sinks import keeper
from mbmd.sinks.keeper import keep
from mbmd.sinks.sink import Feed
from tests.own_sinks import OwnSink, one_device, raises
from tests.virtual_time import now, run


@pytest.fixture(autouse=True)
def virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "monotonic", now)


async def kept(work: Callable[[Feed], Awaitable[None]], seconds: float, hub: Hub | None = None) -> SinkHealth:
    """The account of a sink that was kept for so long."""
    health, hub = SinkHealth("own"), hub or one_device()
    task = asyncio.create_task(keep(OwnSink(work), hub, health))
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert hub._subscriptions == []
    return health


def scripted(*deeds: Callable[[], Coroutine[Any, Any, None]]) -> tuple[Callable[[Feed], Awaitable[None]], list[float]]:
    """A sink that does something else at each run, and the moments of these; the last goes on for ever."""
    moments: list[float] = []

    async def work(feed: Feed) -> None:
        moments.append(now())
        await deeds[min(len(moments), len(deeds)) - 1]()

    return work, moments


async def fail() -> None:
    raise ZeroDivisionError


def pauses(moments: list[float]) -> list[float]:
    return [round(after - before, 3) for before, after in pairwise(moments)]


def test_pauses_grow_to_a_minute_while_it_fails() -> None:
    work, moments = scripted(fail)
    health = run(kept(work, 250))
    assert pauses(moments) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert health.failures == 10


def test_after_a_minute_without_trouble_they_begin_anew() -> None:
    async def work_for_a_while() -> None:
        await asyncio.sleep(61)
        raise ZeroDivisionError

    work, moments = scripted(fail, fail, fail, work_for_a_while, fail)
    run(kept(work, 72))
    assert pauses(moments) == [1, 2, 4, 62, 2]


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (ValueError("bad"), "it failed with ValueError: bad"),
        (ValueError(), "it failed with ValueError"),
        (OSError(5, "at http://me:pw@host/x"), "it failed with OSError: [Errno 5] at http://********@host/x"),
        (ValueError("two\nlines\t" + 1000 * "x"), f"it failed with ValueError: two lines {290 * 'x'}..."),
        (asyncio.CancelledError(), "it was cancelled from within"),
        (ExceptionGroup("two", [ValueError("a")]), "it failed with ExceptionGroup: two (1 sub-exception)"),
        (None, "it ended by itself"),
    ],
)
def test_why_it_ended_is_told_in_a_line_without_secrets(
    error: BaseException | None, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(feed: Feed) -> None:
        feed.health.connected = True
        if error is not None:
            raise error

    health = run(kept(work, 0.5))
    assert (health.trouble, health.connected, health.failures) == (trouble, False, 1)
    assert [record.getMessage() for record in caplog.records] == [f"sink own: {trouble}: it is started again in 1s"]


def test_an_error_that_cannot_be_told_is_named() -> None:
    class Untold(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise ValueError

    async def work(feed: Feed) -> None:
        raise Untold

    assert run(kept(work, 0.5)).trouble == "it failed with Untold"


def test_each_run_has_a_feed_of_its_own() -> None:
    feeds: list[Feed] = []

    async def work(feed: Feed) -> None:
        feeds.append(feed)
        raise ZeroDivisionError

    async def main() -> None:
        hub = one_device()
        health = await kept(work, 10, hub)
        assert len(set(feeds)) == len(feeds) == 4
        assert all(feed.health is health for feed in feeds)
        with pytest.raises(RuntimeError):
            await feeds[0].take()

    run(main())


@pytest.mark.parametrize("error", [None, ValueError("late")])
def test_one_that_returns_or_fails_when_it_is_to_end_is_not_started_again(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(feed: Feed) -> None:
        try:
            await feed.take()
        except asyncio.CancelledError:
            if error is not None:
                raise error from None

    health = run(kept(work, 1))
    assert (health.failures, caplog.records) == (0, [])


def test_a_fault_of_one_is_none_of_another() -> None:
    async def main() -> None:
        hub = one_device()
        bad, health = asyncio.create_task(keep(OwnSink(raises), hub, SinkHealth("bad"))), SinkHealth("good")

        async def work(feed: Feed) -> None:
            while True:
                feed.health.sent += len((await feed.take()).updates)

        good = asyncio.create_task(keep(OwnSink(work), hub, health))
        for value in range(100):
            await asyncio.sleep(1)
            (device,) = hub.devices.values()
            hub.publish(device, device.blank())
            assert health.sent == value
        for task in (bad, good):
            task.cancel()
        await asyncio.gather(bad, good, return_exceptions=True)
        assert health.failures == 0

    run(main())
