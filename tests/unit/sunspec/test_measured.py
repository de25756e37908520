"""Which points are which measurements: as the original has it, and right for all other models."""

from __future__ import annotations

import pytest

from mbmd.measurements import CATALOGUE
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.layout import Placed, layout
from mbmd.sunspec.measured import KILO, MEASURED, OLDER, STRINGS
from mbmd.sunspec.values import KINDS
from tests import sunspec_reference as oracle

MODELS = sorted(MEASURED)
SUITS = {
    "A": {"A"},
    "V": {"V"},
    "Hz": {"Hz"},
    "W": {"W"},
    "VA": {"VA"},
    "var": {"var", "Var"},
    "kWh": {"Wh"},
    "kvarh": {"Varh"},
    "°C": {"C"},
    "%": {"Pct", "% AhrRtg", "%WHRtg"},
    "": {"Pct", "PF", ""},
}
"""Units of points by those of the measurements that they may be; a power factor stays in percent where it is."""


def points(model: int) -> dict[str, Placed]:
    known = definition(model)
    assert known is not None
    length = known.group.size - 2 + STRINGS * sum(group.size for group in known.group.groups)
    return {
        "/".join([*(f"{name}/{n}" for name, n in p.group), p.point.name]): p
        for p in layout(known, length, lambda _: STRINGS)
    }


@pytest.mark.parametrize("model", [int(model) for model in oracle.MEASUREMENTS["models"]])
def test_the_models_of_the_original_have_its_measurements(model: int) -> None:
    expected = {
        point if group == "0" else f"module/{group}/{point}": name
        for group, names in oracle.MEASUREMENTS["models"][str(model)].items()
        for point, name in names.items()
    }
    assert MEASURED[model] == expected


def test_the_measurements_that_the_original_divides_are_divided_and_that_which_it_forgets() -> None:
    offered = {name for of_model in MEASURED.values() for name in of_model.values()}
    divided = {name for name in offered if CATALOGUE[name].unit in KILO}
    assert set(oracle.MEASUREMENTS["divisors"].values()) == {1000.0}
    assert divided >= {*oracle.MEASUREMENTS["divisors"], "DCEnergyS4"}
    of_original = {int(model) for model in oracle.MEASUREMENTS["models"]}
    theirs = {name for model in of_original for name in MEASURED[model].values()}
    assert divided & theirs == {*oracle.MEASUREMENTS["divisors"], "DCEnergyS4"}


@pytest.mark.parametrize("model", MODELS)
def test_each_point_is_in_its_model_and_is_a_number(model: int) -> None:
    for name in MEASURED[model]:
        assert points(model)[name].point.type in KINDS


@pytest.mark.parametrize("model", MODELS)
def test_units_of_points_suit_those_of_the_measurements(model: int) -> None:
    for name, measurement in MEASURED[model].items():
        assert points(model)[name].point.unit in SUITS[CATALOGUE[measurement].unit], name


@pytest.mark.parametrize("model", MODELS)
def test_no_two_points_of_a_model_are_the_same_measurement(model: int) -> None:
    assert len(set(MEASURED[model].values())) == len(MEASURED[model])


@pytest.mark.parametrize("model", MODELS)
def test_a_point_of_a_phase_is_a_measurement_of_that_phase(model: int) -> None:
    """Of the group too, where there are groups."""
    for name, measurement in MEASURED[model].items():
        phase = {"phA": "L1", "PhA": "L1", "phB": "L2", "PhB": "L2", "phC": "L3", "PhC": "L3"}.get(name[-3:])
        if phase or measurement[-2:-1] == "L":
            assert measurement.endswith(phase or f"L{name[-1]}")
        if "/" in name:
            assert measurement.endswith(f"S{name.split('/')[1]}")


def test_each_value_and_its_scale_fit_in_a_read() -> None:
    for model in MODELS:
        for name in MEASURED[model]:
            found = points(model)[name]
            scale = found.at if found.scale is None else found.scale
            assert max(found.at + found.point.size, scale + 1) - min(found.at, scale) <= 125


def test_newer_models_and_those_before_them_are_measured() -> None:
    assert {*OLDER, *set().union(*OLDER.values())} == set(MODELS)
