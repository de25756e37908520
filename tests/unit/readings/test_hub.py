"""Updates reach all who want them, and nobody holds anybody up."""

import asyncio
from array import array

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Subscription


def device(name: str) -> DeviceReadings:
    return DeviceReadings(name, "SDM", [CATALOGUE["Power"]])


def publish(hub: Hub, name: str, value: float) -> None:
    readings = hub.devices[name]
    column = array("d", [value])
    readings.commit(column, (), value, value)
    hub.publish(readings, column)


async def taken(subscription: Subscription) -> list[tuple[str, float, float]]:
    updates = await asyncio.wait_for(subscription.take(), 30)
    return [(update.device.id, update.values[0], update.timestamp) for update in updates]


def test_devices_are_sorted_by_id() -> None:
    assert list(Hub([device("SDM2.1"), device("ABB1.1"), device("SDM10.1")]).devices) == ["ABB1.1", "SDM10.1", "SDM2.1"]


def test_every_subscriber_gets_every_update() -> None:
    async def run() -> None:
        hub = Hub([device("A"), device("B")])
        first, second = hub.subscribe(), hub.subscribe()
        publish(hub, "A", 1)
        assert await taken(first) == [("A", 1, 1)]
        publish(hub, "B", 2)
        assert await taken(first) == [("B", 2, 2)]
        assert await taken(second) == [("A", 1, 1), ("B", 2, 2)]

    asyncio.run(run())


def test_who_is_slow_has_one_update_for_each_device() -> None:
    async def run() -> None:
        hub = Hub([device("A"), device("B")])
        slow = hub.subscribe()
        for value in range(1000):
            publish(hub, "A", value)
        publish(hub, "B", 5)
        publish(hub, "A", 2000)
        assert await taken(slow) == [("A", 2000, 2000), ("B", 5, 5)]

    asyncio.run(run())


def test_it_waits_for_an_update() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        subscription = hub.subscribe()
        waiting = asyncio.create_task(taken(subscription))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        publish(hub, "A", 1)
        assert await waiting == [("A", 1, 1)]

    asyncio.run(run())


def test_cancelled_it_loses_nothing() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        subscription = hub.subscribe()
        waiting = asyncio.create_task(subscription.take())
        await asyncio.sleep(0)
        publish(hub, "A", 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await taken(subscription) == [("A", 1, 1)]

    asyncio.run(run())


def test_a_subscription_ends() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        ended, goes_on = hub.subscribe(), hub.subscribe()
        hub.unsubscribe(ended)
        publish(hub, "A", 1)
        assert await taken(goes_on) == [("A", 1, 1)]
        waiting = asyncio.create_task(ended.take())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(run())
