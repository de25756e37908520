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
from mbmd.web.answers import Content
from mbmd.web.render import Cache

STAMP = 1_700_000_000.25


def make(name: str = "SDM1.1") -> DeviceReadings:
    return DeviceReadings(name, "SDM", [CATALOGUE[m] for m in ("Voltage", "Cosphi", "PowerL1", "Import")])


def body(content: Content | None) -> Any:
    assert content is not None
    return json.loads(content.body)


def whole(cache: Cache, devices: list[DeviceReadings]) -> Content:
    return asyncio.run(cache.all(devices))


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


def test_texts_stand_among_the_numbers_but_not_in_means() -> None:
    text = Measurement("Model", "Model", "", Kind.TEXT)
    device = DeviceReadings("X1.1", "X", [CATALOGUE["Voltage"], text, CATALOGUE["Cosphi"]])
    device.commit(array("d", [0.5, nan, 230]), (), 5.0, STAMP, {"Model": 'A "quoted" \u20ac'})
    latest = body(Cache(lambda d: d.latest, texts=lambda d: d.texts).one(device))
    assert list(latest) == ["Timestamp", "Unix", "Cosphi", "Model", "Voltage"]
    assert latest["Model"] == 'A "quoted" \u20ac'
    assert "Model" not in body(Cache(lambda d: d.mean(5.0)).one(device))
