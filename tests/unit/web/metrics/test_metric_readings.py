"""The readings of devices in the text format, read by the library of Prometheus."""

from array import array
from collections.abc import Sequence
from math import inf, isfinite, nan
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.web.metrics.names import series
from mbmd.web.metrics.readings import Lines, Part
from mbmd.web.metrics.text import head

SOME = tuple(CATALOGUE.values())[::5]


def device_of(*measurements: Measurement, name: str = "SDM1.1") -> DeviceReadings:
    return DeviceReadings(name, "SDM", measurements)


def filled(device: DeviceReadings, *values: float) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return read(Lines(device).filled(array("d", values)))


def read(part: Part) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What the library reads in some lines."""
    heads = {family.name: head(family) for family in part.families}
    lines: dict[str, list[bytes]] = {}
    for family, text in zip(part.families, part.lines, strict=True):
        lines.setdefault(family.name, []).append(text)
    text = b"".join(heads[name] + b"".join(texts) for name, texts in lines.items())
    samples: list[Any] = [one for family in text_string_to_metric_families(text.decode()) for one in family.samples]
    found = {(one.name, tuple(one.labels.items())): one.value for one in samples}
    assert len(found) == len(samples), "a series is there twice"
    return found


def test_values_in_base_units_with_their_labels() -> None:
    device = device_of(*(CATALOGUE[name] for name in ("VoltageL1", "Power", "ImportT1", "THDL3", "VoltageL2_L3")))
    assert [measurement.name for measurement in device.measurements] == [
        "ImportT1",
        "Power",
        "THDL3",
        "VoltageL1",
        "VoltageL2_L3",
    ]
    assert filled(device, 1.5, -345.25, 3.3, 230.1, 400) == {
        ("mbmd_import_energy_joules_total", (("device", "SDM1.1"), ("tariff", "1"))): 5_400_000,
        ("mbmd_power_watts", (("device", "SDM1.1"),)): -345.25,
        ("mbmd_voltage_thd_ratio", (("device", "SDM1.1"), ("phase", "L3"))): 0.033,
        ("mbmd_voltage_volts", (("device", "SDM1.1"), ("phase", "L1"))): 230.1,
        ("mbmd_line_voltage_volts", (("device", "SDM1.1"), ("phase", "L2-L3"))): 400,
    }


def test_what_has_no_finite_value_is_left_out_and_comes_back() -> None:
    device = device_of(CATALOGUE["Power"], CATALOGUE["PowerL1"], CATALOGUE["Voltage"])
    lines = Lines(device)
    for column in ((1, nan, 3), (1, 2, 3), (nan, nan, nan), (inf, 2, -inf), (1, 2, nan), (nan, 2, 3)):
        found = read(lines.filled(array("d", column)))
        assert list(found.values()) == [value for value in column if isfinite(value)]


def test_a_value_that_is_too_large_for_its_base_unit_is_left_out() -> None:
    assert filled(device_of(CATALOGUE["Import"]), 1e305) == {}


def test_texts_and_devices_without_measurements_have_no_lines() -> None:
    assert filled(device_of(Measurement("Serial", "Serial number", "", Kind.TEXT)), nan) == {}
    assert filled(device_of()) == {}


def test_two_measurements_that_would_be_one_series_are_told_apart() -> None:
    names = ("HeatFlow", "Heat_Flow", "HeatFLOW")
    device = device_of(*(Measurement(name, "Heat", "W", Kind.INSTANT) for name in names))
    assert set(filled(device, 1, 2, 3)) == {
        ("mbmd_heat_flow_watts", (("device", "SDM1.1"),)),
        ("mbmd_heat_flow_watts", (("device", "SDM1.1"), ("measurement", "HeatFlow"))),
        ("mbmd_heat_flow_watts", (("device", "SDM1.1"), ("measurement", "Heat_Flow"))),
    }


@example('100 %b %% %(a)s ÿ \\ " \n', [1.0] * len(SOME))
@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.floats(), min_size=len(SOME), max_size=len(SOME)))
def test_any_device_and_any_values_are_read_as_they_are(name: str, values: Sequence[float]) -> None:
    device = device_of(*SOME, name=name)
    expected = {}
    for measurement, value in zip(device.measurements, values, strict=True):
        its = series(measurement)
        assert its is not None
        if isfinite(number := its.unit.of(value)):
            expected[its.family.name, (("device", name), *its.labels)] = number
    assert filled(device, *values) == expected


def test_what_is_no_unicode_is_replaced() -> None:
    found = filled(device_of(CATALOGUE["Power"], name="a\udcff"), 1.0)
    assert found == {("mbmd_power_watts", (("device", "a?"),)): 1}
