"""A simulated meter: plausible quantities that move and agree with each other, pure functions of time.

Power flows from the grid only, so that it fits unsigned registers; the export counters stand still.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

PEAK_POWER = 7500.0
"""No power of a meter with a load of 1 is higher, in W, var or VA."""

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Wave:
    """A quantity that swings around its mean; each swing is (amplitude, period in seconds, phase in radians)."""

    mean: float
    swings: tuple[tuple[float, float, float], ...]

    def at(self, seconds: float) -> float:
        """The quantity at a time."""
        return self.mean + sum(a * math.sin(math.tau * seconds / p + phase) for a, p, phase in self.swings)

    def integral(self, seconds: float) -> float:
        """The exact area under the wave from time 0 on."""
        return self.mean * seconds + sum(
            a * p / math.tau * (math.cos(phase) - math.cos(math.tau * seconds / p + phase))
            for a, p, phase in self.swings
        )


@dataclass(frozen=True, slots=True)
class Energy:
    """A pair of counters in kWh or kvarh: they start somewhere, and import grows with the power."""

    imported: float
    exported: float

    def after(self, power: Wave, seconds: float) -> "Energy":
        """The counters after `seconds` of that power."""
        return Energy(self.imported + power.integral(seconds) / JOULES_PER_KWH, self.exported)


class Conductor:
    """One phase of a meter: its waves, and where its counters start."""

    def __init__(self, seed: str, load: float) -> None:
        active = load * between(500, 1500, seed, "active")
        reactive = active * between(0.2, 0.35, seed, "reactive")
        self.voltage = wave(between(228, 232, seed, "mains"), 3, seed, "voltage")
        self.active = wave(active, 0.6 * active, seed, "active")
        self.reactive = wave(reactive, 0.3 * reactive, seed, "reactive")
        self.thd = wave(2.5, 1, seed, "thd")
        self.energy = Energy(between(100, 4000, seed, "import"), between(1, 900, seed, "export"))
        self.reactive_energy = Energy(between(10, 900, seed, "rimport"), between(1, 90, seed, "rexport"))

    def at(self, seconds: float) -> "Phase":
        """The phase at a time."""
        return Phase(
            self.voltage.at(seconds),
            self.active.at(seconds),
            self.reactive.at(seconds),
            self.thd.at(seconds),
            self.energy.after(self.active, seconds),
            self.reactive_energy.after(self.reactive, seconds),
        )


def between(low: float, high: float, *seed: str) -> float:
    """A number that looks drawn by lot and is always the same for the same seed."""
    return low + (high - low) * zlib.crc32(":".join(seed).encode()) / 2**32


def wave(mean: float, swing: float, *seed: str) -> Wave:
    """A slow and a quick swing, together never more than `swing`."""
    parts = ((0.7, 120, 900, "slow"), (0.3, 20, 60, "quick"))
    return Wave(
        mean,
        tuple(
            (share * swing, between(low, high, *seed, name), between(0, math.tau, *seed, name, "phase"))
            for share, low, high, name in parts
        ),
    )


def line_voltage(one: float, other: float) -> float:
    """Volts between two phases a third of a turn apart, from their voltages."""
    return math.sqrt(one * one + other * other + one * other)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase at one time, in V, W, var, %, kWh and kvarh."""

    voltage: float
    active: float
    reactive: float
    thd: float
    energy: Energy
    reactive_energy: Energy

    @property
    def apparent(self) -> float:
        """Volts times amperes."""
        return math.hypot(self.active, self.reactive)

    @property
    def current(self) -> float:
        """Amperes that carry the apparent power at this voltage."""
        return self.apparent / self.voltage


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything a meter measures at one time."""

    phases: tuple[Phase, ...]
    frequency: float
    dc_voltage: float
    temperature: float
    charge: float

    def sum(self, quantity: Callable[[Phase], float]) -> float:
        """Over all phases."""
        return sum(map(quantity, self.phases))

    def mean(self, quantity: Callable[[Phase], float]) -> float:
        """Over all phases."""
        return self.sum(quantity) / len(self.phases)

    @property
    def cosphi(self) -> float:
        """The power factor of all phases together."""
        return self.sum(lambda phase: phase.active) / self.sum(lambda phase: phase.apparent)

    def line_voltage(self, first: int, second: int) -> float:
        """Volts between two phases."""
        return line_voltage(self.phases[first].voltage, self.phases[second].voltage)


class Meter:
    """A simulated meter; type and unit decide its waves and where its counters start.

    `load` scales powers and currents: a meter whose registers are narrow stands in a small house.
    """

    def __init__(self, name: str, unit: int, phases: int = 3, load: float = 1.0) -> None:
        seed = f"{name}:{unit}"
        self._conductors = [Conductor(f"{seed}:L{number}", load) for number in range(1, phases + 1)]
        self._frequency = wave(50, 0.03, seed, "frequency")
        self._dc_voltage = wave(620, 25, seed, "dc")
        self._temperature = wave(41, 6, seed, "temperature")
        self._charge = wave(55, 40, seed, "charge")

    def at(self, seconds: float) -> Moment:
        """What the meter measures `seconds` after it was switched on."""
        return Moment(
            tuple(conductor.at(seconds) for conductor in self._conductors),
            self._frequency.at(seconds),
            self._dc_voltage.at(seconds),
            self._temperature.at(seconds),
            self._charge.at(seconds),
        )
