"""The headers of models, read along with values: a unit that has other models by now is found out; pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mbmd.bus.meter import Group
from mbmd.devices.schema import Anchor, Register
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import Costs
from mbmd.sunspec.chain import Chain, Placement


def with_headers(groups: Iterable[Group], chain: Chain, limits: Limits, costs: Costs) -> list[Group]:
    """Groups in which the first register of each model is read from the header on; not where that takes more reads."""
    widened = []
    for group in groups:
        anchored = _anchored(group.registers, chain)
        costs_reads = _reads(anchored, limits, costs) > _reads(group.registers, limits, costs)
        widened.append(group if costs_reads else Group(anchored, group.rate))
    return widened


def _anchored(registers: Sequence[Register], chain: Chain) -> tuple[Register, ...]:
    models = _models(registers, chain)
    first: dict[Placement, Register] = {}
    for register in sorted(registers, key=lambda r: r.span.start):
        first.setdefault(models[register], register)
    return tuple(
        replace(register, anchor=_header(models[register])) if register is first[models[register]] else register
        for register in registers
    )


def _models(registers: Iterable[Register], chain: Chain) -> Mapping[Register, Placement]:
    """The model that each register is of."""
    starts = [model.address for model in chain.models]
    return {register: chain.models[bisect_right(starts, register.address) - 1] for register in registers}


def _header(model: Placement) -> Anchor:
    return Anchor(model.address, (model.id << 16 | model.length).to_bytes(4))


def _reads(registers: Sequence[Register], limits: Limits, costs: Costs) -> int:
    slots = {register.measurement: slot for slot, register in enumerate(registers)}
    return len(plan(registers, slots, limits, costs))
