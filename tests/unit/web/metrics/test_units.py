"""Units of measurements in base units."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.web.metrics.units import base_unit


@pytest.mark.parametrize(
    ("text", "name", "value", "expected"),
    [
        ("", "", 0.95, 0.95),
        ("V", "volts", 230.1, 230.1),
        ("mA", "amperes", 30, 0.03),
        ("kW", "watts", 1.5, 1500),
        ("var", "vars", 7, 7),
        ("kVA", "voltamperes", 7, 7000),
        ("kWh", "joules", 1.5, 5_400_000),
        ("MWh", "joules", 1, 3_600_000_000),
        ("kvarh", "var_seconds", 1, 3_600_000),
        ("%", "ratio", 3.3, 0.033),
        ("°C", "celsius", -7, -7),
        ("°", "radians", 180, 3.141592653589793),
        ("Ah", "coulombs", 2, 7200),
        ("min", "seconds", 2, 120),
        ("ms", "seconds", 2, 0.002),
        ("m", "meters", 2, 2),
        ("m³", "cubic_meters", 2, 2),
        ("l/h", "cubic_meters_per_second", 3600, 0.001),
        ("mbar", "pascals", 1013, 101_300),
        ("t/h", "t_per_h", 2, 2),
        ("Äpfel", "pfel", 2, 2),
        ("kk", "kk", 2, 2),
        ("§", "", 2, 2),
    ],
)
def test_a_unit(text: str, name: str, value: float, expected: float) -> None:
    unit = base_unit(text)
    assert (unit.name, unit.of(value)) == (name, expected)
    assert unit.is_base is (value == expected)


@given(st.text(max_size=20))
def test_any_unit_ends_a_name(text: str) -> None:
    assert re.fullmatch("(?:[a-z0-9]+(?:_[a-z0-9]+)*)?", base_unit(text).name)
