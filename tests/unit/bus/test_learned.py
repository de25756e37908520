"""What refusals teach, against model devices."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.findings import ASK_AGAIN, KEEP_LIMITS
from mbmd.bus.learned import ASK_SOON, Learned
from mbmd.devices.schema import Register, Scale
from mbmd.measurements import CATALOGUE
from mbmd.planner import Block, Limits, cost, places, plan
from mbmd.protocol.timing import Costs

COSTS = Costs(0.03, 0.002)
NAMES = list(CATALOGUE)
NOW = 1_700_000_000.0


def floats(*addresses: int) -> list[Register]:
    return [Register(name, 4, address, "float32") for name, address in zip(NAMES, addresses, strict=False)]


@dataclass
class Model:
    """A device that accepts reads of up to `most` registers that touch no bad one and cross no border before one."""

    most: int = 125
    bad: frozenset[int] = frozenset()
    borders: frozenset[int] = frozenset()

    def refused(self, block: Block) -> Block | None:
        """The first of its reads that is not accepted."""
        return next((read for read in block.reads if not self.accepts(read)), None)

    def accepts(self, block: Block) -> bool:
        touched = range(block.address, block.address + block.count)
        return (
            (block.function == 1 or block.count <= self.most)
            and not self.bad & set(touched)
            and not self.borders & set(touched[1:])
        )


class Reader:
    """Polls a model as the engine does; `borders` are known of it, whether or not it cares."""

    def __init__(self, registers: list[Register], model: Model, borders: tuple[int, ...] = ()) -> None:
        self.registers = registers
        self.model = model
        limits = Limits(borders=borders)
        self.learned = Learned(registers, {name: i for i, name in enumerate(NAMES)}, limits, COSTS)
        self.plan = self.learned.plan(registers)
        self.refusals = 0

    def poll(self) -> set[str]:
        """Names that were read."""
        accepted = []
        ahead = self.plan[::-1]
        self.refusals = 0
        while ahead:
            block = ahead.pop()
            if (refused := self.model.refused(block)) is None:
                accepted.append(block)
            else:
                self.refusals += 1
                ahead += self.learned.rejected(block, refused, accepted)[::-1]
        if self.refusals or self.trying:
            self.learned.conclude(accepted, NOW)
            self.plan = self.learned.plan(self.registers)
        return {register.measurement for block in accepted for register in block.registers}

    @property
    def trying(self) -> bool:
        return any(map(self.learned.is_trial, self.plan))

    def settle(self, polls: int = 30) -> int:
        """Polls until none is refused and nothing is tried any more."""
        for n in range(1, polls + 1):
            before = sorted(map(str, self.plan))
            self.poll()
            if not self.refusals and not self.trying and sorted(map(str, self.plan)) == before:
                return n
        raise AssertionError("it never settles")


SDM = floats(*range(0, 36, 2), 52, 56, 60, 62, 66, 70, 72, 74, 76, 78, 234, 236, 238, 248, *range(342, 382, 2))


def readable(reader: Reader) -> set[str]:
    """Values of which neither their own registers nor those of their scales are bad."""
    return {r.measurement for r in reader.registers if not reader.model.bad & needed(r)}


def needed(register: Register) -> set[int]:
    scale = register.scale
    return {*range(register.address, register.end)} | ({*range(scale.address, scale.end)} if scale else set())


def least(reader: Reader) -> float:
    """The cost of the best plan for who knows all about the device."""
    wanted = [r for r in reader.registers if r.measurement in readable(reader)]
    limits = Limits(reader.model.most, True, frozenset((4, address) for address in reader.model.bad))
    return cost(plan(wanted, {name: i for i, name in enumerate(NAMES)}, limits, COSTS), COSTS)


def test_the_longest_read_is_found() -> None:
    reader = Reader(SDM, Model(most=30))
    assert reader.poll() == readable(reader)
    assert reader.settle() <= 8
    assert cost(reader.plan, COSTS) == least(reader)
    assert not reader.learned.refused


def test_a_refused_register_is_left_out_and_the_rest_is_read_as_long_as_before() -> None:
    reader = Reader(SDM, Model(bad=frozenset({72, 73})))
    assert reader.poll() == readable(reader)
    reader.settle()
    assert list(reader.learned.refused) == [next(r.measurement for r in SDM if r.address == 72)]
    assert cost(reader.plan, COSTS) == least(reader)


def test_a_device_without_holes() -> None:
    reader = Reader(SDM, Model(bad=frozenset(range(65536)) - {a for _, a in places(SDM)}))
    assert reader.poll() == readable(reader)
    reader.settle()
    assert not reader.learned.refused
    assert cost(reader.plan, COSTS) == least(reader)


def test_a_device_that_accepts_nothing_teaches_nothing() -> None:
    reader = Reader(SDM, Model(most=0))
    before = reader.plan
    assert reader.poll() == set()
    assert not reader.learned.refused
    assert [str(block) for block in reader.plan] == [str(block) for block in before]


def test_refused_registers_are_asked_for_again_after_an_hour() -> None:
    reader = Reader(SDM, Model(bad=frozenset({72, 73})))
    reader.settle()
    assert not reader.learned.due(NOW + ASK_AGAIN - 1)
    register = reader.learned.due(NOW + ASK_AGAIN)
    assert register is not None
    assert reader.learned.alone(register).address == 72
    reader.learned.ask_later(register, NOW + ASK_AGAIN)
    assert not reader.learned.due(NOW + 2 * ASK_AGAIN - 1)
    reader.learned.readmit(register, reader.learned.alone(register), NOW)
    assert not reader.learned.refused


def test_a_register_that_had_a_value_is_asked_for_again_soon() -> None:
    reader = Reader(SDM, Model())
    only = reader.learned.alone(SDM[3])
    reader.learned.rejected(only, only, [])
    reader.learned.conclude([reader.learned.alone(SDM[4])], NOW, {SDM[3].measurement})
    assert reader.learned.due(NOW + ASK_SOON) == SDM[3]


def test_a_trial_that_is_met_by_silence_again_is_too_long() -> None:
    reader = Reader(SDM, Model())
    reader.learned.load({"longest": 20, "too_long": [[4, 0, 80]], "since": NOW}, NOW)
    trial = next(block for block in reader.learned.plan(SDM) if reader.learned.is_trial(block))
    accepted = [reader.learned.alone(SDM[0])]
    for still_tried in (True, False):
        reader.learned.unanswered(trial, trial, [])
        reader.learned.conclude(accepted, NOW)
        assert (str(trial) in map(str, reader.learned.plan(SDM))) is still_tried


def test_what_was_answered_in_the_same_poll_is_not_refused() -> None:
    reader = Reader(SDM, Model())
    only = reader.learned.alone(SDM[3])
    reader.learned.rejected(only, only, [])
    assert reader.learned.conclude([only], NOW) == []
    assert not reader.learned.refused


def test_times_of_a_clock_that_was_wrong_are_brought_back() -> None:
    reader = Reader(SDM, Model())
    reader.learned.load({"refused": {SDM[0].measurement: 2e9}, "since": 2e9, "barriers": [[4, 36, 16]]}, NOW)
    assert reader.learned.refused == {SDM[0].measurement: NOW + ASK_AGAIN}
    assert reader.learned.expire(NOW + KEEP_LIMITS)


def test_what_was_refused_is_asked_for_where_a_table_has_it_now() -> None:
    reader = Reader(SDM, Model(bad=frozenset({72, 73})))
    reader.settle()
    (refused,) = reader.learned.refused
    moved = [replace(register, address=90) if register.measurement == refused else register for register in SDM]
    wider = [replace(register, type="float64") if register.measurement == refused else register for register in SDM]
    otherwise = [replace(register, divisor=10.0) for register in SDM]
    for registers, kept in ((moved, []), (wider, []), (otherwise, [refused]), (SDM, [refused])):
        again = Reader(registers, reader.model)
        again.learned.load(reader.learned.dump(), NOW)
        assert list(again.learned.refused) == kept


def test_limits_are_forgotten_in_the_end() -> None:
    reader = Reader(SDM, Model(most=30))
    reader.settle()
    assert not reader.learned.expire(NOW + KEEP_LIMITS - 1)
    assert reader.learned.expire(NOW + KEEP_LIMITS)
    assert max(block.count for block in reader.learned.plan(SDM)) > 30


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


@st.composite
def devices(draw: st.DrawFn) -> Reader:
    gaps = draw(st.lists(st.sampled_from([2, 2, 2, 3, 4, 8, 20, 60]), min_size=1, max_size=40))
    addresses = [sum(gaps[:n]) for n in range(len(gaps))]
    most = draw(st.one_of(st.just(125), st.integers(2, 125)))
    bad = draw(st.frozensets(st.integers(0, addresses[-1] + 2), max_size=6))
    borders = draw(st.frozensets(st.sampled_from(addresses), max_size=2))
    return Reader(floats(*addresses), Model(most, bad, borders))


@st.composite
def mixed_devices(draw: st.DrawFn) -> Reader:
    """Devices with coils beside registers, and with scales shared by values near and far."""
    shared = draw(st.lists(st.integers(0, 80), min_size=1, max_size=3))
    scales = st.none() | st.sampled_from(shared).map(Scale)
    places = draw(st.lists(st.tuples(st.integers(0, 80), st.booleans(), scales), min_size=1, max_size=20, unique=True))
    rows = [
        Register(name, 1, at, "bit") if bit else Register(name, 4, at, "int16", scale=scale)
        for name, (at, bit, scale) in zip(NAMES, places, strict=False)
    ]
    bad = draw(st.frozensets(st.integers(0, 81), max_size=6))
    return Reader(rows, Model(draw(st.integers(1, 125)), bad))


@given(devices())
@settings(max_examples=400, deadline=None)
def test_any_device_settles_with_all_that_can_be_read(reader: Reader) -> None:
    wanted = readable(reader)
    if not wanted:
        return
    assert reader.poll() == wanted
    reader.settle()
    assert reader.poll() == wanted
    assert not reader.refusals
    assert set(reader.learned.refused) == {r.measurement for r in reader.registers} - wanted


@given(mixed_devices())
@settings(max_examples=300, deadline=None)
def test_coils_and_scales_settle_too(reader: Reader) -> None:
    wanted = readable(reader)
    if not wanted:
        return
    assert reader.poll() == wanted
    reader.settle()
    assert reader.poll() == wanted
    assert not reader.refusals
    assert set(reader.learned.refused) == {r.measurement for r in reader.registers} - wanted


def test_a_refused_scale_refuses_its_values_and_no_others() -> None:
    rows = [Register(name, 4, at, "int16", scale=Scale(10)) for name, at in zip(NAMES, (0, 1, 2), strict=False)]
    reader = Reader(
        [*rows, Register(NAMES[3], 4, 11, "int16"), Register(NAMES[4], 4, 3, "int16")], Model(bad=frozenset({10}))
    )
    assert reader.poll() == {NAMES[3], NAMES[4]}
    reader.settle()
    assert set(reader.learned.refused) == set(NAMES[:3])


def test_long_reads_of_coils_teach_nothing_of_registers() -> None:
    coils = [Register(name, 1, at, "bit") for name, at in zip(NAMES[60:], range(0, 400, 20), strict=False)]
    reader = Reader([*SDM, *coils], Model(most=30))
    reader.settle()
    known = reader.learned.dump()
    assert known["longest"] == 28
    assert [str(block) for block in reader.plan if block.function == 1] == ["1:0+381"]


def test_bit_fields_of_a_refused_register_are_refused_with_one_request() -> None:
    fields = [Register(name, 3, 8, "uint16", bits=(at, 1)) for at, name in enumerate(NAMES[:16])]
    reader = Reader([*fields, Register(NAMES[16], 3, 9, "uint16")], Model(bad=frozenset({8})))
    assert reader.poll() == readable(reader)
    assert reader.refusals == 2
    assert set(reader.learned.refused) == set(NAMES[:16])


def test_a_refused_read_of_coils_is_parted() -> None:
    coils = [Register(name, 1, at, "bit") for name, at in zip(NAMES, (0, 1, 2, 3), strict=False)]
    reader = Reader(coils, Model(borders=frozenset({2})))
    assert reader.poll() == set(NAMES[:4])
    reader.settle()
    assert not reader.learned.refused
    assert [str(block) for block in reader.plan] == ["1:0+2", "1:2+2"]
    again = Reader(coils, reader.model)
    again.learned.load(reader.learned.dump(), NOW)
    assert [str(block) for block in again.learned.plan(coils)] == ["1:0+2", "1:2+2"]


@given(devices())
@settings(deadline=None)
def test_what_was_learned_starts_another_reader_well(reader: Reader) -> None:
    if not readable(reader):
        return
    reader.settle()
    again = Reader(reader.registers, reader.model)
    again.learned.load(reader.learned.dump(), NOW)
    again.plan = again.learned.plan(again.registers)
    assert again.poll() == readable(reader)
    assert not again.refusals


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
KEYS = ("longest", "too_long", "parted", "barriers", "crossing", "refused", "places", "trials", "since")


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_nothing_that_is_loaded_keeps_it_from_planning(known: dict[str, object]) -> None:
    reader = Reader(SDM, Model())
    reader.learned.load(known, NOW)
    blocks = reader.learned.plan(SDM)
    read = {register.measurement for block in blocks for register in block.registers}
    assert read == {register.measurement for register in SDM} - set(reader.learned.refused)
