"""The readings of one device."""

from array import array
from math import isnan, nan

import pytest

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings


def make() -> DeviceReadings:
    return DeviceReadings("SDM1.1", "SDM", [CATALOGUE[name] for name in ("Power", "Current", "Voltage")])


def column(*values: float) -> "array[float]":
    return array("d", values)


def test_slots_are_in_alphabetical_order() -> None:
    readings = make()
    assert readings.slots == {"Current": 0, "Power": 1, "Voltage": 2}
    assert [m.name for m in readings.measurements] == ["Current", "Power", "Voltage"]


def test_at_first_there_is_nothing() -> None:
    readings = make()
    assert not readings.online
    assert all(map(isnan, readings.latest))
    assert all(map(isnan, readings.mean(5)))
    assert (readings.version, readings.requests, readings.errors) == (0, 0, 0)


def test_a_poll_is_the_latest() -> None:
    readings = make()
    readings.commit(column(1, 2, 3), (), 10, 1_700_000_000.5)
    assert list(readings.latest) == [1, 2, 3]
    assert (readings.online, readings.version, readings.timestamp) == (True, 1, 1_700_000_000.5)


def test_a_blank_column_is_new_each_time() -> None:
    readings = make()
    first = readings.blank()
    first[0] = 1
    assert all(map(isnan, readings.blank()))
    assert all(map(isnan, readings.latest))


def test_kept_slots_have_their_old_value() -> None:
    readings = make()
    readings.commit(column(1, 2, 3), (), 10, 10)
    fresh = column(nan, nan, 30)
    readings.commit(fresh, [0], 11, 11)
    assert readings.latest[0] == 1
    assert isnan(readings.latest[1])
    assert readings.latest[2] == 30
    assert isnan(fresh[0])


def test_the_latest_is_a_snapshot() -> None:
    readings = make()
    readings.commit(column(1, 2, 3), (), 10, 10)
    before = readings.latest
    readings.commit(column(nan, 20, 30), [0], 11, 11)
    readings.go_offline()
    assert list(before) == [1, 2, 3]


def test_means_of_the_last_minute() -> None:
    readings = make()
    for second in range(100):
        readings.commit(column(second, 7, nan), (), 1000 + second, second)
    means = readings.mean(1099.5)
    assert means[0] == pytest.approx(sum(range(40, 100)) / 60)
    assert means[1] == 7
    assert isnan(means[2])


def test_offline_forgets_all_values() -> None:
    readings = make()
    readings.commit(column(1, 2, 3), (), 10, 10)
    readings.go_offline()
    assert not readings.online
    assert all(map(isnan, readings.latest))
    readings.commit(column(5, nan, nan), [1], 11, 11)
    assert readings.latest[0] == 5
    assert isnan(readings.latest[1])
    assert readings.mean(11)[0] == 5
    assert readings.version == 2


def test_texts_are_kept_with_their_slots() -> None:
    readings = DeviceReadings("X1.1", "X", [CATALOGUE["Power"], Measurement("Model", "Model", "", Kind.TEXT)])
    assert readings.texts == {}
    readings.commit(column(nan, 1), (), 10, 10, {"Model": "A"})
    first = readings.texts
    readings.commit(column(nan, 2), [readings.slots["Model"]], 11, 11)
    assert readings.texts == {"Model": "A"}
    readings.commit(column(nan, 3), (), 12, 12)
    assert readings.texts == {}
    readings.commit(column(nan, 3), (), 13, 13, {"Model": "B"})
    readings.go_offline()
    assert readings.texts == {}
    assert first == {"Model": "A"}


def test_devices_that_are_alike_share_what_never_changes_and_nothing_else() -> None:
    one, two = make(), make()
    assert one.slots is two.slots
    one.commit(column(1, 2, 3), (), 10, 0)
    assert all(map(isnan, [*two.latest, *two.mean(10), *two.blank()]))
