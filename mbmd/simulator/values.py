"""Measurements, of the catalogue and others, from the quantities of a simulated meter."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from mbmd.measurements import Kind, Measurement
from mbmd.simulator.meter import PEAK_POWER, Moment, Phase

_TARIFF_1 = 0.6
_STRINGS = 4

PEAK = 100.0
PEAKS: Mapping[str, float] = MappingProxyType(
    {"V": 1000.0, **dict.fromkeys(("W", "VA", "var"), PEAK_POWER), "kWh": 1e5, "kvarh": 1e5, "Wh": 1e8, "varh": 1e8}
)
"""No value in one of these units is higher, for some years; none in another is higher than PEAK."""


def number_of(measurement: Measurement, moment: Moment) -> float:
    """The value of any measurement that is a number; one beside the catalogue is like others of its kind and unit."""
    formula = _FORMULAS.get(measurement.name)
    if formula is None and measurement.kind is Kind.COUNTER:
        formula = _COUNTERS.get(measurement.unit, _FORMULAS["Import"])
    return (formula or _BY_UNIT.get(measurement.unit, _FORMULAS["ChargeState"]))(moment)


def text_of(measurement: Measurement) -> str:
    """A text for a measurement that is one."""
    return f"simulated {measurement.name}"


def reading(measurement: str, moment: Moment) -> float:
    """The value of a measurement of the catalogue; KeyError for another name."""
    return _FORMULAS[measurement](moment)


_Formula = Callable[[Moment], float]
_OfPhase = Callable[[Phase], float]

# Totals of these are the sums of the phases.
_ENERGIES: Mapping[str, _OfPhase] = {
    "Import": lambda p: p.energy.imported,
    "Export": lambda p: p.energy.exported,
    "Sum": lambda p: p.energy.imported + p.energy.exported,
    "ReactiveImport": lambda p: p.reactive_energy.imported,
    "ReactiveExport": lambda p: p.reactive_energy.exported,
    "ReactiveSum": lambda p: p.reactive_energy.imported + p.reactive_energy.exported,
}
_SUMMED: Mapping[str, _OfPhase] = {
    "Current": lambda p: p.current,
    "Power": lambda p: p.active,
    "ImportPower": lambda p: p.active,
    "ExportPower": lambda _: 0.0,
    "ReactivePower": lambda p: p.reactive,
    "ApparentPower": lambda p: p.apparent,
    **_ENERGIES,
}
_AVERAGED: Mapping[str, _OfPhase] = {"Voltage": lambda p: p.voltage, "THD": lambda p: p.thd}
_OF_PHASE: Mapping[str, _OfPhase] = {**_SUMMED, **_AVERAGED, "Cosphi": lambda p: p.active / p.apparent}


def _of_phase(quantity: _OfPhase, number: int) -> _Formula:
    return lambda moment: quantity(moment.phases[number])


def _total(quantity: _OfPhase, share: float = 1.0) -> _Formula:
    return lambda moment: share * moment.sum(quantity)


def _mean(quantity: _OfPhase) -> _Formula:
    return lambda moment: moment.mean(quantity)


def _line_voltage(first: int, second: int) -> _Formula:
    return lambda moment: moment.line_voltage(first, second)


def _unbalance(moment: Moment) -> float:
    """How far the largest current is above the mean, in %."""
    return 100 * (max(phase.current for phase in moment.phases) / moment.mean(_OF_PHASE["Current"]) - 1)


def _dc_power(moment: Moment) -> float:
    return moment.sum(_OF_PHASE["Power"]) * 1.03


def _scaled(formula: _Formula, share: float) -> _Formula:
    return lambda moment: share * formula(moment)


# The panels of an inverter are equal strings on one voltage.
_DC: Mapping[str, _Formula] = {
    "DCVoltage": lambda m: m.dc_voltage,
    "DCCurrent": lambda m: _dc_power(m) / m.dc_voltage,
    "DCPower": _dc_power,
}
_STRING: Mapping[str, _Formula] = {
    "DCVoltage": _DC["DCVoltage"],
    "DCCurrent": _scaled(_DC["DCCurrent"], 1 / _STRINGS),
    "DCPower": _scaled(_DC["DCPower"], 1 / _STRINGS),
    "DCEnergy": _total(_SUMMED["Import"], 1 / _STRINGS),
}

_FORMULAS: Mapping[str, _Formula] = MappingProxyType(
    {
        **{f"{name}L{n + 1}": _of_phase(quantity, n) for name, quantity in _OF_PHASE.items() for n in range(3)},
        **{name: _total(quantity) for name, quantity in _SUMMED.items()},
        **{name: _mean(quantity) for name, quantity in _AVERAGED.items()},
        **{f"{name}T1": _total(quantity, _TARIFF_1) for name, quantity in _ENERGIES.items()},
        **{f"{name}T2": _total(quantity, 1 - _TARIFF_1) for name, quantity in _ENERGIES.items()},
        **{name: lambda m: m.frequency for name in ("Frequency", "FrequencyL1", "FrequencyL2", "FrequencyL3")},
        **_DC,
        **{f"{name}S{n}": formula for name, formula in _STRING.items() for n in range(1, _STRINGS + 1)},
        "Cosphi": lambda m: m.cosphi,
        "PhaseAngle": lambda m: math.degrees(math.acos(m.cosphi)),
        "VoltageL1_L2": _line_voltage(0, 1),
        "VoltageL2_L3": _line_voltage(1, 2),
        "VoltageL3_L1": _line_voltage(2, 0),
        "VoltageL_N_avg": _mean(_OF_PHASE["Voltage"]),
        "VoltageL_L_avg": lambda m: (m.line_voltage(0, 1) + m.line_voltage(1, 2) + m.line_voltage(2, 0)) / 3,
        "ThreePhase_Vec_A": _unbalance,
        "HeatSinkTemp": lambda m: m.temperature,
        "ChargeState": lambda m: m.charge,
        "BatteryVoltage": lambda m: 46 + m.charge / 10,
    }
)

_BY_UNIT: Mapping[str, _Formula] = MappingProxyType(
    {
        "V": _FORMULAS["Voltage"],
        "A": _FORMULAS["Current"],
        "W": _FORMULAS["Power"],
        "kW": _scaled(_FORMULAS["Power"], 1e-3),
        "VA": _FORMULAS["ApparentPower"],
        "var": _FORMULAS["ReactivePower"],
        "Hz": _FORMULAS["Frequency"],
        "°C": _FORMULAS["HeatSinkTemp"],
    }
)
_COUNTERS: Mapping[str, _Formula] = MappingProxyType(
    {
        "Wh": _scaled(_FORMULAS["Import"], 1e3),
        "MWh": _scaled(_FORMULAS["Import"], 1e-3),
        "varh": _scaled(_FORMULAS["ReactiveImport"], 1e3),
        "kvarh": _FORMULAS["ReactiveImport"],
    }
)
