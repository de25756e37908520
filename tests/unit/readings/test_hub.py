"""Updates reach all who want them, and nobody holds anybody up."""

import asyncio
from array import array
from math import nan

from mbmd._native.window import pack
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Subscription, Wants


def device(name: str) -> DeviceReadings:
    return DeviceReadings(name, "SDM", [CATALOGUE["Power"]])


def publish(hub: Hub, name: str, value: float) -> None:
    readings = hub.devices[name]
    column = array("d", [value])
    readings.commit(column, (), value, value)
    hub.publish(readings, column)


async def taken(subscription: Subscription) -> list[tuple[str, float, float]]:
    updates = (await asyncio.wait_for(subscription.take(), 30)).updates
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


def named(device_id: str, name: str) -> DeviceReadings:
    return DeviceReadings(device_id, "SDM", [CATALOGUE["Power"]], name)


def test_a_device_is_found_by_its_id_and_by_its_name_exactly() -> None:
    pump, car = named("SDM1.1", "heat pump"), named("SDM1.2", "")
    hub = Hub([pump, car])
    assert (hub.find("SDM1.1"), hub.find("heat pump"), hub.find("SDM1.2")) == (pump, pump, car)
    for unknown in ("", "sdm1.1", "Heat pump", "heat", "SDM1.3"):
        assert hub.find(unknown) is None


def test_a_name_that_changes_is_found_after_the_next_replacement() -> None:
    pump = named("SDM1.1", "heat pump")
    hub = Hub([pump])
    pump.name = "boiler"
    hub.replace([pump], ())
    assert (hub.find("boiler"), hub.find("heat pump")) == (pump, None)


def test_devices_come_and_go_and_what_was_read_of_those_that_went_is_dropped() -> None:
    async def run() -> None:
        hub = Hub([device("A"), device("B")])
        subscription, kept = hub.subscribe(), hub.devices["B"]
        publish(hub, "A", 1)
        publish(hub, "B", 2)
        hub.replace([device("C"), kept], ())
        assert list(hub.devices) == ["B", "C"]
        assert await taken(subscription) == [("B", 2, 2)]
        publish(hub, "C", 3)
        assert await taken(subscription) == [("C", 3, 3)]

    asyncio.run(run())


def test_another_device_under_the_same_id_is_another_device() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        subscription, before = hub.subscribe(), hub.devices["A"]
        publish(hub, "A", 1)
        hub.replace([device("A")], ())
        assert not hub.has(before)
        assert await taken(subscription) == []
        hub.publish(before, array("d", [2]))  # of a poll that was under way
        publish(hub, "A", 3)
        assert await taken(subscription) == [("A", 3, 3)]

    asyncio.run(run())


def test_who_waits_is_told_that_devices_came_or_went() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        subscription, generation = hub.subscribe(), hub.generation
        waiting = asyncio.create_task(subscription.take())
        await asyncio.sleep(0)
        hub.replace([device("B")], ())
        assert await asyncio.wait_for(waiting, 30) == ([], [])
        assert hub.generation > generation

    asyncio.run(run())


def test_a_set_of_devices_that_somebody_goes_through_does_not_change() -> None:
    hub = Hub([device("A"), device("B")])
    seen = []
    for name in hub.devices:
        hub.replace([device("C")], ())
        seen.append(name)
    assert seen == ["A", "B"]


def test_requests_of_devices_that_went_are_not_forgotten() -> None:
    hub = Hub([device("A"), device("B")])
    gone, stays = hub.devices["A"], hub.devices["B"]
    gone.requests, gone.errors, stays.requests = 5, 2, 7
    hub.replace([stays], ())
    hub.replace([stays], ())
    assert (hub.past_requests, hub.past_errors) == (5, 2)


PAIR = (CATALOGUE["Import"], CATALOGUE["Power"])


def test_a_newer_update_keeps_the_values_that_only_the_older_one_brought() -> None:
    async def run() -> None:
        readings = DeviceReadings("A", "SDM", PAIR)
        hub = Hub([readings])
        subscription = hub.subscribe()
        readings.timestamp = 1.0
        hub.publish(readings, array("d", [7, 1]), {"Firmware": "1.2", "Mode": "old"})
        readings.timestamp = 2.0
        hub.publish(readings, array("d", [nan, 2]), {"Mode": "new"})
        ((update,), _) = await subscription.take()
        assert (update.values.tolist(), update.timestamp) == ([7, 2], 2.0)
        assert update.texts == {"Firmware": "1.2", "Mode": "new"}

    asyncio.run(run())


def test_an_update_of_a_device_that_went_offline_is_dropped() -> None:
    async def run() -> None:
        hub = Hub([device("A"), device("B")])
        newest, every = hub.subscribe(), hub.subscribe(Wants(queue=9))
        publish(hub, "A", 1)
        publish(hub, "B", 2)
        hub.devices["A"].go_offline()
        hub.turn(hub.devices["A"])
        assert [update.device.id for update in (await newest.take()).updates] == ["B"]
        assert [update.device.id for update in (await every.take()).updates] == ["A", "B"]

    asyncio.run(run())


def test_where_each_update_counts_all_come_in_order() -> None:
    async def run() -> None:
        hub = Hub([device("A"), device("B")])
        subscription = hub.subscribe(Wants(queue=3))
        for value in (1, 2):
            publish(hub, "A", value)
        publish(hub, "B", 3)
        assert await taken(subscription) == [("A", 1, 1), ("A", 2, 2), ("B", 3, 3)]
        assert subscription.lost == 0

    asyncio.run(run())


def test_beyond_its_limit_the_oldest_are_lost_and_counted_by_readings() -> None:
    async def run() -> None:
        readings = DeviceReadings("A", "SDM", PAIR)
        hub = Hub([readings])
        subscription = hub.subscribe(Wants(queue=2))
        for value in range(5):
            hub.publish(readings, array("d", [nan if value == 1 else 0, value]), {"Mode": "x"} if value == 2 else {})
        assert [update.values[1] for update in (await subscription.take()).updates] == [3, 4]
        assert subscription.lost == 2 + 1 + 3

    asyncio.run(run())


def test_devices_that_came_or_went_are_told_once_each() -> None:
    async def run() -> None:
        hub = Hub([device("A"), device("B")])
        subscription = hub.subscribe()
        a, b = hub.devices.values()
        for turned in (a, b, a):
            hub.turn(turned)
        assert await subscription.take() == ([], [a, b])
        hub.turn(a)
        hub.replace([b], ())
        hub.turn(a)  # of a poll that was under way
        assert await subscription.take() == ([], [])

    asyncio.run(run())


def test_what_is_lost_of_a_device_that_went_is_still_handed_out_where_each_update_counts() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        subscription = hub.subscribe(Wants(queue=3))
        publish(hub, "A", 1)
        hub.replace([], ())
        assert await taken(subscription) == [("A", 1, 1)]

    asyncio.run(run())


def test_who_wants_only_updates_or_only_states_gets_no_more() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        updates, states = hub.subscribe(Wants(states=False)), hub.subscribe(Wants(updates=False))
        a = hub.devices["A"]
        hub.turn(a)
        publish(hub, "A", 1)
        batch = await updates.take()
        assert ([update.values[0] for update in batch.updates], batch.turned) == ([1], [])
        assert await states.take() == ([], [a])

    asyncio.run(run())


def test_an_update_has_its_column_packed_as_the_device_keeps_it() -> None:
    async def run() -> None:
        hub = Hub([device("A")])
        each, newest = hub.subscribe(Wants(queue=9)), hub.subscribe()
        publish(hub, "A", 1)
        first = (await each.take()).updates[0]
        assert first.packed == pack(array("d", [1]))
        assert first.packed is hub.devices["A"].packed(first.values)
        publish(hub, "A", 2)
        hub.publish(hub.devices["A"], array("d", [3]))
        assert [update.packed for update in (await each.take()).updates] == [pack(array("d", [2])), None]
        assert (await newest.take()).updates[0].packed is None

    asyncio.run(run())
