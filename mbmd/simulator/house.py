"""A house with panels on two sides of its roof: what its inverter and the meter behind it measure, at any time."""

import math
from dataclasses import dataclass
from functools import cached_property

from mbmd.simulator.meter import JOULES_PER_KWH, Wave, between, line_voltage, wave
from mbmd.simulator.sun import ROOFS, Balance, Curve, Day, Panels, daily_wave

EFFICIENCY = 0.97
"""Of the power of the panels this share comes out of the inverter."""
PHASES = 3

_JOULES_PER_WH = JOULES_PER_KWH / 1000
_COSPHI = 0.995
"""Of the inverter."""
_STARTING = 25.0
"""Watts of the panels with which an inverter is awake and no more."""
_VOLTS = {"East": 610.0, "West": 540.0}
_PEAK = 4300.0


@dataclass(frozen=True, slots=True)
class Flow:
    """What a phase or all of them carry at one time, in V, W, var, and Wh in each direction."""

    voltage: float
    active: float
    reactive: float
    imported: float = 0.0
    exported: float = 0.0

    @property
    def apparent(self) -> float:
        """Volts times amperes."""
        return math.hypot(self.active, self.reactive)

    @property
    def current(self) -> float:
        """Amperes that carry the apparent power at this voltage."""
        return self.apparent / self.voltage

    @property
    def cosphi(self) -> float:
        """The power factor, with the sign of the power."""
        return self.active / self.apparent if self.apparent else 1.0


@dataclass(frozen=True, slots=True)
class String:
    """The panels of one side of the roof at one time, in V, W and Wh."""

    name: str
    voltage: float
    power: float
    energy: float

    @property
    def current(self) -> float:
        """Amperes."""
        return self.power / self.voltage

    @property
    def is_working(self) -> bool:
        """Whether the inverter has found its best voltage."""
        return self.power >= _STARTING


@dataclass(frozen=True, slots=True)
class Moment:
    """All at one time: `phases` are the inverter's and bring power; those of the `grid` are below 0 with what is left.

    Each phase of the grid has counters of its own. Those of `total` are of the power of all together, as meters have
    them: what one phase gives away and another takes is not counted. `energy` is the inverter's, in Wh.
    """

    is_light: bool
    strings: tuple[String, ...]
    phases: tuple[Flow, ...]
    energy: float
    temperature: float
    frequency: float
    grid: tuple[Flow, ...]
    total: Flow

    def line_voltage(self, first: int, second: int) -> float:
        """Volts between two phases."""
        return line_voltage(self.phases[first].voltage, self.phases[second].voltage)


class House:
    """A house whose loads, and where its counters begin, are decided by a seed."""

    def __init__(self, seed: str, day: Day) -> None:
        self._day = day
        self._panels = {
            name: Panels(day, _PEAK * between(0.9, 1, seed, name), rise, fall, clouds)
            for name, (rise, fall, clouds) in ROOFS.items()
        }
        self._counted = {name: between(2e6, 9e6, seed, name, "counted") for name in ROOFS}
        self._flutter = {name: wave(0, 4, seed, name, "flutter") for name in ROOFS}
        self._voltages = [wave(between(229, 232, seed, f"L{n}"), 2, seed, f"L{n}") for n in range(PHASES)]
        self._loads = [_load(day, seed, n) for n in range(PHASES)]
        self._reactive = [_reactive(seed, n) for n in range(PHASES)]
        self._frequency = wave(50, 0.03, seed, "frequency")
        self._warmth = wave(24, 1.5, seed, "warmth")
        self._starts = [
            (between(1e6, 4e6, seed, f"L{n}", "in"), between(1e6, 4e6, seed, f"L{n}", "out")) for n in range(PHASES)
        ]

    def at(self, seconds: float) -> Moment:
        """What is measured `seconds` after the start of the simulation."""
        time = self._time(seconds)
        strings = tuple(self._string(name, time, seconds) for name in ROOFS)
        produced = self._produced(time)
        share = produced / PHASES
        voltages = [voltage.at(seconds) for voltage in self._voltages]
        reactive = share * math.tan(math.acos(_COSPHI))
        grid = tuple(
            Flow(volts, load.at(time) - share, var.at(seconds) - reactive, *self._counters(n, time))
            for n, (volts, load, var) in enumerate(zip(voltages, self._loads, self._reactive, strict=True))
        )
        return Moment(
            self._day.is_light(time),
            strings,
            tuple(Flow(volts, share, reactive) for volts in voltages),
            EFFICIENCY * sum(string.energy for string in strings),
            self._warmth.at(seconds) + 20 * produced / (len(ROOFS) * _PEAK),
            self._frequency.at(seconds),
            grid,
            self._total(grid, time),
        )

    def is_dark(self, seconds: float) -> bool:
        """Whether it is night then."""
        return not self._day.is_light(self._time(seconds))

    def _time(self, seconds: float) -> float:
        return self._day.start * self._day.length + seconds

    def _string(self, name: str, time: float, seconds: float) -> String:
        panels = self._panels[name]
        power = panels.at(time)
        voltage = _VOLTS[name] * (0.93 + 0.07 * math.sqrt(power / panels.peak)) + self._flutter[name].at(seconds)
        return String(name, voltage, power, self._counted[name] + panels.integral(time) / _JOULES_PER_WH)

    def _produced(self, time: float) -> float:
        return EFFICIENCY * sum(panels.at(time) for panels in self._panels.values())

    def _counters(self, phase: int, time: float) -> tuple[float, float]:
        above, below = self._balances[phase].after(time)
        imported, exported = self._starts[phase]
        return imported + above / _JOULES_PER_WH, exported + below / _JOULES_PER_WH

    def _total(self, grid: tuple[Flow, ...], time: float) -> Flow:
        above, below = self._balances[PHASES].after(time)
        return Flow(
            sum(flow.voltage for flow in grid) / PHASES,
            sum(flow.active for flow in grid),
            sum(flow.reactive for flow in grid),
            sum(start for start, _ in self._starts) + above / _JOULES_PER_WH,
            sum(start for _, start in self._starts) + below / _JOULES_PER_WH,
        )

    @cached_property
    def _balances(self) -> list[Balance]:
        """The counters of each phase, and of all together."""
        needs = [self._need([load], PHASES) for load in self._loads]
        return [Balance(curve, self._day) for curve in (*needs, self._need(self._loads, 1))]

    def _need(self, loads: list[Wave], parts: int) -> Curve:
        """What loads take from the grid beside their part of what the panels bring."""
        panels, gain = tuple(self._panels.values()), EFFICIENCY / parts

        def power(time: float) -> float:
            return sum(load.at(time) for load in loads) - gain * sum(side.at(time) for side in panels)

        def energy(time: float) -> float:
            return sum(load.integral(time) for load in loads) - gain * sum(side.integral(time) for side in panels)

        return Curve(power, energy)


def _load(day: Day, seed: str, phase: int) -> Wave:
    mean = between(250, 700, seed, f"L{phase}", "load")
    return daily_wave(day, mean, 0.7 * mean, seed, f"L{phase}", "load")


def _reactive(seed: str, phase: int) -> Wave:
    mean = between(60, 150, seed, f"L{phase}", "reactive")
    return wave(mean, 0.4 * mean, seed, f"L{phase}", "reactive")
