"""One JSON object for a device and poll."""

import json
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
from mbmd.sinks.mqtt.objects import Objects

STAMP = 1_700_000_000.25


def device(name: str = "") -> DeviceReadings:
    model = Measurement("Model", "Model", "", Kind.TEXT)
    return DeviceReadings("SDM1.1", "SDM", [CATALOGUE["Import"], CATALOGUE["PowerL1"], model], name)


def objects(**keys: Any) -> Objects:
    config = structs.replace(Mqtt(payload="json"), **keys)
    return Objects(config, Names(config))


def test_an_object_has_the_time_of_its_update_and_all_its_values() -> None:
    update = Update(device(), array("d", [nan, nan, 1.5]), STAMP, {"Model": "Z"})
    (message,) = objects(qos=1, retain=True).values(update)
    assert message._replace(payload=b"") == Message("mbmd/sdm1-1", b"", True, 1)
    body = json.loads(message.payload)
    assert body.pop("Timestamp").startswith("2023-11-1")
    assert body == {"Unix": 1_700_000_000, "Model": "Z", "PowerL1": 1.5}


def test_the_topic_is_that_of_the_template() -> None:
    dialect = objects(json_template="{root}/{place}/{name}/json")
    (message,) = dialect.values(Update(device("Heat pump"), array("d", [1, nan, 1.5]), STAMP))
    assert message.topic == "mbmd/Heat pump/json"


def test_a_kept_object_is_cleared_when_its_device_goes_or_is_renamed() -> None:
    dialect, meter = objects(retain=True, device="name"), device("A")
    assert list(dialect.presents(meter)) == []
    meter.name = "B"
    assert list(dialect.presents(meter)) == [Message("mbmd/A", b"", True)]
    assert list(dialect.presents(meter)) == []
    assert list(dialect.gone(meter)) == [Message("mbmd/B", b"", True)]
    assert list(dialect.gone(meter)) == []


def test_nothing_is_cleared_that_is_not_kept() -> None:
    dialect, meter = objects(), device()
    assert [*dialect.presents(meter), *dialect.gone(meter)] == []
