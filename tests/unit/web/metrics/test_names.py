"""Which metric a measurement is."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.web.metrics import accounts
from mbmd.web.metrics.names import KNOWN, Labels, series
from tests import approve

UNITS = st.sampled_from(["", "kWh", "W", "%", "s", "total", "joules_total", "x_sum", "_", "°C"]) | st.text(max_size=9)
WORDS = ("Power", "power", "Import", "Sum", "Total", "_total", "_", "L1", "L2_L3", "T3", "S9", "device", "own", "é")
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("".join) | st.text(min_size=1, max_size=9)
NUMBERS = st.sampled_from([Kind.INSTANT, Kind.COUNTER])
OURS = {row.family.name for rows in (accounts.DEVICES, accounts.BUSES, accounts.SINKS) for row in rows}


def own(name: str, unit: str = "", kind: Kind = Kind.INSTANT) -> tuple[str, Labels]:
    """What a user's measurement is."""
    found = series(Measurement(name, "Mine", unit, kind))
    assert found is not None
    return found.family.name, found.labels


@pytest.mark.parametrize("name", ["metrics.snapshot", "../../docs/prometheus.md"])
def test_names_are_as_approved(name: str) -> None:
    diff = approve.changes(name)
    assert not diff, f"approve it with python -m tests.approve:\n{diff}"


def test_each_measurement_of_the_catalogue_is_a_series_of_its_own() -> None:
    found = [series(measurement) for measurement in CATALOGUE.values()]
    assert len({(one.family.name, one.labels) for one in found if one is not None}) == len(CATALOGUE) == 105


def test_each_family_of_the_catalogue_is_known_and_has_a_help() -> None:
    found = {one.family for one in map(series, CATALOGUE.values()) if one is not None}
    assert found == {family for family, _ in KNOWN.values()}
    assert all(re.fullmatch(r"[A-Z][^.]+\.", family.text) for family in found)
    assert len({family.name for family in found} | OURS) == len(found) + len(OURS)


@pytest.mark.parametrize("measurement", CATALOGUE.values(), ids=lambda measurement: measurement.name)
def test_a_name_of_the_catalogue_ends_in_its_unit_and_type(measurement: Measurement) -> None:
    found = series(measurement)
    assert found is not None
    is_counter = measurement.kind is Kind.COUNTER
    assert found.family.type == ("counter" if is_counter else "gauge")
    assert found.family.name.endswith(found.unit.name + "_total" * is_counter)


def test_a_text_is_no_metric() -> None:
    assert series(Measurement("Serial", "Serial number", "", Kind.TEXT)) is None


@pytest.mark.parametrize(
    ("name", "unit", "kind", "family", "labels"),
    [
        ("HeatFlow", "l/h", Kind.INSTANT, "mbmd_heat_flow_cubic_meters_per_second", ()),
        ("Heat", "kWh", Kind.COUNTER, "mbmd_heat_joules_total", ()),
        ("HeatL2", "kWh", Kind.COUNTER, "mbmd_heat_joules_total", (("phase", "L2"),)),
        ("HeatL4", "", Kind.INSTANT, "mbmd_heat_l4", ()),
        ("Starts", "", Kind.COUNTER, "mbmd_starts_total", ()),
        ("CO2Level", "ppm", Kind.INSTANT, "mbmd_co2_level_ppm", ()),
        ("ImportT3", "kWh", Kind.COUNTER, "mbmd_import_energy_joules_total", (("tariff", "3"),)),
        ("ImportT3", "Wh", Kind.COUNTER, "mbmd_import_energy_joules_total", (("tariff", "3"),)),
        ("DCPowerS5", "kW", Kind.INSTANT, "mbmd_dc_power_watts", (("string", "5"),)),
        ("ImportT3", "kWh", Kind.INSTANT, "mbmd_import_joules", (("tariff", "3"),)),
        ("PowerT1", "", Kind.INSTANT, "mbmd_power", (("tariff", "1"),)),
        ("CurrentL1_L2", "A", Kind.INSTANT, "mbmd_line_current_amperes", (("phase", "L1-L2"),)),
        ("Import_Power", "W", Kind.INSTANT, "mbmd_own_import_power_watts", ()),
        ("DeviceOnline", "", Kind.INSTANT, "mbmd_own_device_online", ()),
        ("Bus_round_trip", "s", Kind.INSTANT, "mbmd_own_bus_round_trip_seconds", ()),
        ("OwnPower", "W", Kind.INSTANT, "mbmd_own_own_power_watts", ()),
        ("Heat_total", "", Kind.INSTANT, "mbmd_heat_total_value", ()),
        ("Total", "", Kind.INSTANT, "mbmd_total_value", ()),
        ("Heat", "total", Kind.INSTANT, "mbmd_heat_total_value", ()),
        ("Ü", "", Kind.INSTANT, "mbmd_measurement", ()),
    ],
)
def test_a_measurement_of_a_users_own(name: str, unit: str, kind: Kind, family: str, labels: Labels) -> None:
    assert own(name, unit, kind) == (family, labels)


@given(NAMES, UNITS, NUMBERS)
def test_any_measurement_has_a_valid_name_that_tells_its_type(name: str, unit: str, kind: Kind) -> None:
    found = series(Measurement(name, "Mine", unit, kind))
    assert found is not None
    assert re.fullmatch("mbmd_[a-z0-9_]+", found.family.name)
    assert found.family.type == ("counter" if found.family.name.endswith("_total") else "gauge")
    assert not re.search("_(sum|count|bucket|info|created)$", found.family.name)
    assert found.family.name not in OURS
    assert dict(found.labels).keys() <= {"phase", "tariff", "string"}


@example("Import", "joules_total", Kind.INSTANT)
@given(NAMES, UNITS, NUMBERS)
def test_no_other_measurement_is_in_a_family_of_the_catalogue(name: str, unit: str, kind: Kind) -> None:
    found = series(Measurement(name, "Mine", unit, kind))
    assert found is not None
    names = {family.name: base for base, (family, _) in KNOWN.items()}
    if found.family.name in names:
        base = names[found.family.name].removeprefix("Line").removeprefix("Mean")
        assert name.startswith((base, names[found.family.name]))
        assert found.family.type == ("counter" if kind is Kind.COUNTER else "gauge")
