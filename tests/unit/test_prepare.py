"""Devices of a run before they are polled: what is said of options that fit no type."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbmd.config.adapter import parse_adapter
from mbmd.config.devices import assign_ids, parse_specs
from mbmd.config.run import RunConfig
from mbmd.devices.registry import Registry
from mbmd.errors import UsageError
from mbmd.prepare import Prepared, prepare

TYPES = Registry([Path(__file__).parents[1] / "cases" / "devices"])


def prepared(*specs: str) -> list[Prepared]:
    devices = assign_ids(parse_specs(specs, parse_adapter, None))
    return prepare(RunConfig(tuple(devices), None, 1.0, 0.3), TYPES)


def test_patterns_may_name_own_measurements() -> None:
    [heat_pump] = prepared("heatpump:1?include=Pump+Mo*@tcp://h")
    assert [r.measurement for r in heat_pump.settings.registers] == ["Mode", "Model", "Pump"]
    heat_pump, sdm = prepared("heatpump:1@tcp://h?exclude=Pump+THD*", "sdm:2@tcp://h?exclude=Pump+THD*")
    assert "Pump" not in {register.measurement for register in heat_pump.settings.registers}
    assert "THD" not in {register.measurement for register in sdm.settings.registers}


@pytest.mark.parametrize(
    ("specs", "complaint"),
    [
        (["sdm:1?slow=Imprt*@tcp://h"], "device SDM1.1: slow 'Imprt*' matches no measurement: did you mean Import?"),
        (["sdm:1?include=Pump@tcp://h"], "device SDM1.1: include 'Pump' matches no measurement: did you mean "),
        (
            ["sdm:1@tcp://h?once=Imprt*", "abb:2@tcp://h?once=Imprt*"],
            "device SDM1.1: adapter h:502: once 'Imprt*' matches no measurement: did you mean Import?",
        ),
        (
            ["sdm:1?slow=Pumpe@tcp://h", "heatpump:2?slow=Pumpe@tcp://h"],
            "device HEATPUMP1.2: slow 'Pumpe' matches no measurement: did you mean Pump?",
        ),
        (["foo:1@tcp://h", "sdm:2.1@tcp://h"], "device FOO1.1: unknown device type 'foo': use one of ABB, "),
    ],
)
def test_what_cannot_be_polled_is_told_for_each_device(specs: list[str], complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepared(*specs)
    lines = str(caught.value).split("\n")
    assert any(line.startswith(complaint) for line in lines), lines
    assert len(lines) == len({line.split(": ")[0] for line in lines})


def test_sunspec_devices_may_have_all_that_any_of_them_has() -> None:
    inverter, meter = prepared("sma:126@tcp://h", "sma:126.1?include=Import*&rate=10s@tcp://h")
    names = {register.measurement for register in inverter.settings.registers}
    assert {"Power", "DCEnergyS4", "ChargeState", "ImportL3", "ReactiveExport"} <= names
    assert {r.measurement for r in meter.settings.registers} == {"Import", "ImportL1", "ImportL2", "ImportL3"}
    assert (inverter.type.type, meter.settings.rate) == ("SMA", 10.0)


def test_subdevices_of_a_unit_are_looked_for_at_the_same_places() -> None:
    *_, apart = prepared("se:1?bases=0@tcp://h", "se:1.1?bases=0@tcp://h", "se:2@tcp://h")
    assert apart.settings.bases == ()
    with pytest.raises(UsageError) as caught:
        prepared("se:1?bases=0@tcp://h", "se:1.1@tcp://h", "se:1.2?bases=0@tcp://h")
    assert str(caught.value) == "device SE1.1.1: bases must be those of SE1.1, which is of the same unit"


def test_subdevices_of_a_unit_may_have_types_of_their_own_if_all_are_of_sunspec() -> None:
    inverter, meter = prepared("kostal:71@tcp://h", "sunspec:71.1@tcp://h")
    assert (inverter.type.type, meter.type.type) == ("KOSTAL", "SUNSPEC")
    for specs in (["sdm:1@tcp://h", "sma:1.1@tcp://h"], ["sma:1.1@tcp://h", "sdm:1@tcp://h"]):
        with pytest.raises(UsageError, match=r"two meters on unit 1 of h:502: (sdm and sma|sma and sdm)$"):
            prepared(*specs)


@pytest.mark.parametrize(("spec", "what"), [("sdm:1?bases=0@tcp://h", "bases"), ("sdm:1.1@tcp://h", "subdevices")])
def test_what_only_sunspec_devices_have_is_refused_for_others(spec: str, what: str) -> None:
    with pytest.raises(UsageError, match=f"only SunSpec devices have {what}$"):
        prepared(spec)
    prepared("sdm:1@tcp://h?bases=0")


def test_what_is_wrong_with_an_adapter_is_told_once() -> None:
    with pytest.raises(UsageError) as caught:
        prepared("sdm:1@tcp://h?once=Imprt*", "abb:2@tcp://h?once=Imprt*")
    assert str(caught.value).count("\n") == 0


def test_devices_that_were_asked_for_alike_have_their_settings_in_common() -> None:
    one, two, three = prepared("sdm:1@tcp://a", "SDM:1@tcp://b", "sdm:2?rate=5s@tcp://b")
    assert one.settings.registers[0] is two.settings.registers[0] is three.settings.registers[0]
    again = prepared("sdm:1@tcp://a", "sdm:1@tcp://b")
    assert again[0].settings is again[1].settings
    assert (three.settings.rate, one.settings.rate) == (5, 1)
