"""Readings as topics of their own, and whether who reads them is there."""

from array import array
from math import nan
from typing import Any

from msgspec import structs

from mbmd.config.outputs import Mqtt
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names
from mbmd.sinks.mqtt.plain import Plain
from mbmd.sinks.mqtt.presence import Presence

MODEL = Measurement("Model", "Model", "", Kind.TEXT)


def device(name: str = "") -> DeviceReadings:
    return DeviceReadings("SDM1.1", "SDM", [CATALOGUE["ImportT1"], CATALOGUE["PowerL1"], MODEL], name)


def commit(readings: DeviceReadings, *values: float) -> Update:
    column = array("d", values)
    readings.commit(column, (), 1.0, 1.0)
    return Update(readings, column, 1.0)


def plain(**keys: Any) -> Plain:
    config = structs.replace(Mqtt(), **keys)
    return Plain(config, Names(config))


def presence(**keys: Any) -> Presence:
    config = structs.replace(Mqtt(), **keys)
    return Presence(config, Names(config))


def test_values_have_three_decimals_and_are_not_kept() -> None:
    assert plain().values(commit(device(), 0.0005, nan, -1234.56789)) == [
        Message("mbmd/sdm1-1/Import/T1", b"0.001"),
        Message("mbmd/sdm1-1/Power/L1", b"-1234.568"),
    ]


def test_what_is_no_reading_is_not_published() -> None:
    assert plain().values(commit(device(), nan, nan, nan)) == []


def test_texts_are_published_as_they_are() -> None:
    update = commit(device(), 1, nan, nan)._replace(texts={"Model": "Zähler 3"})
    assert plain(qos=1, retain=True).values(update) == [
        Message("mbmd/sdm1-1/Import/T1", b"1.000", True, 1),
        Message("mbmd/sdm1-1/Model", "Zähler 3".encode(), True, 1),
    ]


def test_kept_readings_are_cleared_when_the_device_goes() -> None:
    dialect, meter = plain(retain=True, qos=2), device()
    assert list(dialect.presents(meter)) == []
    cleared = [Message(f"mbmd/sdm1-1/{path}", b"", True, 2) for path in ("Import/T1", "Model", "Power/L1")]
    assert list(dialect.gone(meter)) == cleared
    assert list(dialect.gone(meter)) == []


def test_nothing_is_cleared_that_is_not_kept() -> None:
    dialect, meter = plain(), device()
    assert list(dialect.presents(meter)) == []
    assert list(dialect.gone(meter)) == []


def test_a_kept_reading_is_cleared_when_the_device_refuses_it() -> None:
    dialect, meter = plain(retain=True), device()
    list(dialect.presents(meter))
    meter.health.refused = ("PowerL1",)
    assert list(dialect.presents(meter)) == [Message("mbmd/sdm1-1/Power/L1", b"", True)]
    assert list(dialect.presents(meter)) == []


def test_kept_readings_move_with_the_name_of_their_device() -> None:
    dialect, meter = plain(retain=True, device="name"), device("A")
    list(dialect.presents(meter))
    meter.name = "B"
    assert [m.topic for m in dialect.presents(meter)] == ["mbmd/A/Import/T1", "mbmd/A/Model", "mbmd/A/Power/L1"]
    assert [m.topic for m in dialect.values(commit(meter, 1, nan, nan))] == ["mbmd/B/Import/T1"]


def test_mbmd_is_connected_until_it_says_or_the_broker_finds_otherwise() -> None:
    dialect = presence(qos=1)
    assert list(dialect.births({})) == [Message("mbmd/status", b"connected", True, 1)]
    assert list(dialect.wills({})) == [Message("mbmd/status", b"disconnected", True, 1)]
    assert list(dialect.farewell({})) == [Message("mbmd/status", b"disconnected", True, 1)]


def test_a_device_is_online_or_offline_as_soon_as_that_is_known() -> None:
    dialect, meter = presence(), device()
    assert list(dialect.states(meter)) == []
    commit(meter, 1, 2, nan)
    assert list(dialect.states(meter)) == [Message("mbmd/sdm1-1/status", b"online", True)]
    meter.go_offline()
    meter.health.gone("no answer")
    assert list(dialect.states(meter)) == [Message("mbmd/sdm1-1/status", b"offline", True)]


def test_at_the_end_all_devices_that_were_told_of_are_offline() -> None:
    dialect, meter = presence(), device()
    commit(meter, 1, 2, nan)
    list(dialect.states(meter))
    assert list(dialect.farewell({})) == [
        Message("mbmd/sdm1-1/status", b"offline", True),
        Message("mbmd/status", b"disconnected", True),
    ]


def test_the_state_of_a_device_that_goes_is_cleared_if_it_was_told() -> None:
    dialect, meter = presence(), device()
    assert list(dialect.gone(meter)) == []
    commit(meter, 1, 2, nan)
    list(dialect.states(meter))
    assert list(dialect.gone(meter)) == [Message("mbmd/sdm1-1/status", b"", True)]
    assert [message.topic for message in dialect.farewell({})] == ["mbmd/status"]


def test_the_state_moves_with_the_name_of_the_device() -> None:
    dialect, meter = presence(device="name"), device("A")
    commit(meter, 1, 2, nan)
    list(dialect.states(meter))
    meter.name = "B"
    assert list(dialect.states(meter)) == [
        Message("mbmd/A/status", b"", True),
        Message("mbmd/B/status", b"online", True),
    ]


def test_devices_that_swap_their_names_clear_nothing_of_each_other() -> None:
    config = Mqtt(device="name")
    dialect = Presence(config, Names(config))
    one, other = device("A"), DeviceReadings("SDM1.2", "SDM", [CATALOGUE["Power"]], "B")
    commit(one, 1, 2, nan)
    other.health.gone("no answer")
    kept = {message.topic: message.payload for meter in (one, other) for message in dialect.states(meter)}
    assert kept == {"mbmd/A/status": b"online", "mbmd/B/status": b"offline"}
    one.name, other.name = "B", "A"
    kept |= {message.topic: message.payload for meter in (one, other) for message in dialect.states(meter)}
    assert kept == {"mbmd/A/status": b"offline", "mbmd/B/status": b"online"}
