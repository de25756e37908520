"""Readings of simulated meters: plausible, moving, agreeing with each other, and always the same."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType
from mbmd.measurements import CATALOGUE, Kind
from mbmd.simulator.meter import PEAK_POWER, Meter, Wave
from mbmd.simulator.registers import meter_of
from mbmd.simulator.values import reading

TYPES = [BUILT_IN.get(name) for name in BUILT_IN.names()]
YEAR = 365 * 86400.0
TIMES = (0.0, 0.1, 17.0, 300.0, 86400.0, 10 * YEAR)
RANGES = {"V": (40, 700), "A": (0, 60), "W": (0, PEAK_POWER), "var": (0, PEAK_POWER), "VA": (0, PEAK_POWER)} | {
    "Hz": (49.9, 50.1),
    "%": (0, 400),
    "°C": (30, 50),
    "°": (0, 90),
    "": (0.65, 1),
}


def names(device: DeviceType) -> list[str]:
    return [register.measurement for register in device.registers]


@pytest.mark.parametrize("device", TYPES, ids=lambda device: device.type)
@pytest.mark.parametrize("seconds", TIMES)
def test_instant_values_are_plausible(device: DeviceType, seconds: float) -> None:
    moment = meter_of(device, 1).at(seconds)
    for name in names(device):
        if CATALOGUE[name].kind is Kind.INSTANT:
            low, high = RANGES[CATALOGUE[name].unit]
            assert low <= reading(name, moment) <= high, name


@pytest.mark.parametrize("device", TYPES, ids=lambda device: device.type)
def test_counters_never_fall(device: DeviceType) -> None:
    simulated = meter_of(device, 1)
    moments = [simulated.at(tick / 10) for tick in (*range(100), *range(10**7, 10**7 + 100))]
    for name in names(device):
        if CATALOGUE[name].kind is Kind.COUNTER:
            counts = [reading(name, moment) for moment in moments]
            assert counts == sorted(counts), name


def test_every_measurement_of_the_catalogue_has_a_value() -> None:
    moment = Meter("SDM", 1).at(1000)
    assert all(math.isfinite(reading(name, moment)) for name in CATALOGUE)


@given(seconds=st.floats(0, 10 * YEAR), unit=st.integers(0, 255), phases=st.sampled_from([1, 3]))
def test_readings_agree_with_each_other(seconds: float, unit: int, phases: int) -> None:
    moment = Meter("ANY", unit, phases).at(seconds)

    def value(name: str) -> float:
        return reading(name, moment)

    for name in ("Current", "Power", "ReactivePower", "ApparentPower", "Import", "Export", "Sum", "ReactiveSum"):
        assert value(name) == pytest.approx(sum(value(f"{name}L{n}") for n in range(1, phases + 1)))
    for n in range(1, phases + 1):
        assert abs(value(f"VoltageL{n}") - 230) < 23
        assert value(f"VoltageL{n}") * value(f"CurrentL{n}") == pytest.approx(value(f"ApparentPowerL{n}"))
        assert value(f"ApparentPowerL{n}") * value(f"CosphiL{n}") == pytest.approx(value(f"PowerL{n}"))
        assert math.hypot(value(f"PowerL{n}"), value(f"ReactivePowerL{n}")) == pytest.approx(
            value(f"ApparentPowerL{n}")
        )
    assert value("ApparentPower") * value("Cosphi") == pytest.approx(value("Power"))
    assert value("Import") + value("Export") == pytest.approx(value("Sum"))
    assert value("ImportT1") + value("ImportT2") == pytest.approx(value("Import"))
    assert value("ApparentPower") <= PEAK_POWER


def test_counters_grow_by_the_integral_of_power() -> None:
    simulated = Meter("SDM", 1)
    step = 0.5
    powers = [reading("Power", simulated.at((tick + 0.5) * step)) for tick in range(2000)]
    grown = reading("Import", simulated.at(2000 * step)) - reading("Import", simulated.at(0))
    assert grown == pytest.approx(sum(powers) * step / 3.6e6, rel=1e-4)


def test_readings_move() -> None:
    simulated = Meter("SDM", 1)
    for name in ("VoltageL1", "Power", "Cosphi", "Frequency", "THD", "Import"):
        assert len({reading(name, simulated.at(t)) for t in range(10)}) == 10


def test_same_type_unit_and_time_read_the_same_and_others_differ() -> None:
    def power(name: str, unit: int, seconds: float) -> float:
        return reading("Power", Meter(name, unit).at(seconds))

    assert power("SDM", 1, 5) == power("SDM", 1, 5)
    assert len({power("SDM", 1, 5), power("SDM", 2, 5), power("ABB", 1, 5), power("SDM", 1, 6)}) == 4


def test_load_scales_power_and_current_but_not_voltage() -> None:
    small, big = Meter("SDM", 1, load=0.1).at(50), Meter("SDM", 1).at(50)
    for name in ("Power", "ReactivePowerL2", "CurrentL3"):
        assert reading(name, small) == pytest.approx(reading(name, big) / 10)
    assert reading("VoltageL1", small) == reading("VoltageL1", big)


@given(
    st.floats(0, 100), st.lists(st.tuples(st.floats(0, 10), st.floats(1, 100), st.floats(0, 7)), max_size=3).map(tuple)
)
def test_integral_of_a_wave_is_its_area(mean: float, swings: tuple[tuple[float, float, float], ...]) -> None:
    wave = Wave(mean, swings)
    area = sum(wave.at((tick + 0.5) / 100) for tick in range(1000)) / 100
    assert wave.integral(10) == pytest.approx(area, rel=1e-2, abs=1e-2)
