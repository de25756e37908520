"""How Home Assistant is to show measurements."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.sinks.mqtt.entities import looks
from tests.homeassistant import DEVICE_CLASSES, INCREASING, MEASUREMENT, TOTAL, wrong_class

EXPECTED = (
    ("Frequency*", "frequency", MEASUREMENT, 2),
    ("Current*", "current", MEASUREMENT, 2),
    ("Voltage*", "voltage", MEASUREMENT, 1),
    ("Power*", "power", MEASUREMENT, 0),
    ("ImportPower*", "power", MEASUREMENT, 0),
    ("ExportPower*", "power", MEASUREMENT, 0),
    ("ReactivePower*", "reactive_power", MEASUREMENT, 0),
    ("ApparentPower*", "apparent_power", MEASUREMENT, 0),
    ("Cosphi*", "power_factor", MEASUREMENT, 2),
    ("THD*", None, MEASUREMENT, 1),
    ("ThreePhase_Vec_A", None, MEASUREMENT, 1),
    ("Sum", "energy", TOTAL, 2),
    ("Sum[TL]?", "energy", TOTAL, 2),
    ("Import", "energy", INCREASING, 2),
    ("Import[TL]?", "energy", INCREASING, 2),
    ("Export", "energy", INCREASING, 2),
    ("Export[TL]?", "energy", INCREASING, 2),
    ("ReactiveSum*", "reactive_energy", TOTAL, 2),
    ("ReactiveImport*", "reactive_energy", INCREASING, 2),
    ("ReactiveExport*", "reactive_energy", INCREASING, 2),
    ("DCCurrent*", "current", MEASUREMENT, 2),
    ("DCVoltage*", "voltage", MEASUREMENT, 1),
    ("DCPower*", "power", MEASUREMENT, 0),
    ("DCEnergyS?", "energy", INCREASING, 2),
    ("HeatSinkTemp", "temperature", MEASUREMENT, 1),
    ("ChargeState", "battery", MEASUREMENT, 0),
    ("BatteryVoltage", "voltage", MEASUREMENT, 1),
    ("PhaseAngle", None, MEASUREMENT, 1),
)
"""Patterns of all measurements, their device class, state class and decimals."""

UNITS = sorted({unit for known in DEVICE_CLASSES.values() for unit in known.units if unit} | {"", "°", "m³", "VAh"})


def shown(name: str, unit: str, kind: Kind) -> dict[str, object]:
    return looks(Measurement(name, "Something", unit, kind))


@pytest.mark.parametrize("measurement", CATALOGUE.values(), ids=lambda measurement: measurement.name)
def test_each_measurement_has_classes_a_unit_and_decimals(measurement: Measurement) -> None:
    [(_, device_class, state_class, decimals)] = [row for row in EXPECTED if fnmatchcase(measurement.name, row[0])]
    assert looks(measurement) == {
        **({"device_class": device_class} if device_class else {}),
        "state_class": state_class,
        **({"unit_of_measurement": measurement.unit} if measurement.unit else {}),
        "suggested_display_precision": decimals,
    }


def test_no_expectation_is_left_over() -> None:
    assert [row[0] for row in EXPECTED if not any(fnmatchcase(name, row[0]) for name in CATALOGUE)] == []


@pytest.mark.parametrize("measurement", CATALOGUE.values(), ids=lambda measurement: measurement.name)
def test_the_classes_and_the_unit_go_together(measurement: Measurement) -> None:
    assert wrong_class(measurement.name, looks(measurement)) == []


@given(
    st.sampled_from(["Own", "Summer", "Cosphi", "CosphiX", "PhaseAngle", "ChargeState", "ReactiveSumX"]),
    st.sampled_from(UNITS) | st.text(max_size=8),
    st.sampled_from([Kind.INSTANT, Kind.COUNTER]),
)
def test_whatever_unit_a_user_defines_the_classes_go_together(name: str, unit: str, kind: Kind) -> None:
    keys = shown(name, unit, kind)
    assert wrong_class(name, keys) == []
    assert keys.get("unit_of_measurement", "") == unit
    assert "state_class" in keys


@pytest.mark.parametrize(
    ("unit", "kind", "device_class", "state_class"),
    [
        ("kW", Kind.INSTANT, "power", MEASUREMENT),
        ("MWh", Kind.COUNTER, "energy", INCREASING),
        ("Wh", Kind.INSTANT, "energy", TOTAL),
        ("kvar", Kind.INSTANT, "reactive_power", MEASUREMENT),
        ("h", Kind.COUNTER, "duration", INCREASING),
        ("°C", Kind.COUNTER, None, INCREASING),
        ("VAh", Kind.COUNTER, None, INCREASING),
        ("m³", Kind.COUNTER, None, INCREASING),
        ("", Kind.INSTANT, None, MEASUREMENT),
        ("°", Kind.INSTANT, None, MEASUREMENT),
    ],
)
def test_measurements_of_users_go_by_their_unit_and_kind(
    unit: str, kind: Kind, device_class: str | None, state_class: str
) -> None:
    keys = shown("Own", unit, kind)
    assert (keys.get("device_class"), keys["state_class"]) == (device_class, state_class)


def test_a_text_is_a_plain_sensor() -> None:
    assert shown("Serial", "", Kind.TEXT) == {}
