"""Discovery by Home Assistant, each message checked key by key against what is documented."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.outputs import Mqtt
from mbmd.devices.registry import BUILT_IN
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.health import BusHealth
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.dialect import Words
from mbmd.sinks.mqtt.homeassistant import HomeAssistant
from mbmd.sinks.mqtt.names import Names
from tests.homeassistant import problems

if TYPE_CHECKING:
    from mbmd.sinks.mqtt.message import Message

CONFIG = Mqtt(broker="localhost", homeassistant="homeassistant")
MBMD = "homeassistant/device/mbmd/config"
SDM = "homeassistant/device/mbmd_SDM1-1/config"
BUS = "homeassistant/device/mbmd_bus_dev-ttyUSB0/config"


def dialect(config: Mqtt = CONFIG) -> HomeAssistant:
    return HomeAssistant(config, Names(config))


def device_of(*names: str, device_id: str = "SDM1.1", **more: Any) -> DeviceReadings:
    device = DeviceReadings(device_id, "SDM", [CATALOGUE[name] for name in names or ("Power", "Import")], **more)
    device.health.rate = 1.0
    return device


class Broker:
    """What a broker keeps of messages, all of which must be kept and, where they are discoveries, taken."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.seen: list[Message] = []

    def take(self, messages: Words) -> "Broker":
        for message in filter(None, messages):
            assert message.retain
            if message.topic.endswith("/config") and message.payload:
                assert problems(message.topic, message.payload) == []
            self.seen.append(message)
            self.kept[message.topic] = message.payload
            if not message.payload:
                del self.kept[message.topic]
        return self

    def at(self, topic: str) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads(self.kept[topic])
        return body

    def outdated(self, dialect: HomeAssistant, devices: Mapping[str, DeviceReadings]) -> "Broker":
        """Let a dialect clear what it wants to know of."""
        [pattern] = dialect.watches(devices)
        found = {topic: text for topic, text in self.kept.items() if fnmatchcase(topic, pattern.replace("+", "*"))}
        return self.take(dialect.outdated(devices, found))


def announced(device: DeviceReadings, config: Mqtt = CONFIG) -> dict[str, Any]:
    return Broker().take(dialect(config).presents(device)).at(SDM)


@pytest.mark.parametrize("payload", ["plain", "json", "both"])
@pytest.mark.parametrize("name", BUILT_IN.names())
def test_every_type_of_device_is_taken(name: str, payload: str) -> None:
    of_type = BUILT_IN.get(name)
    device = DeviceReadings(f"{name}1.1", name, of_type.measurements.values())
    device.descriptor = Descriptor(of_type.manufacturer, of_type.description)
    config = Mqtt(broker="localhost", homeassistant="homeassistant", payload=payload)
    broker = Broker().take(dialect(config).presents(device))
    [topic, _] = broker.kept
    body = broker.at(topic)
    assert [key for key in body["components"] if not key.startswith("_")] == [m.name for m in device.measurements]
    energy = [c for c in body["components"].values() if c.get("unit_of_measurement") == "kWh"]
    assert all(c["device_class"] == "energy" and c["state_class"].startswith("total") for c in energy)


def test_a_device_is_described() -> None:
    device = device_of(name="Heat pump", place="Cellar")
    device.descriptor = Descriptor("Eastron", "SDM630", version="1.2", serial="0815")
    body = announced(device)
    assert body["device"] == {
        "identifiers": ["mbmd_SDM1.1"],
        "name": "Heat pump",
        "manufacturer": "Eastron",
        "model": "SDM630",
        "model_id": "SDM",
        "serial_number": "0815",
        "sw_version": "1.2",
        "suggested_area": "Cellar",
        "via_device": "mbmd",
    }
    assert body["origin"]["name"] == "mbmd"


def test_a_device_that_says_nothing_of_itself_has_its_id() -> None:
    expected = {"identifiers": ["mbmd_SDM1.1"], "name": "SDM1.1", "model_id": "SDM", "via_device": "mbmd"}
    assert announced(device_of())["device"] == expected


def test_a_sensor_is_available_while_mbmd_and_its_device_are() -> None:
    body = announced(device_of(), Mqtt(broker="b", homeassistant="homeassistant", qos=1))
    assert body["availability_mode"] == "all"
    assert body["availability"] == [
        {"topic": "mbmd/status", "payload_available": "connected", "payload_not_available": "disconnected"},
        {"topic": "mbmd/sdm1-1/status", "payload_available": "online", "payload_not_available": "offline"},
    ]
    assert body["qos"] == 1


def test_a_sensor_reads_the_topic_of_its_measurement() -> None:
    assert announced(device_of())["components"]["Import"] == {
        "platform": "sensor",
        "name": "Total Import",
        "unique_id": "mbmd_SDM1.1_Import",
        "state_topic": "mbmd/sdm1-1/Import",
        "device_class": "energy",
        "state_class": "total_increasing",
        "unit_of_measurement": "kWh",
        "suggested_display_precision": 2,
        "expire_after": 123,
    }


def test_with_json_alone_a_sensor_reads_the_object_of_its_device() -> None:
    config = Mqtt(broker="b", homeassistant="homeassistant", payload="json")
    power = announced(device_of(), config)["components"]["Power"]
    assert power["state_topic"] == "mbmd/sdm1-1"
    assert power["value_template"] == "{{ (value_json | default({}))['Power'] | default('') }}"


def test_a_text_is_a_sensor_without_classes() -> None:
    device = DeviceReadings("SDM1.1", "SDM", [Measurement("Tariff", "Tariff", "", Kind.TEXT)])
    assert announced(device)["components"]["Tariff"].keys() == {
        "platform",
        "name",
        "unique_id",
        "state_topic",
        "expire_after",
    }


def test_the_diagnostics_of_a_device_are_there_while_mbmd_is() -> None:
    components = announced(device_of())["components"]
    about = {key: component for key, component in components.items() if key.startswith("_")}
    assert about.keys() == {"_connection", "_errors", "_interval", "_last_seen"}
    for component in about.values():
        assert component["entity_category"] == "diagnostic"
        assert [entry["topic"] for entry in component["availability"]] == ["mbmd/status"]
    assert about["_connection"]["state_topic"] == "mbmd/sdm1-1/status"
    assert (about["_connection"]["payload_on"], about["_connection"]["payload_off"]) == ("online", "offline")


def test_a_device_without_topics_of_its_own_has_diagnostics_alone() -> None:
    config = Mqtt(broker="b", homeassistant="homeassistant", template="{root}/{name}/{measurement}")
    names = Names(config)
    names.of(device_of(device_id="SDM1.2", name="sdm1-1"))
    broker = Broker().take(HomeAssistant(config, names).presents(device_of()))
    assert all(key.startswith("_") for key in broker.at(SDM)["components"])


def test_a_sensor_of_what_a_device_refuses_vanishes() -> None:
    device, made = device_of("Power", "Import", "Export"), dialect()
    broker = Broker().take(made.presents(device))
    device.health.refused = ("Export",)
    broker.take(made.presents(device)).take(made.presents(device))
    shown = [orjson.loads(message.payload)["components"] for message in broker.seen if message.topic == SDM]
    before, removing, after, again = shown
    assert removing == {**after, "Export": {"platform": "sensor"}}
    assert before == {**after, "Export": before["Export"]}
    assert again == after


def test_sensors_that_a_reload_takes_away_vanish() -> None:
    made = dialect()
    broker = Broker().take(made.presents(device_of("Power", "Import"))).take(made.presents(device_of("Power")))
    removing = orjson.loads(broker.seen[2].payload)["components"]
    assert removing["Import"] == {"platform": "sensor"}
    assert "Import" not in broker.at(SDM)["components"]


def test_a_device_that_comes_back_begins_anew() -> None:
    made, device = dialect(), device_of()
    broker = Broker().take(made.presents(device)).take(made.gone(device)).take(made.presents(device_of("Power")))
    assert len(broker.seen) == 6
    assert broker.at(SDM)["components"].keys() >= {"Power"}


def test_mbmd_is_a_device_that_tells_whether_it_is_there() -> None:
    body = Broker().take(dialect().births({})).at(MBMD)
    assert body["device"]["identifiers"] == ["mbmd"]
    assert "via_device" not in body["device"]
    [component] = body["components"].values()
    assert (component["state_topic"], component["payload_on"], component["payload_off"]) == (
        "mbmd/status",
        "connected",
        "disconnected",
    )
    assert "availability" not in body


def test_a_bus_is_a_device_whose_sensors_read_its_diagnostics() -> None:
    bus = BusHealth("/dev/ttyUSB0", ("SDM1.1", "SDM1.2"))
    bus.connected, bus.timeouts, bus.damaged, bus.reconnects = True, 3, 2, 1
    bus.trips.add(0.02)
    devices = {device_id: device_of(device_id=device_id) for device_id in ("SDM1.1", "SDM1.2")}
    devices["SDM1.1"].online = True
    broker = Broker().take(dialect().diagnostics(devices, [bus], 0.0))
    body = broker.at(BUS)
    assert body["device"]["name"] == "mbmd /dev/ttyUSB0"
    assert body["device"]["via_device"] == "mbmd"
    names = {component["name"] for component in body["components"].values()}
    assert names == {
        "Connection",
        "Load",
        "Round trip",
        "Timeouts",
        "Checksum errors",
        "Reconnects",
        "Devices online",
    }
    [topic] = {component["state_topic"] for component in body["components"].values()}
    assert all(component["entity_category"] == "diagnostic" for component in body["components"].values())
    assert broker.at(topic) == {
        "Adapter": "/dev/ttyUSB0",
        "Connected": True,
        "Devices": ["SDM1.1", "SDM1.2"],
        "Online": 1,
        "Requests": 1,
        "Load": 0.0,
        "RoundTrip": {"Median": 0.02, "P95": 0.02},
        "Timeouts": 3,
        "ChecksumErrors": 2,
        "Reconnects": 1,
    }


def test_the_templates_of_diagnostics_name_keys_that_are_published() -> None:
    device = device_of()
    made = dialect()
    broker = Broker().take(made.presents(device))
    broker.take(made.diagnostics({device.id: device}, [BusHealth("/dev/ttyUSB0")], 0.0))
    checked = 0
    for topic in (SDM, BUS):
        for component in broker.at(topic)["components"].values():
            if "/diagnostics/" in component["state_topic"]:
                key = component["value_template"].split("value_json['")[1].split("'")[0]
                assert key in broker.at(component["state_topic"])
                checked += 1
    assert checked == 10


def test_a_device_tells_how_its_polling_goes() -> None:
    device = device_of()
    device.requests, device.errors, device.health.last_seen, device.health.interval = 10, 2, 1_700_000_000.0, 1.5
    broker = Broker().take(dialect().diagnostics({device.id: device}, [], 0.0))
    assert Broker().take(dialect().presents(device)).kept["mbmd/diagnostics/mbmd_SDM1-1"] == next(
        iter(broker.kept.values())
    )
    assert broker.at("mbmd/diagnostics/mbmd_SDM1-1") == {
        "Requests": 10,
        "Errors": 2,
        "Interval": 1.5,
        "LastSeen": "2023-11-14T22:13:20+00:00",
        "Trouble": "",
    }


def test_a_device_that_never_answered_has_no_diagnostics() -> None:
    device = device_of()
    assert list(dialect().diagnostics({device.id: device}, [], 0.0)) == []


def test_buses_are_told_once_a_connection_and_their_state_each_time() -> None:
    made, bus = dialect(), BusHealth("/dev/ttyUSB0")
    told = []
    for _ in range(2):
        list(made.births({}))
        told += [[message.topic for message in made.diagnostics({}, [bus], now)] for now in (0.0, 60.0)]
    state = "mbmd/diagnostics/mbmd_bus_dev-ttyUSB0"
    assert told == [[BUS, state], [state], [BUS, state], [state]]


def test_a_bus_that_is_gone_vanishes() -> None:
    made = dialect()
    broker = Broker().take(made.diagnostics({}, [BusHealth("/dev/ttyUSB0"), BusHealth("meter:502")], 0.0))
    broker.take(made.diagnostics({}, [BusHealth("meter:502")], 60.0))
    assert broker.kept.keys() == {
        "homeassistant/device/mbmd_bus_meter-502/config",
        "mbmd/diagnostics/mbmd_bus_meter-502",
    }


def test_a_bus_that_went_while_the_broker_was_away_vanishes() -> None:
    made = dialect()
    broker = Broker().take(made.diagnostics({}, [BusHealth("/dev/ttyUSB0")], 0.0))
    broker.take(made.births({})).take(made.diagnostics({}, [], 60.0))
    assert broker.kept.keys() == {MBMD}


def test_a_device_that_is_gone_vanishes() -> None:
    made, device = dialect(), device_of()
    broker = Broker().take(made.presents(device)).take(made.diagnostics({device.id: device}, [], 0.0))
    assert len(broker.kept) == 2
    assert broker.take(made.gone(device)).kept == {}


def test_what_an_earlier_run_left_vanishes() -> None:
    before, bus, other_bus = dialect(), BusHealth("/dev/ttyUSB0"), BusHealth("/dev/ttyUSB1")
    stays, went = device_of(), device_of(device_id="SDM1.2")
    both = {device.id: device for device in (stays, went)}
    broker = Broker().take(before.births({})).take(before.diagnostics(both, [bus, other_bus], 0.0))
    for device in both.values():
        broker.take(before.presents(device))
    now = dialect()
    broker.take(now.births({})).take(now.presents(stays)).outdated(now, {stays.id: stays})
    assert BUS in broker.kept
    broker.take(now.diagnostics({stays.id: stays}, [bus], 0.0))
    assert broker.kept.keys() == {
        MBMD,
        SDM,
        BUS,
        "mbmd/diagnostics/mbmd_SDM1-1",
        "mbmd/diagnostics/mbmd_bus_dev-ttyUSB0",
    }
    cleared = [message.topic for message in broker.seen if not message.payload]
    assert len(cleared) == len(set(cleared)) == 4


def test_a_sensor_that_only_an_earlier_run_had_vanishes() -> None:
    broker = Broker().take(dialect().presents(device_of("Power", "Import", "Export")))
    now, device = dialect(), device_of("Power", "Import")
    before = len(broker.seen)
    broker.outdated(now, {device.id: device})
    first, last = (orjson.loads(message.payload)["components"] for message in broker.seen[before:])
    assert first["Export"] == {"platform": "sensor"}
    assert "Export" not in last
    assert broker.kept[SDM] == next(iter(now.presents(device))).payload
    assert not any(now.outdated({device.id: device}, broker.kept))


@pytest.mark.parametrize("client", ["mbmd_2", "mbm", "MBMD", "Mbmd"])
def test_what_another_mbmd_left_stays(client: str) -> None:
    other = dialect(Mqtt(broker="b", clientid=client, homeassistant="homeassistant"))
    bus, device = BusHealth("/dev/ttyUSB0"), device_of()
    broker = Broker().take(other.births({})).take(other.presents(device))
    broker.take(other.diagnostics({device.id: device}, [bus], 0.0))
    kept = dict(broker.kept)
    now = dialect()
    broker.outdated(now, {}).take(now.diagnostics({}, [], 0.0))
    assert broker.kept == kept


@pytest.mark.parametrize(
    "topic",
    [
        "homeassistant/device/x/config",
        "homeassistant/device/mbmd_/config",
        "homeassistant/device/mbmd_a/b/config",
        "homeassistant/device/mbmd_/x",
        "x/device/mbmd_a/config",
        "mbmd/sdm1-1/Power",
        "",
    ],
)
def test_own_discoveries_at_strange_topics_stay(topic: str) -> None:
    payload = next(iter(dialect().presents(device_of()))).payload
    assert not any(dialect().outdated({}, {topic: payload}))


@given(st.dictionaries(st.text(max_size=60), st.binary(max_size=60), max_size=4))
def test_anything_may_be_kept_by_a_broker(kept: dict[str, bytes]) -> None:
    device = device_of()
    assert not any(dialect().outdated({device.id: device}, kept))


NAMES = st.text(alphabet=st.characters(exclude_characters="/+#", exclude_categories=["C", "Z"]), max_size=30)


@given(st.text(alphabet=st.characters(exclude_categories=["C"]), min_size=1), NAMES, NAMES)
def test_clients_devices_and_places_may_have_any_name(client: str, name: str, place: str) -> None:
    made = dialect(Mqtt(broker="b", clientid=client, homeassistant="homeassistant"))
    device = device_of(device_id="X_9A12.247.3", name=name, place=place)
    broker = Broker().take(made.births({})).take(made.presents(device))
    broker.take(made.diagnostics({device.id: device}, [BusHealth("/dev/ttyÜ 0")], 0.0))
    assert len(broker.kept) == 5
    made_anew = dialect(Mqtt(broker="b", clientid=client, homeassistant="homeassistant"))
    broker.outdated(made_anew, {}).take(made_anew.diagnostics({}, [], 0.0))
    assert len(broker.kept) == 1


@given(st.sets(st.from_regex(r"\A[A-Z][A-Z0-9_]{0,5}[1-9]\.[0-9]{1,3}(\.[1-9])?\Z"), min_size=2, max_size=6))
def test_devices_keep_apart(ids: set[str]) -> None:
    devices = [device_of(device_id=device_id) for device_id in ids]
    broker = Broker()
    for device in devices:
        broker.take(dialect().presents(device))
    discoveries = [topic for topic in broker.kept if topic.startswith("homeassistant/")]
    assert len(discoveries) == len(ids)
    unique = [c["unique_id"] for topic in discoveries for c in broker.at(topic)["components"].values()]
    assert len(unique) == len(set(unique))


def test_values_and_states_are_left_to_others() -> None:
    made, device = dialect(), device_of()
    assert [*made.values(Update(device, device.blank(), 0.0)), *made.states(device)] == []
    assert [*made.wills({}), *made.farewell({})] == []


@pytest.mark.parametrize(
    ("where", "key", "value", "complaint"),
    [
        ("payload", "objekt", 1, "objekt is unknown"),
        ("payload", "availability_mode", "some", "availability_mode cannot be 'some'"),
        ("payload", "qos", 3, "qos cannot be 3"),
        ("payload", "availability", [{"payload_available": "x"}], "topic is missing"),
        ("payload", "components", {}, "there is no component"),
        ("device", "identifiers", [], "identifiers cannot be []"),
        ("device", "serial", "1", "serial is unknown"),
        ("origin", "name", "", "name cannot be ''"),
        ("Power", "unique_id", "mbmd_SDM1.1_Import", "an id is not unique"),
        ("Power", "unit_of_measurement", "A", "A is no unit of power"),
        ("Power", "state_class", "total", "power cannot be total"),
        ("Power", "device_class", "strength", "device_class cannot be 'strength'"),
        ("Power", "expire_after", -1, "expire_after cannot be -1"),
        ("Power", "state_topic", "a/#", "state_topic cannot be 'a/#'"),
        ("Power", "entity_category", "config", "entity_category cannot be 'config'"),
    ],
)
def test_the_check_finds_what_home_assistant_would_not_take(
    where: str, key: str, value: object, complaint: str
) -> None:
    body = announced(device_of())
    parts = {"payload": body, "device": body["device"], "origin": body["origin"], **body["components"]}
    parts[where][key] = value
    assert any(text.endswith(complaint) for text in problems(SDM, orjson.dumps(body)))


@pytest.mark.parametrize(
    "topic", ["homeassistant/device/a b/config", "homeassistant/device/config", "x/device/a/config"]
)
def test_the_check_knows_the_topics_of_discovery(topic: str) -> None:
    assert problems(topic, orjson.dumps(announced(device_of()))) == [f"{topic} is no topic of discovery"]
