"""What one register of a meter, read by hand, says for or against a device type; pure."""

from __future__ import annotations

import math
from array import array
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mbmd._native.decode import KINDS, Program
from mbmd.measurements import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbmd.devices.schema import Register

Answer: TypeAlias = bytes | int | None
"""What a read brought: its data, the code of an exception, or None for nothing that could be used."""


class Span(NamedTuple):
    """Where the absolute values of a quantity lie, and the weight of one that does; `zero` is the weight of a 0.

    What the mains make lies in narrow ranges that little else falls into: it is telling.
    """

    ranges: tuple[tuple[float, float], ...]
    weight: float
    zero: float = 0.0

    @property
    def is_telling(self) -> bool:
        """Whether a value within says more than that there is something."""
        return self.weight >= 1


NO_MAINS = -0.3
"""Weight of a voltage or frequency of 0: a phase may not be wired, but more likely is not measured at all."""


def _around(*volts: float) -> tuple[tuple[float, float], ...]:
    return tuple((0.9 * v, 1.1 * v) for v in volts)


_LINE_TO_NEUTRAL = _around(110, 230)
_LINE_TO_LINE = _around(190, 400)
_PHASE_VOLTAGE = Span(_LINE_TO_NEUTRAL, 3, NO_MAINS)
_LINE_VOLTAGE = Span(_LINE_TO_LINE, 3, NO_MAINS)
_ANY_VOLTAGE = Span((*_LINE_TO_NEUTRAL, *_LINE_TO_LINE), 3, NO_MAINS)
_COUNTER = Span(((0.001, 1e7),), 0.5)
_POWER = Span(((0.01, 1e6),), 0.5)

_BY_NAME: Mapping[str, Span] = MappingProxyType(
    {
        "Voltage": _ANY_VOLTAGE,
        **dict.fromkeys(("VoltageL1", "VoltageL2", "VoltageL3", "VoltageL_N_avg"), _PHASE_VOLTAGE),
        **dict.fromkeys(("VoltageL1_L2", "VoltageL2_L3", "VoltageL3_L1", "VoltageL_L_avg"), _LINE_VOLTAGE),
        **dict.fromkeys(("Cosphi", "CosphiL1", "CosphiL2", "CosphiL3"), Span(((0.001, 1),), 1)),
    }
)
_BY_UNIT: Mapping[str, Span] = MappingProxyType(
    {
        "Hz": Span(((45, 65),), 3, NO_MAINS),
        "V": Span(((0.01, 1500),), 0.5),
        "A": Span(((0.0001, 5000),), 0.5),
        "W": _POWER,
        "var": _POWER,
        "VA": _POWER,
        "kWh": _COUNTER,
        "kvarh": _COUNTER,
        "%": Span(((0.001, 100),), 1),
        "°": Span(((0.001, 360),), 1),
        "°C": Span(((0.1, 150),), 0.5),
    }
)
_ANYTHING = Span(((0, math.inf),), 0.1)

REFUSED = -3.0
"""Weight of an exception that says that there is no such register (1 to 3); other exceptions may have other reasons."""
UNANSWERED = -1.0
ABSURD = 2.0
"""How much more a value beyond its span speaks against a type than one within speaks for it, at the least 2."""


def is_readable(register: Register) -> bool:
    """Whether the register is a number that can be told by itself."""
    is_number = register.function in (3, 4) and register.type.removesuffix("_swapped") in KINDS
    return is_number and register.scale is None


def physical_unit(measurement: str) -> str:
    """The unit of a measurement; empty for one that the catalogue does not have."""
    return CATALOGUE[measurement].unit if measurement in CATALOGUE else ""


def span(register: Register) -> Span:
    """Where the values of a register lie."""
    return _BY_NAME.get(register.measurement) or _BY_UNIT.get(physical_unit(register.measurement), _ANYTHING)


def value(register: Register, data: bytes) -> float:
    """The value of a register from the data of its read; NaN for none."""
    column = array("d", [math.nan])
    Program([(register.type, 0, register.divisor, register.nan, 0, register.offset, register.bits, None)]).run(
        data, column
    )
    return column[0]


def weight(register: Register, answer: Answer) -> float:
    """What an answer says for (above 0) or against (below) a type that has this register."""
    if answer is None:
        return UNANSWERED
    if isinstance(answer, int):
        return REFUSED if answer in (1, 2, 3) else UNANSWERED
    expected = span(register)
    number = abs(value(register, answer))
    if math.isnan(number) or number == 0:
        return expected.zero
    if any(low <= number <= high for low, high in expected.ranges):
        return expected.weight
    return -max(ABSURD, expected.weight)
