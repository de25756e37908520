"""Headers of models that are read along with their values."""

from collections.abc import Sequence

import pytest

from mbmd.bus.headers import with_headers
from mbmd.bus.meter import Group
from mbmd.devices.schema import Anchor, Register, Scale
from mbmd.planner import Block, Limits, plan, refine
from mbmd.protocol.timing import Costs
from mbmd.sunspec.chain import Chain, End, Placement
from mbmd.sunspec.common import Common

COSTS = Costs(1.0, 0.001)
CHAIN = Chain(
    40000,
    (Placement(1, 40002, 66, 0), Placement(103, 40070, 50, 0), Placement(203, 40122, 105, 0)),
    (Common(),),
    End.MARK,
)
POWER = Register("Power", 3, 40084, "int16", scale=Scale(40085))
CURRENT = Register("Current", 3, 40072, "uint16", scale=Scale(40076))
IMPORT = Register("Import", 3, 40168, "uint32", scale=Scale(40176))


def reads(registers: Sequence[Register], limits: Limits = Limits()) -> list[Block]:  # noqa: B008 - it is frozen
    return plan(registers, {register.measurement: slot for slot, register in enumerate(registers)}, limits, COSTS)


def widened(*registers: Register, limits: Limits = Limits()) -> tuple[Register, ...]:  # noqa: B008
    (group,) = with_headers([Group(registers, 1.0)], CHAIN, limits, COSTS)
    assert group.rate == 1.0
    return group.registers


def test_the_first_register_of_each_model_is_read_from_the_header_on() -> None:
    power, current, energy = widened(POWER, CURRENT, IMPORT)
    assert (power, current.anchor) == (POWER, Anchor(40070, bytes((0, 103, 0, 50))))
    assert energy.anchor == Anchor(40122, bytes((0, 203, 0, 105)))
    assert [str(block) for block in reads([power, current, energy])] == ["3:40070+107"]


def test_no_header_is_worth_another_read() -> None:
    limits = Limits(registers=105)
    assert len(reads([CURRENT, IMPORT], limits)) == 1
    assert widened(CURRENT, IMPORT, limits=limits) == (CURRENT, IMPORT)


def test_an_answer_with_another_header_is_none_of_the_model() -> None:
    (block,) = reads(widened(POWER))
    data = bytearray(2 * block.count)
    assert not block.is_anchored(bytes(data))
    data[:4] = 0, 103, 0, 50
    assert block.is_anchored(bytes(data))
    data[3] = 51
    assert not block.is_anchored(bytes(data))


def test_a_header_that_is_too_far_is_not_read_along() -> None:
    (block,) = reads(widened(IMPORT), Limits(registers=40))
    assert (str(block), block.anchors) == ("3:40168+9", ())


@pytest.mark.parametrize("borders", [(), (40070, 40122)])
def test_a_value_that_is_refused_with_its_header_is_read_without(borders: tuple[int, ...]) -> None:
    registers = widened(Register("Frequency", 3, 40086, "uint16"))
    (block,) = reads(registers)
    (bare,) = refine(block, {"Frequency": 0}, borders)
    assert (str(bare), bare.anchors) == ("3:40086+1", ())
    assert refine(bare, {"Frequency": 0}, borders) == []
