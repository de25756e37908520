"""What refusals teach of devices with borders, and of values far from their scales."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.findings import KEEP_LIMITS
from mbmd.devices.schema import Register, Scale
from mbmd.planner import Block, cost
from tests.refusing_devices import COSTS, NAMES, NOW, SDM, Model, Reader, floats, least, readable


def test_a_read_across_a_border_is_parted_there() -> None:
    reader = Reader(SDM, Model(borders=frozenset({18})))
    assert reader.poll() == readable(reader)
    reader.settle()
    assert not reader.learned.refused
    assert cost(reader.plan, COSTS) <= least(reader) + 3 * COSTS.read


MODELS = floats(2, 4, 6, 10, 14, 16, 20, 22, 28, 30)
BORDERS = (0, 8, 18, 26, 40)
"""Where the models of MODELS begin, and the last one ends."""


def test_a_device_that_takes_no_reads_across_its_borders_teaches_so_by_one_refusal() -> None:
    reader = Reader(MODELS, Model(borders=frozenset(BORDERS)), BORDERS)
    assert [str(block) for block in reader.plan] == ["4:2+30"]
    assert reader.poll() == readable(reader)
    assert reader.refusals == 1
    assert [str(block) for block in reader.plan] == ["4:2+6", "4:10+8", "4:20+4", "4:28+4"]
    assert not reader.trying
    assert reader.settle() == 1
    known = reader.learned.dump()
    assert (known["crossing"], known["too_long"], known["parted"], known["barriers"]) == (False, [], [], [])
    again = Reader(MODELS, reader.model, BORDERS)
    again.learned.load(known, NOW)
    assert [str(block) for block in again.learned.plan(MODELS)] == [str(block) for block in reader.plan]
    assert again.learned.expire(NOW + KEEP_LIMITS)
    assert [str(block) for block in again.learned.plan(MODELS)] == ["4:2+30"]
    assert again.learned.dump() == {}


def test_a_model_that_is_refused_is_no_reason_not_to_read_across_borders() -> None:
    reader = Reader(MODELS, Model(bad=frozenset(range(8, 18))), BORDERS)
    assert reader.poll() == readable(reader)
    reader.settle()
    assert [str(block) for block in reader.plan] == ["4:2+6", "4:20+12"]
    assert {r.address for r in MODELS if r.measurement in reader.learned.refused} == {10, 14, 16}
    assert reader.learned.dump()["crossing"] is True


def test_nor_does_a_model_that_is_refused_hide_that_no_reads_go_across_borders() -> None:
    reader = Reader(MODELS, Model(bad=frozenset(range(18, 26)), borders=frozenset(BORDERS)), BORDERS)
    assert reader.poll() == readable(reader)
    reader.settle()
    assert [str(block) for block in reader.plan] == ["4:2+6", "4:10+8", "4:28+4"]
    assert reader.learned.dump()["crossing"] is False


def test_who_accepts_a_read_across_a_border_is_not_thought_to_refuse_them() -> None:
    far = floats(2, 10, 180, 190)
    reader = Reader(far, Model(bad=frozenset({185})), (0, 8, 178, 188))
    reader.settle()
    assert [str(block) for block in reader.plan] == ["4:2+10", "4:180+2", "4:190+2"]
    assert reader.learned.dump()["crossing"] is True


def fails(reader: Reader, failing: set[int]) -> None:
    """A poll of a device that fails at every read of several values with one of `failing` in it."""
    accepted: list[Block] = []
    ahead = reader.plan[::-1]
    while ahead:
        block = ahead.pop()
        if failing.isdisjoint(range(block.address, block.address + block.count)):
            accepted.append(block)
        else:
            ahead += reader.learned.failed(block, block, accepted)[::-1]
    assert reader.learned.conclude(accepted, NOW) == []
    reader.plan = reader.learned.plan(reader.registers)


def test_failures_teach_what_is_read_by_itself_and_refuse_nothing() -> None:
    reader = Reader(MODELS, Model(), BORDERS)
    fails(reader, {14})
    assert [str(block) for block in reader.plan] == ["4:2+6", "4:10+2", "4:14+2", "4:16+2", "4:20+4", "4:28+4"]
    assert not reader.learned.refused
    assert reader.learned.expire(NOW + KEEP_LIMITS)


def test_what_failed_as_a_whole_teaches_nothing() -> None:
    reader = Reader([*MODELS, Register(NAMES[20], 4, 300, "float32")], Model(), BORDERS)
    before = [str(block) for block in reader.plan]
    fails(reader, {*range(40)})
    assert [str(block) for block in reader.plan] == before
    assert reader.learned.dump() == {}


def test_failures_of_reads_across_borders_teach_what_refusals_teach() -> None:
    reader = Reader(MODELS, Model(borders=frozenset(BORDERS)), BORDERS)
    (whole,) = reader.plan
    reader.learned.conclude(reader.learned.failed(whole, whole, []), NOW)
    assert reader.learned.dump()["crossing"] is False


def modules(number: int) -> list[Register]:
    """Values far behind their common scales, as of model 160."""
    return [
        Register(NAMES[4 * n + at], 3, 19 + 20 * n + at, "uint16", scale=Scale(2 + at))
        for n in range(number)
        for at in range(4)
    ]


@pytest.mark.parametrize("most", [1, 4, 17, 18, 30, 60, 100])
def test_values_are_read_though_their_scales_are_further_away_than_a_read_may_be_long(most: int) -> None:
    reader = Reader([*modules(4), Register(NAMES[20], 3, 90, "uint16")], Model(most=most), (0, 108))
    reader.poll()
    reader.settle()
    assert reader.poll() == readable(reader)
    assert not reader.refusals
    assert not reader.learned.refused


def test_a_value_that_is_refused_between_others_and_their_scales_is_the_only_one() -> None:
    reader = Reader(modules(2), Model(bad=frozenset({20})), (0, 108))
    assert reader.poll() == readable(reader)
    reader.settle()
    assert list(reader.learned.refused) == [NAMES[1]]
    assert reader.poll() == readable(reader)


def test_a_register_is_readmitted_in_the_way_in_which_it_was_answered() -> None:
    value, other = modules(1)[0], Register(NAMES[20], 3, 300, "uint16")
    reader = Reader([value, other], Model(bad=frozenset({10})))
    reader.learned.load({"refused": {value.measurement: NOW}}, NOW)
    whole, apart = reader.learned.ways(value)
    assert (str(whole), str(apart)) == ("3:2+18", "3:19+1 scaled by 3:2+1")
    reader.learned.readmit(value, apart, NOW)
    assert [str(block) for block in reader.learned.ways(value)] == [str(apart)]
    assert reader.learned.expire(NOW + KEEP_LIMITS)
    assert str(reader.learned.alone(value)) == "3:2+18"


@st.composite
def sunspec_like(draw: st.DrawFn) -> Reader:
    """Models in a row without holes, each with values before or behind their scales; any faults of the device."""
    registers: list[Register] = []
    starts = [0]
    for _ in range(draw(st.integers(1, 4))):
        start, size = starts[-1], draw(st.integers(8, 60))
        scales = draw(st.lists(st.integers(2, size - 1), min_size=1, max_size=2, unique=True))
        places = draw(st.lists(st.integers(2, size - 1), min_size=1, max_size=6, unique=True))
        for at in places:
            scale = None if at in scales else Scale(start + draw(st.sampled_from(scales)))
            registers.append(Register(NAMES[len(registers)], 3, start + at, "int16", scale=scale))
        starts.append(start + size)
    most = draw(st.sampled_from([125, 125, 60, 30, 10, 2]))
    bad = draw(st.frozensets(st.integers(0, starts[-1]), max_size=3))
    forbidden = draw(st.sampled_from([frozenset[int](), frozenset(starts)]))
    return Reader(registers, Model(most, bad, forbidden), tuple(starts))


@given(sunspec_like())
@settings(max_examples=300, deadline=None)
def test_any_device_with_borders_settles_with_all_that_can_be_read(reader: Reader) -> None:
    wanted = readable(reader)
    if not wanted:
        return
    reader.poll()
    reader.settle()
    assert reader.poll() == wanted
    assert not reader.refusals
    assert set(reader.learned.refused) == {r.measurement for r in reader.registers} - wanted
