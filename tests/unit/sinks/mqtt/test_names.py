"""Topics of devices and measurements, beside what users of the original know."""

import logging

import pytest
from msgspec import structs

from mbmd.config.outputs import Mqtt
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.sinks.mqtt.names import Names, topics_of

PLAIN = Mqtt()


def device(device_id: str = "SDM1.1", *measurements: str, name: str = "", place: str = "") -> DeviceReadings:
    type_name = device_id.partition(".")[0].rstrip("0123456789")
    return DeviceReadings(device_id, type_name, [CATALOGUE[m] for m in measurements or ("Power",)], name, place)


def of_original(measurement: str) -> str:
    """One that ends in L, T or S and a digit is split."""
    letter, digit = measurement[-2:-1], measurement[-1]
    return f"{measurement[:-2]}/{letter}{digit}" if letter in "LTS" and digit in "0123456789" else measurement


def test_all_measurements_are_where_the_original_has_them() -> None:
    everything = device("SDM1.1", *CATALOGUE)
    topics = dict(zip(everything.slots, topics_of(PLAIN, everything).readings, strict=True))
    assert len(topics) == 105
    assert topics == {name: f"mbmd/sdm1-1/{of_original(name)}" for name in CATALOGUE}


@pytest.mark.parametrize(
    ("measurement", "path"),
    [
        ("Power", "Power"),
        ("PowerL1", "Power/L1"),
        ("ImportT2", "Import/T2"),
        ("DCPowerS1", "DCPower/S1"),
        ("THDL3", "THD/L3"),
        ("VoltageL1_L2", "VoltageL1_/L2"),
        ("VoltageL_N_avg", "VoltageL_N_avg"),
        ("ThreePhase_Vec_A", "ThreePhase_Vec_A"),
    ],
)
def test_a_measurement_that_ends_in_a_phase_a_tariff_or_a_string_is_split(measurement: str, path: str) -> None:
    assert topics_of(PLAIN, device("SDM1.1", measurement)).readings == (f"mbmd/sdm1-1/{path}",)


@pytest.mark.parametrize(("device_id", "segment"), [("SDM1.1", "sdm1-1"), ("SMA1.126.1", "sma1-126-1")])
def test_a_device_is_its_id_in_lower_case_with_dashes(device_id: str, segment: str) -> None:
    topics = topics_of(PLAIN, device(device_id, name="Heat pump"))
    assert topics.readings == (f"mbmd/{segment}/Power",)
    assert (topics.status, topics.whole) == (f"mbmd/{segment}/status", f"mbmd/{segment}")


def test_a_device_is_called_as_its_user_calls_it_if_he_wants() -> None:
    by_name = structs.replace(PLAIN, device="name")
    assert topics_of(by_name, device(name="Heat pump")).readings == ("mbmd/Heat pump/Power",)
    assert topics_of(by_name, device()).readings == ("mbmd/sdm1-1/Power",)


@pytest.mark.parametrize(
    ("template", "topic"),
    [
        ("{root}/{type}/{id}/{measurement}", "mbmd/sdm/sdm1-1/Power/L1"),
        ("{measurement}/of/{name}", "Power/L1/of/Heat pump"),
        ("{root}/{place}/{device}/{measurement}", "mbmd/cellar- left-/sdm1-1/Power/L1"),
        ("a-{place}//{device}_{measurement}", "a-cellar- left-//sdm1-1_Power/L1"),
    ],
)
def test_templates_have_all_that_is_known_of_a_device(template: str, topic: str) -> None:
    heat_pump = device("SDM1.1", "PowerL1", name="Heat pump", place="cellar/ left+")
    assert topics_of(structs.replace(PLAIN, template=template), heat_pump).readings == (topic,)


def test_a_level_that_nothing_is_left_of_is_left_out() -> None:
    config = structs.replace(PLAIN, topic="/home", template="{root}/{place}/{device}/{measurement}")
    assert topics_of(config, device()).readings == ("/home/sdm1-1/Power",)


def test_topics_are_made_once_and_again_when_the_device_is_renamed() -> None:
    names, heat_pump = Names(structs.replace(PLAIN, device="name")), device(name="A")
    first = names.of(heat_pump)
    assert names.of(heat_pump) is first
    heat_pump.name = "B"
    assert names.of(heat_pump).readings == ("mbmd/B/Power",)
    assert names.may_clear(heat_pump, "mbmd/A/Power")


def test_two_devices_never_have_one_topic(caplog: pytest.LogCaptureFixture) -> None:
    config = structs.replace(PLAIN, template="{root}/{device}{measurement}", device="name")
    names = Names(config)
    first, second = device("SDM1.1", "ReactivePower", name="x"), device("SDM1.2", "Power", name="xReactive")
    assert names.of(first).readings == ("mbmd/xReactivePower",)
    for _ in range(3):
        assert names.of(second).readings == ()
        assert names.of(second).status == "mbmd/xReactive/status"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message == (
        "mqtt: no readings of SDM1.2 are published: mbmd/xReactivePower would be a topic of SDM1.1 too: "
        "change mqtt.template or a name"
    )
    names.forget(first)
    assert names.of(second).readings == ("mbmd/xReactivePower",)


def test_devices_that_swap_their_names_are_in_nobodys_way(caplog: pytest.LogCaptureFixture) -> None:
    names = Names(structs.replace(PLAIN, device="name"))
    one, other = device("SDM1.1", name="A"), device("SDM1.2", name="B")
    names.of(one), names.of(other)
    one.name, other.name = "B", "A"
    assert names.of(one).readings == ("mbmd/B/Power",)
    assert names.of(other).readings == ("mbmd/A/Power",)
    assert names.of(one).readings == ("mbmd/B/Power",)
    assert not names.may_clear(one, "mbmd/A/Power")
    assert caplog.records == []


def test_another_object_under_the_same_id_is_the_same_device(caplog: pytest.LogCaptureFixture) -> None:
    names = Names(PLAIN)
    names.of(device())
    assert names.of(device("SDM1.1", "Power", "Import")).readings == ("mbmd/sdm1-1/Import", "mbmd/sdm1-1/Power")
    assert caplog.records == []
