"""What a sink gets, in the event loop of the daemon and in another."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Hub, Wants
from mbmd.sinks.sink import Feed
from tests.own_sinks import PATIENCE, one_device, poll, values

ALL = Wants(queue=3)


def feed_of(hub: Hub, wants: Wants = ALL) -> Feed:
    return Feed(hub, SinkHealth("own"), wants)


def far(work: Callable[[], Awaitable[None]]) -> Awaitable[None]:
    """Work in an event loop of another thread."""
    return asyncio.to_thread(lambda: asyncio.run(_bounded(work)))


async def _bounded(work: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(PATIENCE):
        await work()


def test_what_found_no_room_is_counted_when_the_next_is_taken() -> None:
    async def main() -> None:
        hub = one_device()
        feed = feed_of(hub)
        for value in range(8):
            poll(hub, value)
        assert values(await feed.take()) == [5, 6, 7]
        assert feed.health.dropped == 5
        poll(hub, 8)
        assert values(await feed.take()) == [8]
        assert feed.health.dropped == 5
        feed.close()

    asyncio.run(main())


def test_in_another_loop_it_waits_and_loses_nothing_by_a_timeout() -> None:
    async def main() -> None:
        hub, home = one_device(), asyncio.get_running_loop()
        feed, waited = feed_of(hub), threading.Event()
        taken: list[float] = []

        async def work() -> None:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(feed.take(), 0.001)
            waited.set()
            while len(taken) < 3:
                taken.extend(values(await feed.take()))

        async def publish() -> None:
            await asyncio.to_thread(waited.wait, PATIENCE)
            for value in (1, 2, 3):
                home.call_soon(poll, hub, value)
                await asyncio.sleep(0)

        await asyncio.gather(far(work), publish())
        assert taken == [1, 2, 3]
        feed.close()

    asyncio.run(main())


def test_in_another_loop_values_are_copies() -> None:
    async def main() -> None:
        hub = one_device()
        feed, (device,) = feed_of(hub), hub.devices.values()
        poll(hub, 5)

        async def work() -> None:
            (update,) = (await feed.take()).updates
            assert update.device is device
            assert update.values is not device.latest
            update.values[0] = 7

        await far(work)
        assert device.latest[0] == 5
        feed.close()

    asyncio.run(main())


def test_it_returns_when_devices_came_or_went() -> None:
    async def main() -> None:
        hub = one_device()
        feed, devices = feed_of(hub), hub.devices

        async def work() -> None:
            assert (await feed.take()).updates == []
            assert set(feed.devices) == {"ABB1.1"}
            assert not feed.has(devices["SDM1.1"])

        task = asyncio.ensure_future(far(work))
        hub.replace([DeviceReadings("ABB1.1", "ABB", [CATALOGUE["Power"]])], ())
        await task
        feed.close()

    asyncio.run(main())


@pytest.mark.parametrize("is_far", [False, True])
def test_closed_it_ends_who_waits_and_refuses_who_comes(is_far: bool) -> None:
    async def main() -> None:
        hub = one_device()
        feed = feed_of(hub)
        waits = threading.Event()

        async def work() -> None:
            waits.set()
            assert (await feed.take()).updates == []
            with pytest.raises(RuntimeError, match="the feed is closed"):
                await feed.take()

        task = asyncio.ensure_future(far(work) if is_far else _bounded(work))
        await asyncio.to_thread(waits.wait, PATIENCE)
        feed.close()
        await task
        assert hub._subscriptions == []

    asyncio.run(main())


def test_another_queue_is_only_for_the_loop_of_the_feed() -> None:
    async def main() -> None:
        hub = one_device()
        feed = feed_of(hub)
        second = feed.subscribe(Wants(states=False))

        async def work() -> None:
            with pytest.raises(RuntimeError, match="another event loop"):
                feed.subscribe(Wants())

        await far(work)
        poll(hub, 1)
        assert values(await second.take()) == values(await feed.take()) == [1]
        feed.close()
        assert hub._subscriptions == []

    asyncio.run(main())


def test_a_feed_shows_the_buses_that_there_are_now() -> None:
    async def watch() -> None:
        bus, other = BusHealth("/dev/ttyUSB0"), BusHealth("meter:502")
        hub = Hub(buses=[bus])
        feed = Feed(hub, SinkHealth("mqtt"), Wants())
        assert feed.buses == (bus,)
        hub.replace([], [other])
        assert feed.buses == (other,)

    asyncio.run(watch())
