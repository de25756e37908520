"""From the models of a logical device to the registers that are polled; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mbmd.devices.schema import Register, Scale
from mbmd.measurements import CATALOGUE
from mbmd.sunspec.common import COMMON, HEADER_REGISTERS
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.layout import Placed, layout
from mbmd.sunspec.measured import KILO, MEASURED, OLDER
from mbmd.sunspec.values import ACCUMULATORS, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mbmd.sunspec.chain import Chain, Placement
    from mbmd.sunspec.definitions import Model

HOLDING = 3
"""The function that reads all of a SunSpec device."""
_COMMON_LENGTHS = (65, 66)
"""Model 1 may come without the padding at its end."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a logical device has: for each measurement the registers that may bring it, the best first.

    `notes` are what is strange about its models.
    """

    candidates: Mapping[str, tuple[Register, ...]]
    notes: tuple[str, ...] = ()

    @property
    def registers(self) -> tuple[Register, ...]:
        """The best register of each measurement."""
        return tuple(registers[0] for registers in self.candidates.values())


def offer(chain: Chain, device: int, signed_counters: bool = False) -> Offer:
    """What a logical device has; nothing if it is not in the chain.

    The last of models that measure the same is the best. Newer models, where there are older ones that say the same,
    come behind these and add no measurements. `signed_counters`: accumulators above the largest signed number are
    negative ones.
    """
    models = chain.of(device)
    there = {model.id for model in models}
    newer = [model for model in reversed(models) if OLDER.get(model.id, frozenset()) & there]
    candidates: dict[str, tuple[Register, ...]] = {}
    for model in [*(model for model in reversed(models) if model not in newer), *newer]:
        for register in _registers(model, signed_counters):
            if model not in newer or register.measurement in candidates:
                candidates[register.measurement] = (*candidates.get(register.measurement, ()), register)
    return Offer(candidates, tuple(_notes(models)))


def borders(chain: Chain) -> tuple[int, ...]:
    """Where models begin and end: addresses at which a device may want reads to begin and end."""
    return tuple(sorted({model.address for model in chain.models} | {model.end for model in chain.models}))


def _registers(model: Placement, signed_counters: bool) -> Iterator[Register]:
    wanted = MEASURED.get(model.id)
    known = definition(model.id) if wanted is not None else None
    if wanted is None or known is None:
        return
    for placed in layout(known, model.length, lambda _: model.groups):
        measurement = wanted.get(_name(placed))
        if measurement is not None and not placed.scale_is_missing:
            yield _register(model, placed, measurement, signed_counters)


def _name(placed: Placed) -> str:
    return "/".join([*(f"{name}/{number}" for name, number in placed.group), placed.point.name])


def _register(model: Placement, placed: Placed, measurement: str, signed_counters: bool) -> Register:
    point = placed.point
    kind = (ACCUMULATORS if signed_counters else KINDS).get(point.type) or KINDS[point.type]
    divisor = 1000.0 if CATALOGUE[measurement].unit in KILO else 1.0
    scale = None
    if placed.is_constant and placed.scale is not None:
        divisor *= 10.0**-placed.scale
    elif placed.scale is not None:
        scale = Scale(model.address + placed.scale, *KINDS["sunssf"])
    address = model.address + placed.at
    return Register(measurement, HOLDING, address, kind.type, divisor, kind.nan, scale=scale)


def _notes(models: Sequence[Placement]) -> Iterator[str]:
    for model in models:
        known = definition(model.id)
        if known is None or (model.id == COMMON and model.length in _COMMON_LENGTHS):
            continue
        expected = _expected(known, model)
        if expected != model.length:
            yield (
                f"model {model.id} at {model.address} has {model.length} registers in place of {expected}: "
                "what is there is used as announced"
            )


def _expected(known: Model, model: Placement) -> int:
    """The length that the definition gives it, with as many groups as it says, else as there is room for."""
    fixed = known.group.size - HEADER_REGISTERS
    repeated = [group for group in known.group.groups if group.count != 1]
    if not repeated:
        return fixed + sum(group.size for group in known.group.groups)
    if len(repeated) > 1 or repeated[0].groups or model.length < fixed:
        return max(model.length, fixed)
    groups = model.groups
    if groups is None or (groups == 0 and repeated[0].count == 0):  # a 0 there is not implemented
        groups = (model.length - fixed) // repeated[0].size
    return fixed + groups * repeated[0].size
