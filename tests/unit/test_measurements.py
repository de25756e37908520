"""The catalogue of measurements."""

from collections import Counter

import pytest

from mbmd.measurements import CATALOGUE, Kind


def test_has_105_measurements_by_their_names() -> None:
    assert len(CATALOGUE) == 105
    assert all(name == measurement.name for name, measurement in CATALOGUE.items())


def test_no_name_or_description_stands_twice() -> None:
    descriptions = Counter(measurement.description for measurement in CATALOGUE.values())
    assert [text for text, times in descriptions.items() if times > 1] == []


def test_order_is_that_of_display() -> None:
    assert list(CATALOGUE)[:2] == ["Frequency", "FrequencyL1"]
    assert list(CATALOGUE)[-2:] == ["BatteryVoltage", "PhaseAngle"]


@pytest.mark.parametrize(
    ("name", "label", "kind"),
    [
        ("PowerL1", "L1 Power (W)", Kind.INSTANT),
        ("Cosphi", "Cosphi", Kind.INSTANT),
        ("HeatSinkTemp", "Heat Sink Temperature (°C)", Kind.INSTANT),
        ("Import", "Total Import (kWh)", Kind.COUNTER),
        ("ReactiveExportT2", "Tariff 2 Reactive Export (kvarh)", Kind.COUNTER),
        ("DCEnergyS4", "String 4 Generation (kWh)", Kind.COUNTER),
    ],
)
def test_label_and_kind(name: str, label: str, kind: Kind) -> None:
    assert CATALOGUE[name].label == label
    assert CATALOGUE[name].kind is kind


def test_counters_are_exactly_the_energies() -> None:
    units = {measurement.unit for measurement in CATALOGUE.values() if measurement.kind is Kind.COUNTER}
    assert units == {"kWh", "kvarh"}
    assert all(m.kind is Kind.COUNTER for m in CATALOGUE.values() if m.unit in units)
