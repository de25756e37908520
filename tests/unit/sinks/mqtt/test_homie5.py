"""Homie 5.0: a root device for mbmd, the meters as its children, each described in one object."""

import json
import re
from math import nan
from typing import Any

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.devices.registry import BUILT_IN
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.sinks.mqtt.dialect import Dialect
from mbmd.sinks.mqtt.homie5 import Homie5, root_id
from tests.homie_checker import complaints_5
from tests.homie_world import Daemon, KeepingBroker, meter, some

POWER, COSPHI = CATALOGUE["Power"], CATALOGUE["Cosphi"]
SERIAL = Measurement("SerialNumber", "Serial Number", "", Kind.TEXT)
DEVICE, ROOT = "homie/5/sdm1-1", "homie/5/mbmd"


def make(**keys: object) -> Dialect:
    return Homie5(Mqtt(broker="localhost", **keys))  # type: ignore[arg-type]


def start(*devices: DeviceReadings, broker: KeepingBroker | None = None, **keys: object) -> Daemon:
    return Daemon(broker or KeepingBroker(), lambda: make(**keys), devices).connect()


def described(broker: KeepingBroker, topic: str) -> dict[str, Any]:
    found = json.loads(broker.retained[f"{topic}/$description"])
    assert isinstance(found, dict)
    return found


def state(daemon: Daemon, topic: str = DEVICE) -> str | None:
    return daemon.broker.text(f"{topic}/$state")


def test_a_device_describes_itself() -> None:
    device = meter("SDM1.1", [POWER, COSPHI])
    daemon = start(device)
    daemon.poll(device, [0.98765, 1234.5678])
    description = described(daemon.broker, DEVICE)
    assert isinstance(description.pop("version"), int)
    assert description == {
        "homie": "5.0",
        "name": "SDM1.1",
        "root": "mbmd",
        "parent": "mbmd",
        "nodes": {
            "meter": {
                "name": "Eastron",
                "type": "Eastron SDM630",
                "properties": {
                    "cosphi": {"name": "Cosphi", "datatype": "float"},
                    "power": {"name": "Power", "datatype": "float", "unit": "W"},
                },
            }
        },
    }
    below = daemon.broker.below(DEVICE)
    del below["$description"]
    assert below == {"$state": "ready", "meter/cosphi": "0.988", "meter/power": "1234.568"}


def test_mbmd_is_the_root_of_its_devices() -> None:
    daemon = start(meter("SDM1.2", [POWER]), meter("SDM1.1", [POWER]))
    root = described(daemon.broker, ROOT)
    assert (root["name"], root["children"]) == ("mbmd", ["sdm1-1", "sdm1-2"])
    assert "root" not in root
    assert "parent" not in root
    assert state(daemon, ROOT) == "ready"


@pytest.mark.parametrize("name", BUILT_IN.names())
def test_each_type_comes_out_complete(name: str) -> None:
    of_type = BUILT_IN.get(name)
    device = meter(f"{name.upper()}1.1", of_type.measurements.values(), name)
    daemon = start(device)
    daemon.poll(device, some(device))
    assert complaints_5("homie", daemon.broker.retained) == []
    values = [topic for topic in daemon.broker.retained if "$" not in topic]
    assert len(values) == len(device.measurements)


def test_an_sdm_has_all_52_measurements() -> None:
    device = meter("SDM1.1", BUILT_IN.get("SDM").measurements.values())
    daemon = start(device)
    daemon.poll(device, some(device))
    assert len(described(daemon.broker, DEVICE)["nodes"]["meter"]["properties"]) == 52
    assert complaints_5("homie", daemon.broker.retained) == []


def test_the_version_is_another_whenever_the_description_is() -> None:
    device = meter("SDM1.1", [POWER, COSPHI])
    daemon = start(device)
    before = described(daemon.broker, DEVICE)
    daemon.lose()
    daemon.connect()
    assert described(daemon.broker, DEVICE) == before
    device.health.refused = ("Power",)
    daemon.poll(device, [0.5, nan])
    after = described(daemon.broker, DEVICE)
    assert list(after["nodes"]["meter"]["properties"]) == ["cosphi"]
    assert after["version"] != before["version"]


def test_a_name_is_told_where_names_are_asked_for() -> None:
    device = DeviceReadings("SDM1.1", "SDM", [POWER], "Heat pump")
    assert described(start(device, device="name").broker, DEVICE)["name"] == "Heat pump"


def test_an_empty_text_is_the_byte_that_the_convention_has_for_it() -> None:
    device = meter("SDM1.1", [SERIAL])
    daemon = start(device)
    daemon.poll(device, [nan], {"SerialNumber": ""})
    assert daemon.broker.retained[f"{DEVICE}/meter/serialnumber"] == b"\0"
    assert described(daemon.broker, DEVICE)["nodes"]["meter"]["properties"]["serialnumber"]["datatype"] == "string"


def test_a_device_that_does_not_answer_is_lost_and_an_alert_says_why() -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    daemon.silence(device, "no answer from unit 1")
    assert state(daemon) == "lost"
    assert daemon.broker.text(f"{DEVICE}/$alert/offline") == "no answer from unit 1"
    assert complaints_5("homie", daemon.broker.retained) == []
    daemon.poll(device, [1.0])
    assert state(daemon) == "ready"
    assert daemon.broker.text(f"{DEVICE}/$alert/offline") is None


def test_the_will_of_the_root_stands_for_all() -> None:
    device = meter("SDM1.1", [POWER])
    assert [(will.topic, will.payload) for will in make().wills({device.id: device})] == [(f"{ROOT}/$state", b"lost")]
    daemon = start(device)
    daemon.poll(device, [1.0])
    daemon.lose()
    assert (state(daemon), state(daemon, ROOT)) == ("ready", "lost")
    daemon.connect()
    assert (state(daemon), state(daemon, ROOT)) == ("ready", "ready")


def test_at_the_end_all_are_disconnected() -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    daemon.silence(device)
    daemon.leave()
    assert (state(daemon), state(daemon, ROOT)) == ("disconnected", "disconnected")
    assert daemon.broker.text(f"{DEVICE}/$alert/offline") is None


def test_the_root_knows_of_devices_that_come_and_go() -> None:
    first, second = meter("SDM1.1", [POWER]), meter("SDM1.2", [POWER])
    daemon = start(first)
    daemon.reload([first, second])
    assert described(daemon.broker, ROOT)["children"] == ["sdm1-1", "sdm1-2"]
    daemon.reload([second])
    assert described(daemon.broker, ROOT)["children"] == ["sdm1-2"]
    assert state(daemon, ROOT) == "ready"
    assert complaints_5("homie", daemon.broker.retained) == []


def test_a_root_forgets_a_child_before_it_is_cleared() -> None:
    device = meter("SDM1.1", [POWER])
    dialect = make()
    list(dialect.births({device.id: device}))
    list(dialect.states(device))
    topics = [message.topic for message in dialect.gone(device)]
    assert topics.index(f"{ROOT}/$description") < topics.index(f"{DEVICE}/$state") < len(topics) - 1
    assert topics[-1] == f"{DEVICE}/$description"


def test_descriptions_change_only_in_init() -> None:
    device = meter("SDM1.1", [POWER])
    dialect = make()
    known: dict[str, bytes] = {}
    for message in [*dialect.births({}), *dialect.states(device), *dialect.gone(device)]:
        known[message.topic] = message.payload
        if message.topic.endswith("$description") and message.payload:
            assert known[message.topic.replace("$description", "$state")] == b"init"


@pytest.mark.parametrize("heard_late", [False, True])
def test_what_was_left_of_a_device_is_cleared(heard_late: bool) -> None:
    broker = KeepingBroker()
    left = {f"{DEVICE}/meter/thd": b"1", f"{DEVICE}/$alert/offline": b"old", f"{ROOT}/$log/warn": b"old"}
    broker.retained.update(left)
    Daemon(broker, make, [meter("SDM1.1", [POWER])]).connect(heard_late=heard_late)
    assert not set(left) & set(broker.retained)


def test_devices_that_were_taken_out_while_mbmd_was_away_are_cleared() -> None:
    broker = KeepingBroker()
    device = meter("SDM1.1", [POWER, SERIAL])
    first = start(device, broker=broker)
    first.poll(device, [1.0, nan], {"SerialNumber": "7"})
    first.silence(device)
    first.lose()
    start(meter("SDM1.2", [POWER]), broker=broker)
    assert {topic.split("/")[2] for topic in broker.retained} == {"mbmd", "sdm1-2"}


def test_devices_of_others_are_let_alone() -> None:
    broker = KeepingBroker()
    start(meter("SDM1.1", [POWER]), broker=broker, clientid="another")
    broker.retained["homie/5/lamp/$description"] = b'{"homie": "5.0", "version": 1}'
    broker.retained["homie/sdm1-2/$state"] = b"ready"
    before = dict(broker.retained)
    daemon = start(meter("SDM1.2", [POWER]), broker=broker)
    daemon.reload([])
    assert {topic: text for topic, text in broker.retained.items() if not topic.startswith(ROOT)} == before


@pytest.mark.parametrize(
    "payload",
    [
        b"no JSON",
        b"[" * 100_000,
        b"[]",
        b'"mbmd"',
        b'{"root": ["mbmd"]}',
        b'{"root": "mbmd", "nodes": []}',
        b'{"root": "mbmd", "nodes": {"meter": 1, "#": {}, "a/b": {"properties": {"power": {}}}}}',
        b'{"root": "mbmd", "nodes": {"meter": {"properties": {"+": {}, "a/#": {}, "x": 7}}}}',
    ],
)
def test_what_no_mbmd_has_written_makes_no_topic(payload: bytes) -> None:
    broker = KeepingBroker()
    broker.retained["homie/5/x/$description"] = payload
    start(broker=broker)
    left = {topic for topic in broker.retained if not topic.startswith(ROOT)}
    assert left == (set() if b'"root": "mbmd"' in payload else {"homie/5/x/$description"})


@pytest.mark.parametrize("client", ["mbmd", "mbmd-1", "cellar", "7"])
def test_the_root_is_called_like_the_client(client: str) -> None:
    assert root_id(client) == client


@pytest.mark.parametrize(
    ("client", "begin"),
    [
        ("MBMD", "mbmd"),
        ("mbmd@cellar", "mbmd-cellar"),
        ("mbmd/cellar", "mbmd-cellar"),
        ("sdm1-1", "sdm1-1"),
        ("sma1-126-1", "sma1-126-1"),
        ("μ", "mbmd"),
    ],
)
def test_a_client_that_is_no_id_or_could_be_a_meter_has_a_root_of_its_own(client: str, begin: str) -> None:
    assert re.fullmatch(f"{begin}-c[0-9a-f]{{8}}", root_id(client))


def test_roots_of_clients_that_are_alike_are_not() -> None:
    clients = ["mbmd", "MBMD", "Mbmd", "mbmd cellar", "mbmd@cellar", "mbmd-cellar"]
    assert len(set(map(root_id, clients))) == len(clients)


def test_underscores_are_hyphens() -> None:
    daemon = start(meter("CGEM24_E11.7", [CATALOGUE["VoltageL1_L2"]]))
    description = described(daemon.broker, "homie/5/cgem24-e11-7")
    assert list(description["nodes"]["meter"]["properties"]) == ["voltagel1-l2"]
