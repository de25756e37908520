"""The parts of discovery: ids, expiry, templates, and what is kept of earlier times."""

from math import inf
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.outputs import Mqtt
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.sinks.mqtt.discovery import LARGEST, bus_ids, expires, from_object, object_id, own_platforms, payload, sensor
from tests.homeassistant import CONFIG_TOPIC, problems

POWER = CATALOGUE["Power"]


@given(st.text())
def test_any_text_makes_an_id_that_a_topic_can_have(text: str) -> None:
    assert CONFIG_TOPIC.fullmatch(f"homeassistant/device/{object_id(text)}/config")


@pytest.mark.parametrize("text", ["mbmd", "mbmd_2", "haus-1", "SDM1-1"])
def test_a_text_that_can_be_an_id_is_one(text: str) -> None:
    assert object_id(text) == text


@pytest.mark.parametrize(("one", "other"), [("a b", "a.b"), ("ä", "ö"), ("", "-"), ("haus.1", "haus-1")])
def test_texts_that_cannot_be_ids_keep_apart(one: str, other: str) -> None:
    assert object_id(one) != object_id(other)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/dev/ttyUSB0", "dev-ttyUSB0"),
        ("192.168.0.7:502", "192-168-0-7-502"),
        ("[::1]:502", "1--502"),
        ("mock", "mock"),
    ],
)
def test_a_bus_is_called_by_its_address(address: str, name: str) -> None:
    assert bus_ids([address]) == {address: name}


@given(st.lists(st.text(alphabet="/dev.:-ty0ä", max_size=6), unique=True))
def test_buses_keep_apart(addresses: list[str]) -> None:
    ids = bus_ids(addresses)
    assert list(ids) == addresses
    assert len(set(ids.values())) == len(addresses)
    assert all(CONFIG_TOPIC.fullmatch(f"homeassistant/device/{name}/config") for name in ids.values())


def polled(rate: float, **rates: float) -> DeviceReadings:
    device = DeviceReadings("SDM1.1", "SDM", [POWER, CATALOGUE["Import"]])
    device.health.rate = rate
    device.health.rates = rates
    return device


@pytest.mark.parametrize(
    ("config", "rate", "seconds"),
    [
        (Mqtt(), 0.0, 120),
        (Mqtt(), 1.0, 123),
        (Mqtt(), 0.25, 121),
        (Mqtt(), 60.0, 300),
        (Mqtt(), inf, None),
        (Mqtt(rate=10.0), 1.0, 150),
        (Mqtt(rate=10.0), 30.0, 210),
        (Mqtt(silence=0.0), 1.0, 123),
        (Mqtt(on_change=True, silence=300.0), 1.0, 1023),
        (Mqtt(on_change=True, silence=0.0), 1.0, None),
        (Mqtt(on_change=True, silence=300.0), inf, None),
    ],
)
def test_a_value_expires_when_some_were_missed(config: Mqtt, rate: float, seconds: int | None) -> None:
    assert expires(config, polled(1.0, Power=rate), POWER) == seconds


def test_each_measurement_expires_by_its_own_rate() -> None:
    device = polled(1.0, Power=1.0, Import=60.0)
    assert [expires(Mqtt(), device, m) for m in device.measurements] == [300, 123]
    assert expires(Mqtt(), polled(20.0), POWER) == 180


def test_a_number_that_an_object_lacks_is_ignored() -> None:
    component = from_object(POWER, sensor(POWER, "mbmd/sdm1-1", 123))
    assert component["value_template"] == "{{ (value_json | default({}))['Power'] | default('') }}"


def test_a_text_that_an_object_lacks_stays_what_it_is() -> None:
    text = Measurement("Tariff", "Tariff", "", Kind.TEXT)
    component = from_object(text, sensor(text, "mbmd/sdm1-1", None))
    assert component == {
        "platform": "sensor",
        "name": "Tariff",
        "state_topic": "mbmd/sdm1-1",
        "value_template": "{{ (value_json | default({}))['Tariff'] | default(this.state) }}",
    }


def body(**changes: Any) -> dict[str, Any]:
    device = {"identifiers": ["mbmd_SDM1.1"], "name": "SDM1.1", "via_device": "mbmd", "model": ""}
    made: dict[str, Any] = orjson.loads(payload(device, {"Power": sensor(POWER, "mbmd/p", None)}, (), 0))
    return {**made, **changes}


def test_what_is_not_known_of_a_device_is_left_out() -> None:
    assert body()["device"] == {"identifiers": ["mbmd_SDM1.1"], "name": "SDM1.1", "via_device": "mbmd"}
    assert problems("homeassistant/device/x/config", orjson.dumps(body())) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"device": {"identifiers": ["mbmd"], "name": "mbmd"}},
        {"components": {"Power": {"platform": "sensor"}, "x": {"platform": "light"}, "y": {"platform": []}, "z": 5}},
    ],
)
def test_own_discoveries_are_known_by_the_daemon_that_they_are_behind(changes: dict[str, Any]) -> None:
    assert own_platforms(orjson.dumps(body(**changes)), "mbmd") == {"Power": "sensor"}


@pytest.mark.parametrize(
    "retained",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"1" * 1000,
        b"[" * 100_000,
        orjson.dumps(body()) + b" " * LARGEST,
        orjson.dumps(body(origin={"name": "zigbee2mqtt"})),
        orjson.dumps(body(origin="mbmd")),
        orjson.dumps(body(device={"identifiers": ["mbmd_SDM1.1"]})),
        orjson.dumps(body(device={"identifiers": ["mbmd", "other"]})),
        orjson.dumps(body(device={"identifiers": ["x"], "via_device": "mbmd_2"})),
        orjson.dumps(body(device={"identifiers": ["x"], "via_device": ["mbmd"]})),
        orjson.dumps(body(device=7)),
    ],
)
def test_discoveries_of_others_are_not_ours(retained: bytes) -> None:
    assert own_platforms(retained, "mbmd") is None


@given(st.binary())
def test_anything_may_be_kept(retained: bytes) -> None:
    assert own_platforms(retained, "mbmd") is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "platform", "x"]), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("device", "origin", "components"), _JSON)))
def test_any_object_may_be_kept(kept: dict[str, Any]) -> None:
    assert own_platforms(orjson.dumps(kept), "mbmd") is None
    ours = own_platforms(orjson.dumps({**body(), "components": kept.get("components")}), "mbmd")
    assert ours is not None
    assert set(ours.values()) <= {"sensor", "binary_sensor"}
