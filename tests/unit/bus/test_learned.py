"""What refusals teach, against model devices."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.findings import ASK_AGAIN, KEEP_LIMITS
from mbmd.bus.learned import ASK_SOON
from mbmd.devices.schema import Register, Scale
from mbmd.planner import cost, places
from tests.refusing_devices import COSTS, NAMES, NOW, SDM, Model, Reader, floats, least, readable


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
    """Devices with coils beside registers, and with scales shared by values near and far; no scale has one itself."""
    shared = draw(st.lists(st.integers(0, 80), min_size=1, max_size=3))
    scales = st.none() | st.sampled_from(shared).map(Scale)
    places = draw(st.lists(st.tuples(st.integers(0, 80), st.booleans(), scales), min_size=1, max_size=20, unique=True))
    rows = [
        Register(name, 1, at, "bit") if bit else Register(name, 4, at, "int16", scale=None if at in shared else scale)
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
