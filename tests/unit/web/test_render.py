"""Readings as JSON."""

import asyncio
import gc
import json
import weakref
from array import array
from math import nan
from typing import Any

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.answers import Content
from mbmd.web.render import Cache

STAMP = 1_700_000_000.25


def make(name: str = "SDM1.1") -> DeviceReadings:
    return DeviceReadings(name, "SDM", [CATALOGUE[m] for m in ("Voltage", "Cosphi", "PowerL1", "Import")])


def body(content: Content | None) -> Any:
    assert content is not None
    return json.loads(content.body)


def whole(cache: Cache, devices: list[DeviceReadings]) -> Content:
    return asyncio.run(cache.all(Hub(devices)))


def commit(device: DeviceReadings, *values: float) -> None:
    device.commit(array("d", values), (), 5.0, STAMP)


def test_a_text_is_kept_until_the_next_update() -> None:
    device = make()
    cache = Cache(lambda d: d.latest)
    commit(device, 1, 2, 3, 4)
    first = cache.one(device)
    assert cache.one(device) is first
    commit(device, 5, 6, 7, 8)
    second = cache.one(device)
    assert body(second)["Cosphi"] == 5
    assert cache.one(device) is second


def test_the_text_of_another_device_under_the_same_id_is_its_own() -> None:
    cache = Cache(lambda d: d.latest)
    before, after = make(), make()
    commit(before, 1, 2, 3, 4)
    commit(after, 5, 6, 7, 8)
    assert body(cache.one(before))["Cosphi"] == 1
    assert body(cache.one(after))["Cosphi"] == 5


def test_nothing_is_kept_of_a_device_that_went() -> None:
    cache = Cache(lambda d: d.latest)
    device = make()
    commit(device, 1, 2, 3, 4)
    cache.one(device)
    gone = weakref.ref(device)
    del device
    gc.collect()
    assert gone() is None
    assert not cache._rendered


def test_a_moment_makes_a_text_outdated_too() -> None:
    device = make()
    moment = 0
    cache = Cache(lambda d: d.mean(5.0), lambda: moment)
    commit(device, 1, 2, 3, 4)
    first = cache.one(device)
    assert cache.one(device) is first
    moment = 1
    assert cache.one(device) is not first
    assert body(cache.one(device)) == body(first)


def test_a_device_that_is_offline_has_no_text() -> None:
    device = make()
    cache = Cache(lambda d: d.latest)
    assert cache.one(device) is None
    commit(device, 1, 2, 3, 4)
    cache.one(device)
    device.go_offline()
    assert cache.one(device) is None
    commit(device, 9, 2, 3, 4)
    assert body(cache.one(device))["Cosphi"] == 9


def test_all_devices_that_are_online_by_id() -> None:
    devices = [make("A1.1"), make("B1.2"), make("C1.3")]
    cache = Cache(lambda d: d.latest)
    assert whole(cache, devices).body == b"{}"
    commit(devices[2], 3, 3, 3, 3)
    commit(devices[0], 1, 1, 1, 1)
    every = body(whole(cache, devices))
    assert list(every) == ["A1.1", "C1.3"]
    assert every["C1.3"] == body(cache.one(devices[2]))


def test_all_is_kept_until_a_device_brings_values_goes_or_is_another_one() -> None:
    devices = [make("A1.1"), make("B1.2")]
    hub = Hub(devices)
    cache = Cache(lambda d: d.latest)

    async def every() -> Any:
        whole = await cache.all(hub)
        assert await cache.all(hub) is whole
        return {name: one["Cosphi"] for name, one in body(whole).items()}

    async def main() -> None:
        commit(devices[0], 1, 1, 1, 1)
        commit(devices[1], 2, 2, 2, 2)
        assert await every() == {"A1.1": 1, "B1.2": 2}
        commit(devices[0], 3, 3, 3, 3)
        assert await every() == {"A1.1": 3, "B1.2": 2}
        devices[0].go_offline()
        assert await every() == {"B1.2": 2}
        another = make("B1.2")
        commit(another, 4, 4, 4, 4)
        hub.replace([devices[0], another], ())
        assert await every() == {"B1.2": 4}

    asyncio.run(main())


def test_values_that_come_while_all_is_made_are_in_the_next() -> None:
    device = make()
    hub = Hub([device])
    cache = Cache(lambda d: d.latest)

    async def main() -> None:
        commit(device, 1, 1, 1, 1)
        making = asyncio.create_task(cache.all(hub))
        await asyncio.sleep(0)
        commit(device, 2, 2, 2, 2)
        await making
        assert body(await cache.all(hub))["SDM1.1"]["Cosphi"] == 2

    asyncio.run(main())


def test_texts_stand_among_the_numbers_but_not_in_means() -> None:
    text = Measurement("Model", "Model", "", Kind.TEXT)
    device = DeviceReadings("X1.1", "X", [CATALOGUE["Voltage"], text, CATALOGUE["Cosphi"]])
    device.commit(array("d", [0.5, nan, 230]), (), 5.0, STAMP, {"Model": 'A "quoted" \u20ac'})
    latest = body(Cache(lambda d: d.latest, texts=lambda d: d.texts).one(device))
    assert list(latest) == ["Timestamp", "Unix", "Cosphi", "Model", "Voltage"]
    assert latest["Model"] == 'A "quoted" \u20ac'
    assert "Model" not in body(Cache(lambda d: d.mean(5.0)).one(device))


def test_some_members_of_one_and_of_all() -> None:
    devices = [make("A1.1"), make("B1.2")]
    cache = Cache(lambda d: d.latest)
    commit(devices[1], 1, 2, 3, 4)

    def takes(name: str) -> bool:
        return name in ("Unix", "PowerL1")

    assert cache.some_of_one(devices[0], takes) is None
    assert body(cache.some_of_one(devices[1], takes)) == {"Unix": 1_700_000_000, "PowerL1": 3}
    every = asyncio.run(cache.some_of_all(Hub(devices), takes))
    assert body(every) == {"B1.2": {"Unix": 1_700_000_000, "PowerL1": 3}}
    assert len(body(cache.one(devices[1]))) == 6
