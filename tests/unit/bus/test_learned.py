"""What refusals teach, against model devices."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.learned import ASK_AGAIN, KEEP_LIMITS, Learned
from mbmd.devices.schema import Register
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
    """A device that accepts reads of up to `most` registers that touch no bad one."""

    most: int = 125
    bad: frozenset[int] = frozenset()

    def accepts(self, block: Block) -> bool:
        return block.count <= self.most and not self.bad & set(range(block.address, block.address + block.count))


class Reader:
    """Polls a model as the engine does."""

    def __init__(self, registers: list[Register], model: Model) -> None:
        self.registers = registers
        self.model = model
        self.learned = Learned(registers, {name: i for i, name in enumerate(NAMES)}, Limits(), COSTS)
        self.plan = self.learned.plan(registers)
        self.refusals = 0

    def poll(self) -> set[str]:
        """Names that were read."""
        accepted = []
        ahead = self.plan[::-1]
        self.refusals = 0
        while ahead:
            block = ahead.pop()
            if self.model.accepts(block):
                accepted.append(block)
            else:
                self.refusals += 1
                ahead += self.learned.rejected(block)[::-1]
        if self.refusals or self.learned.trying:
            self.learned.conclude(accepted, (), NOW)
            self.plan = self.learned.plan(self.registers)
        return {register.measurement for block in accepted for register in block.registers}

    def settle(self, polls: int = 30) -> int:
        """Polls until none is refused and nothing is tried any more."""
        for n in range(1, polls + 1):
            self.poll()
            if not self.refusals and not self.learned.trying:
                return n
        raise AssertionError("it never settles")


SDM = floats(*range(0, 36, 2), 52, 56, 60, 62, 66, 70, 72, 74, 76, 78, 234, 236, 238, 248, *range(342, 382, 2))


def readable(reader: Reader) -> set[str]:
    return {r.measurement for r in reader.registers if not reader.model.bad & set(range(r.address, r.end))}


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
    (block,) = reader.learned.due(NOW + ASK_AGAIN)
    assert (block.address, block.count) == (72, 2)
    reader.learned.asked_again(block.registers[0], NOW + ASK_AGAIN, answered=False)
    assert not reader.learned.due(NOW + ASK_AGAIN)
    reader.learned.asked_again(block.registers[0], NOW + 2 * ASK_AGAIN, answered=True)
    assert not reader.learned.refused


def test_limits_are_forgotten_in_the_end() -> None:
    reader = Reader(SDM, Model(most=30))
    reader.settle()
    assert not reader.learned.expire(NOW + KEEP_LIMITS - 1)
    assert reader.learned.expire(NOW + KEEP_LIMITS)
    assert max(block.count for block in reader.learned.plan(SDM)) > 30


@st.composite
def devices(draw: st.DrawFn) -> Reader:
    gaps = draw(st.lists(st.sampled_from([2, 2, 2, 3, 4, 8, 20, 60]), min_size=1, max_size=40))
    addresses = [sum(gaps[:n]) for n in range(len(gaps))]
    most = draw(st.one_of(st.just(125), st.integers(2, 125)))
    bad = draw(st.frozensets(st.integers(0, addresses[-1] + 2), max_size=6))
    return Reader(floats(*addresses), Model(most, bad))


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


@given(devices())
@settings(deadline=None)
def test_what_was_learned_starts_another_reader_well(reader: Reader) -> None:
    if not readable(reader):
        return
    reader.settle()
    again = Reader(reader.registers, reader.model)
    again.learned.load(reader.learned.dump())
    again.plan = again.learned.plan(again.registers)
    assert again.poll() == readable(reader)
    assert not again.refusals


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
KEYS = ("longest", "too_long", "barriers", "refused", "trials", "since")


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_nothing_that_is_loaded_keeps_it_from_planning(known: dict[str, object]) -> None:
    reader = Reader(SDM, Model())
    reader.learned.load(known)
    blocks = reader.learned.plan(SDM)
    read = {register.measurement for block in blocks for register in block.registers}
    assert read == {register.measurement for register in SDM} - set(reader.learned.refused)
