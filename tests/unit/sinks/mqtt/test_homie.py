"""Homie 4.0: what users have always seen, complete by the convention, and nothing stale."""

from math import inf, nan

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.devices.registry import BUILT_IN
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.dialect import Dialect
from mbmd.sinks.mqtt.homie import Homie4
from mbmd.sinks.mqtt.homie_common import LARGEST
from tests.homie_checker import ID_OF_MBMD, complaints_4
from tests.homie_world import Daemon, KeepingBroker, meter, some

POWER, COSPHI, TEMPERATURE = CATALOGUE["Power"], CATALOGUE["Cosphi"], CATALOGUE["HeatSinkTemp"]
SERIAL = Measurement("SerialNumber", "Serial Number", "", Kind.TEXT)
DEVICE = "homie/sdm1-1"


def make(**keys: object) -> Dialect:
    return Homie4(Mqtt(broker="localhost", **keys))  # type: ignore[arg-type]


def start(*devices: DeviceReadings, broker: KeepingBroker | None = None, **keys: object) -> Daemon:
    return Daemon(broker or KeepingBroker(), lambda: make(**keys), devices).connect()


def state(daemon: Daemon) -> str | None:
    return daemon.broker.text(f"{DEVICE}/$state")


def test_a_device_is_announced_as_it_always_was() -> None:
    device = meter("SDM1.1", [POWER, COSPHI])
    daemon = start(device)
    daemon.poll(device, [0.98765, 1234.5678])
    assert daemon.broker.below(DEVICE) == {
        "$homie": "4.0",
        "$name": "SDM1.1",
        "$state": "ready",
        "$implementation": "MBMD",
        "$implementation/clientid": "mbmd",
        "$nodes": "meter",
        "meter/$name": "SDM",
        "meter/$type": "Eastron SDM630",
        "meter/$properties": "cosphi,power",
        "meter/cosphi": "0.988",
        "meter/cosphi/$name": "Cosphi",
        "meter/cosphi/$datatype": "float",
        "meter/power": "1234.568",
        "meter/power/$name": "Power",
        "meter/power/$unit": "W",
        "meter/power/$datatype": "float",
    }
    assert f"{DEVICE}/$extensions" in daemon.broker.sent


@pytest.mark.parametrize("name", BUILT_IN.names())
def test_each_type_comes_out_complete(name: str) -> None:
    of_type = BUILT_IN.get(name)
    device = meter(f"{name}1.1", of_type.measurements.values(), name, Descriptor("", of_type.description))
    daemon = start(device)
    daemon.poll(device, some(device))
    broker = daemon.broker
    assert complaints_4("homie", broker.retained, broker.sent, ID_OF_MBMD) == []
    assert len([topic for topic in broker.retained if topic.count("/") == 3 and "$" not in topic]) == len(
        of_type.measurements
    )
    only_underscores = [said for said in complaints_4("homie", broker.retained, broker.sent) if "_" not in said]
    assert only_underscores == []


def test_an_sdm_has_all_52_measurements() -> None:
    device = meter("SDM1.1", BUILT_IN.get("SDM").measurements.values())
    daemon = start(device)
    daemon.poll(device, some(device))
    properties = daemon.broker.below(DEVICE)["meter/$properties"].split(",")
    assert len(properties) == len(device.measurements) == 52
    assert complaints_4("homie", daemon.broker.retained, daemon.broker.sent) == []


@pytest.mark.parametrize(
    ("device_id", "topic"),
    [
        ("SDM1.1", "sdm1-1"),
        ("ORNO1P1.4", "orno1p1-4"),
        ("SMA1.126.1", "sma1-126-1"),
        ("CGEM24_E11.7", "cgem24_e11-7"),
    ],
)
def test_topics_call_a_device_by_its_id(device_id: str, topic: str) -> None:
    daemon = start(meter(device_id, [POWER]), device="name")
    assert daemon.broker.text(f"homie/{topic}/$name") == device_id


def test_a_name_is_told_where_names_are_asked_for() -> None:
    device = DeviceReadings("SDM1.1", "SDM", [POWER], "Heat pump")
    assert start(device, device="name").broker.text(f"{DEVICE}/$name") == "Heat pump"
    assert start(device).broker.text(f"{DEVICE}/$name") == "SDM1.1"


@pytest.mark.parametrize(
    ("told", "maker", "model"),
    [
        (Descriptor("Eastron", "Eastron SDM630"), "SDM", "Eastron SDM630"),
        (Descriptor("SMA", "STP 10.0", serial="3011"), "SMA", "STP 10.0"),
        (Descriptor("KOSTAL", "Plenticore", version="1.4"), "KOSTAL", "Plenticore"),
        (Descriptor(serial="3011"), "SDM", "SDM"),
        (Descriptor(), "SDM", "SDM"),
    ],
)
def test_a_meter_is_made_by_its_type_and_another_by_who_it_says(told: Descriptor, maker: str, model: str) -> None:
    below = start(meter("SDM1.1", [POWER], told=told)).broker.below(f"{DEVICE}/meter")
    assert (below["$name"], below["$type"]) == (maker, model)


def test_a_reading_that_is_text_is_a_string() -> None:
    device = meter("SDM1.1", [SERIAL, POWER])
    daemon = start(device)
    daemon.poll(device, [1.0, nan], {"SerialNumber": "A/7 μ"})
    below = daemon.broker.below(f"{DEVICE}/meter")
    assert (below["serialnumber"], below["serialnumber/$datatype"]) == ("A/7 μ", "string")
    assert "serialnumber/$unit" not in below
    daemon.poll(device, [1.0, nan], {"SerialNumber": ""})
    assert "serialnumber" not in daemon.broker.below(f"{DEVICE}/meter")


@pytest.mark.parametrize(("value", "text"), [(-0.5, "-0.500"), (1e9, "1000000000.000"), (nan, None), (inf, None)])
def test_only_numbers_are_published(value: float, text: str | None) -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    daemon.poll(device, [value])
    assert daemon.broker.text(f"{DEVICE}/meter/power") == text


def test_units_are_utf_8() -> None:
    daemon = start(meter("SDM1.1", [TEMPERATURE]))
    assert daemon.broker.retained[f"{DEVICE}/meter/heatsinktemp/$unit"] == b"\xc2\xb0C"


def test_all_goes_out_retained_and_with_the_quality_of_service_that_is_asked_for() -> None:
    dialect = make(qos=2)
    device = meter("SDM1.1", [POWER])
    messages = [*dialect.births({}), *dialect.states(device), *dialect.wills({"SDM1.1": device})]
    device.commit(device.blank(), (), 0.0, 0.0)
    messages += dialect.values(Update(device, device.latest, 0.0))
    assert {(message.retain, message.qos) for message in messages} == {(True, 2)}


def test_a_device_is_ready_as_soon_as_its_values_are_told_and_not_before() -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    assert state(daemon) == "init"
    daemon.poll(device, [1.0])
    assert state(daemon) == "ready"
    dialect = make()
    assert [m.payload for m in dialect.states(device) if m.topic.endswith("$state")] == [b"init"]
    told = [m.topic for m in dialect.values(Update(device, device.latest, 0.0))]
    assert told == [f"{DEVICE}/meter/power", f"{DEVICE}/$state"]


def test_a_device_that_does_not_answer_is_an_alert_complete_and_with_its_last_values() -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    daemon.poll(device, [1.0])
    daemon.silence(device)
    assert state(daemon) == "alert"
    assert daemon.broker.text(f"{DEVICE}/meter/power") == "1.000"
    daemon.poll(device, [2.0])
    assert state(daemon) == "ready"


def test_a_device_that_never_answered_is_an_alert_too() -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    daemon.silence(device)
    assert state(daemon) == "alert"
    assert complaints_4("homie", daemon.broker.retained, daemon.broker.sent) == []


def test_the_end_is_disconnected_and_a_sudden_one_lost() -> None:
    device = meter("SDM1.1", [POWER])
    daemon = start(device)
    daemon.poll(device, [1.0])
    daemon.lose()
    assert state(daemon) == "lost"
    daemon.connect()
    assert state(daemon) == "ready"
    daemon.leave()
    assert state(daemon) == "disconnected"


def test_each_device_has_a_will() -> None:
    devices = {name: meter(name, [POWER]) for name in ("SDM1.1", "SDM1.2")}
    assert [(will.topic, will.payload) for will in make(homie="a/b/").wills(devices)] == [
        ("a/b/sdm1-1/$state", b"lost"),
        ("a/b/sdm1-2/$state", b"lost"),
    ]


def test_what_a_device_refuses_is_taken_back() -> None:
    device = meter("SDM1.1", [POWER, COSPHI])
    daemon = start(device)
    daemon.poll(device, [0.5, 1.0])
    device.health.refused = ("Power",)
    daemon.poll(device, [0.5, nan])
    below = daemon.broker.below(f"{DEVICE}/meter")
    assert below["$properties"] == "cosphi"
    assert not [name for name in below if name.startswith("power")]
    assert state(daemon) == "ready"


def test_an_update_that_is_older_than_a_refusal_brings_nothing_back() -> None:
    device = meter("SDM1.1", [POWER, COSPHI])
    daemon = start(device)
    device.health.refused = ("Power",)
    daemon.poll(device, [0.5, 1.0])
    assert "power" not in daemon.broker.below(f"{DEVICE}/meter")


def test_while_attributes_change_the_device_is_in_init() -> None:
    device = meter("SDM1.1", [POWER, COSPHI])
    dialect = make()
    list(dialect.states(device))
    device.health.refused = ("Power",)
    first, *_ = dialect.presents(device)
    assert (first.topic, first.payload) == (f"{DEVICE}/$state", b"init")


def test_what_is_announced_already_is_not_announced_again() -> None:
    device = meter("SDM1.1", [POWER])
    dialect = make()
    list(dialect.states(device))
    assert list(dialect.presents(device)) == []
    list(dialect.births({device.id: device}))
    assert list(dialect.presents(device)) != []


def test_a_device_that_is_gone_leaves_nothing() -> None:
    first, second = meter("SDM1.1", [POWER]), meter("SDM1.2", [POWER])
    daemon = start(first, second)
    daemon.poll(first, [1.0])
    daemon.reload([second])
    assert {topic.split("/")[1] for topic in daemon.broker.retained} == {"sdm1-2"}


def test_clearing_begins_with_the_state_and_ends_with_the_mark() -> None:
    device = meter("SDM1.1", [POWER])
    dialect = make()
    list(dialect.states(device))
    topics = [message.topic for message in dialect.gone(device)]
    assert topics[0] == f"{DEVICE}/$state"
    assert topics[-1] == f"{DEVICE}/$implementation/clientid"


def test_a_device_that_another_has_replaced_takes_nothing_along() -> None:
    before, after = meter("SDM1.1", [POWER, COSPHI]), meter("SDM1.1", [POWER])
    dialect = make()
    broker = KeepingBroker()
    broker.take(dialect.states(before))
    broker.take(dialect.states(after))
    assert list(dialect.gone(before)) == []
    assert list(dialect.values(Update(before, before.blank(), 0.0))) == []
    assert broker.below(DEVICE)["meter/$properties"] == "power"
    assert complaints_4("homie", broker.retained, broker.sent) == []


LEFT = {
    f"{DEVICE}/$fw/name": b"older",
    f"{DEVICE}/meter/thd": b"1.000",
    f"{DEVICE}/meter/thd/$name": b"THD",
}


@pytest.mark.parametrize("heard_late", [False, True])
def test_what_an_earlier_mbmd_left_of_a_device_is_cleared(heard_late: bool) -> None:
    broker = KeepingBroker()
    broker.retained.update(LEFT)
    device = meter("SDM1.1", [POWER])
    Daemon(broker, make, [device]).connect(heard_late=heard_late)
    assert not set(LEFT) & set(broker.retained)
    assert complaints_4("homie", broker.retained, broker.sent) == []


def test_devices_that_were_taken_out_while_mbmd_was_away_are_cleared() -> None:
    broker = KeepingBroker()
    device = meter("SDM1.1", [POWER, SERIAL, TEMPERATURE])
    first = start(device, meter("SDM1.2", [POWER]), broker=broker)
    first.poll(device, [1.0, 2.0, nan], {"SerialNumber": "7"})
    first.lose()
    start(meter("SDM1.2", [POWER]), broker=broker)
    assert {topic.split("/")[1] for topic in broker.retained} == {"sdm1-2"}


def test_devices_of_others_are_let_alone() -> None:
    broker = KeepingBroker()
    start(meter("SDM1.1", [POWER]), broker=broker, clientid="another")
    others = {
        "homie/lamp/$homie": b"4.0",
        "homie/lamp/meter/$properties": b"power",
        "homie/lamp/meter/power": b"1",
        "homie/sdm1-9/$implementation": b"MBMD",
        "homie/$implementation/clientid": b"mbmd",
        "homie/a/b/$implementation/clientid": b"mbmd",
        "elsewhere/sdm1-1/$implementation/clientid": b"mbmd",
    }
    broker.retained.update(others)
    before = dict(broker.retained)
    daemon = start(meter("SDM1.2", [POWER]), broker=broker)
    daemon.reload([])
    assert broker.retained == before
    assert not any(daemon.dialect.outdated({}, before))


def test_what_is_published_otherwise_below_the_same_topic_is_let_alone() -> None:
    broker = KeepingBroker()
    plain = ("status", "sdm1-1", "sdm1-1/Power", "sdm1-1/Power/L1", "sdm1-1/status", "sdm1-1/VoltageL1_L2")
    others = {f"mbmd/{topic}": b"1" for topic in (*plain, "sdm1-1/values/Power", "sdm1-1/temperature/L1")}
    broker.retained.update(others)
    start(meter("SDM1.1", [POWER]), broker=broker, homie="mbmd").reload([])
    assert broker.retained == others


@pytest.mark.parametrize("properties", [b"", b"+,#", b"a/b,\xff,A b,,$name", b"power\0"])
def test_what_no_mbmd_has_written_makes_no_topic(properties: bytes) -> None:
    broker = KeepingBroker()
    broker.retained["homie/x/$implementation/clientid"] = b"mbmd"
    broker.retained["homie/x/meter/$properties"] = properties
    start(broker=broker)
    assert broker.retained == {}


def test_of_a_list_without_an_end_no_more_is_made_than_is_asked_for() -> None:
    dialect = make()
    endless = b",".join(b"%d" % number for number in range(2_000_000))
    kept = {"homie/x/$implementation/clientid": b"mbmd", "homie/x/meter/$properties": endless}
    cleared = filter(None, dialect.outdated({}, kept))
    assert next(cleared).topic == "homie/x/$state"
    assert sum(1 for _ in cleared) < LARGEST


def test_a_state_that_is_not_true_is_corrected_by_that_which_was_said_last() -> None:
    broker = KeepingBroker()
    answers, silent, new = meter("SDM1.1", [POWER]), meter("SDM1.2", [POWER]), meter("SDM1.3", [POWER])
    daemon = start(answers, silent, new, broker=broker)
    daemon.poll(answers, [1.0])
    daemon.silence(silent)
    told = dict(broker.retained)
    broker.take(daemon.dialect.wills(daemon.devices))
    assert broker.retained != told
    broker.take(daemon.dialect.corrects(daemon.devices))
    assert broker.retained == told


def test_a_correction_says_how_a_device_is_when_it_is_said() -> None:
    broker = KeepingBroker()
    one, other, gone = meter("SDM1.1", [POWER]), meter("SDM1.2", [POWER]), meter("SDM1.3", [POWER])
    daemon = start(one, other, gone, broker=broker)
    for device in (one, other, gone):
        daemon.poll(device, [1.0])
    correction = iter(daemon.dialect.corrects(daemon.devices))
    broker.take([next(correction)])
    daemon.silence(other)
    broker.take(daemon.dialect.gone(gone))
    told = dict(broker.retained)
    broker.take(correction)
    assert broker.retained == told


def test_nothing_is_corrected_before_anything_was_said() -> None:
    assert list(make().corrects({"SDM1.1": meter("SDM1.1", [POWER])})) == []
