"""The planner against brute force, and the cuts that are known to be right."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.adapter import parse_adapter
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import TYPES, Register, Scale
from mbmd.measurements import CATALOGUE
from mbmd.planner import Block, Limits, cost, crosses, places, plan, refine
from mbmd.protocol.timing import Costs, costs
from tests.reference import decode_field

NAMES = list(CATALOGUE)
SLOTS = {name: slot for slot, name in enumerate(NAMES)}
COSTS = Costs(0.02, 0.002)


def some(*places: tuple[int, str], function: int = 3) -> list[Register]:
    return [Register(name, function, at, kind) for name, (at, kind) in zip(NAMES, places, strict=False)]


@st.composite
def rows(draw: st.DrawFn, name: str) -> Register:
    function = draw(st.sampled_from([1, 3, 3, 4, 4]))
    address = draw(st.integers(0, 60))
    if function == 1:
        return Register(name, function, address, "bit")
    scale = draw(st.none() | st.builds(Scale, st.integers(0, 60)))
    return Register(name, function, address, draw(st.sampled_from(sorted(TYPES))), scale=scale)


@st.composite
def register_sets(draw: st.DrawFn, most: int = 9) -> list[Register]:
    return [draw(rows(name)) for name in NAMES[: draw(st.integers(1, most))]]


BARRIERS = st.frozensets(st.tuples(st.sampled_from([1, 3, 4]), st.integers(0, 64)), max_size=6)
BORDERS = st.lists(st.integers(0, 64), max_size=3, unique=True).map(sorted).map(tuple)
LIMITS = st.builds(Limits, st.integers(64, 90), st.booleans(), BARRIERS, BORDERS, st.booleans())
"""Limits that leave room for each value with its scale."""
NARROW = st.builds(Limits, st.integers(4, 90), st.booleans(), BARRIERS, BORDERS, st.booleans())
"""Limits that leave room for each value, and for each scale."""
COST = st.builds(Costs, st.floats(0, 1), st.floats(0, 0.1))


def ordered(registers: Sequence[Register], function: int) -> list[Register]:
    wanted = [register for register in registers if register.function == function]
    return sorted(wanted, key=lambda register: (register.span.start, register.span.stop))


def partitions(registers: Sequence[Register]) -> Iterator[list[Sequence[Register]]]:
    """Every way to cut a list into runs of neighbours."""
    inner = range(1, len(registers))
    for number in range(len(registers)):
        for cuts in combinations(inner, number):
            yield [registers[a:b] for a, b in pairwise((0, *cuts, len(registers)))]


def span(part: Sequence[Register]) -> int:
    return max(register.span.stop for register in part) - min(register.span.start for register in part)


def wanted_addresses(part: Sequence[Register]) -> set[int]:
    return {at for register in part for at in register.span}


def holes(part: Sequence[Register]) -> set[tuple[int, int]]:
    first, end = min(register.span.start for register in part), max(register.span.stop for register in part)
    return {(part[0].function, at) for at in set(range(first, end)) - wanted_addresses(part)}


def allowed(part: Sequence[Register], limits: Limits, wanted: Set[tuple[int, int]] = frozenset()) -> bool:
    """Whether a device takes a read; it has the registers that are `wanted` elsewhere."""
    unknown = holes(part) - wanted
    forbidden = unknown & limits.barriers if limits.holes else unknown
    between = {bisect_right(limits.borders, register.span.start) for register in part}
    is_in_bounds = part[0].is_bit or span(part) <= limits.registers
    return is_in_bounds and not forbidden and (limits.crossing or len(between) == 1)


def price_of(part: Sequence[Register], price: Costs) -> float:
    return price.read + price.register * span(part) / (16 if part[0].is_bit else 1)


def cheapest(registers: Sequence[Register], limits: Limits, price: Costs) -> float:
    """The lowest cost of all cuts that are allowed."""
    return min(
        sum(price_of(part, price) for part in cut)
        for cut in partitions(registers)
        if all(allowed(part, limits) for part in cut)
    )


def check(blocks: Sequence[Block], registers: Sequence[Register]) -> None:
    """Every register is in one block, whole, and each block asks for what it says."""
    assert sorted(r.measurement for b in blocks for r in b.registers) == sorted(r.measurement for r in registers)
    for block in blocks:
        if block.parts:
            check_apart(block)
        else:
            check_read(block)
            assert block.program.payload_bytes == block.request.length


def check_read(block: Block) -> None:
    assert {register.function for register in block.registers} == {block.function}
    assert block.address == min(register.span.start for register in block.registers)
    assert block.address + block.count == max(register.span.stop for register in block.registers)
    assert block.request.pdu == bytes((block.function, *block.address.to_bytes(2), *block.count.to_bytes(2)))
    length = (block.count + 7) // 8 if block.function == 1 else 2 * block.count
    assert block.request.prefix == bytes((block.function, length))
    assert block.request.length == length
    assert block.holes == len(holes(block.registers))
    assert touched(block) == places(block.registers) | holes(block.registers)


def check_apart(block: Block) -> None:
    """Scales, values and scales again are read, from the first that is needed to the last."""
    scales, values, again = block.reads
    assert scales is again
    assert (block.span, block.request) == (values.span, values.request)
    for read in (scales, values):
        check_read(read)
        assert (read.program.slots, read.program.payload_bytes, read.strings, read.parts) == (0, 0, (), ())
    assert [(r.address, r.count) for r in values.registers] == [(r.address, r.count) for r in block.registers]
    assert {(r.address, r.end) for r in scales.registers} == {
        (r.scale.address, r.scale.end) for r in block.registers if r.scale is not None
    }
    assert block.program.payload_bytes <= scales.request.length + values.request.length
    assert block.holes == 2 * scales.holes + values.holes
    assert block.longest == max(scales.count, values.count)


@given(register_sets(), LIMITS, COST)
def test_no_cut_is_cheaper(registers: list[Register], limits: Limits, price: Costs) -> None:
    blocks = plan(registers, SLOTS, limits, price)
    groups = [group for function in (1, 3, 4) if (group := ordered(registers, function))]
    assert math.isclose(cost(blocks, price), sum(cheapest(g, limits, price) for g in groups), abs_tol=1e-9)


def touched(block: Block) -> set[tuple[int, int]]:
    return {(block.function, at) for at in range(block.address, block.address + block.count)}


@given(register_sets(40), LIMITS, COST)
def test_every_register_is_read_once_and_limits_are_kept(
    registers: list[Register], limits: Limits, price: Costs
) -> None:
    blocks = plan(registers, SLOTS, limits, price)
    check(blocks, registers)
    assert all(allowed(block.registers, limits) for block in blocks)


@given(register_sets(40), NARROW, COST)
def test_only_what_is_too_long_is_read_apart(registers: list[Register], limits: Limits, price: Costs) -> None:
    blocks = plan(registers, SLOTS, limits, price)
    check(blocks, registers)
    for block in blocks:
        assert all((len(r.span) > limits.registers) is bool(block.parts) for r in block.registers if r.scale)
        within = replace(limits, crossing=limits.crossing and not block.parts)
        assert all(allowed(read.registers, within, places(registers)) for read in block.reads)


@given(register_sets(20), NARROW, COST, st.binary(min_size=140, max_size=140))
def test_values_are_those_of_one_read_of_all(
    registers: list[Register], limits: Limits, price: Costs, memory: bytes
) -> None:
    wanted = [register for register in registers if not register.is_bit]
    column = array("d", [math.nan]) * len(SLOTS)
    for block in plan(wanted, SLOTS, limits, price):
        data = [memory[2 * read.address : 2 * (read.address + read.count)] for read in block.reads[:2]]
        block.program.run(b"".join(data), column)
    for r in wanted:
        scale = (r.scale.type, r.scale.address, r.scale.nan) if r.scale is not None else None
        expected = decode_field(r.type, r.address, memory, r.divisor, r.nan, r.offset, r.bits, scale)
        assert column[SLOTS[r.measurement]] == pytest.approx(expected, rel=1e-12, nan_ok=True)


@given(register_sets(40), COST, st.randoms())
def test_the_order_of_the_table_does_not_matter(registers: list[Register], price: Costs, random: Random) -> None:
    shuffled = sorted(registers, key=lambda _: random.random())
    one, other = ([str(block) for block in plan(rows, SLOTS, Limits(), price)] for rows in (registers, shuffled))
    assert one == other


def test_functions_stay_apart() -> None:
    mixed = [*some((0, "uint16")), Register("Power", 4, 1, "uint16"), Register("Import", 3, 1, "uint16")]
    assert [str(block) for block in plan(mixed, SLOTS, Limits(), COSTS)] == ["3:0+2", "4:1+1"]


def test_a_gap_is_read_through_only_where_that_is_cheaper() -> None:
    registers = some((0, "uint16"), (10, "uint16"))
    assert [str(b) for b in plan(registers, SLOTS, Limits(), Costs(0.02, 0.0021))] == ["3:0+11"]
    assert [str(b) for b in plan(registers, SLOTS, Limits(), Costs(0.02, 0.0023))] == ["3:0+1", "3:10+1"]
    assert [str(b) for b in plan(registers, SLOTS, Limits(holes=False), Costs(1, 0))] == ["3:0+1", "3:10+1"]


def test_a_register_that_may_not_be_read_is_never_in_a_hole_though_others_are() -> None:
    registers = some((0, "uint16"), (3, "uint16"), (6, "uint16"), (7, "uint16"))
    assert [str(b) for b in plan(registers, SLOTS, Limits(), COSTS)] == ["3:0+8"]
    bad = Limits(barriers=frozenset({(3, 2), (4, 5), (3, 7), (3, 8)}))
    assert [str(b) for b in plan(registers, SLOTS, bad, COSTS)] == ["3:0+1", "3:3+5"]


def test_what_reads_cost() -> None:
    blocks = plan(some((0, "uint16"), (100, "uint32")), SLOTS, Limits(), Costs(0.02, 0.002))
    assert cost(blocks, Costs(0.5, 0.1)) == pytest.approx(2 * 0.5 + 3 * 0.1)
    assert cost([], Costs(0.5, 0.1)) == 0


def test_the_places_of_values() -> None:
    assert places([*some((5, "uint32")), Register("Power", 4, 6, "uint16")]) == {(3, 5), (3, 6), (4, 6)}


def test_a_value_is_never_split() -> None:
    blocks = plan(some((0, "uint64"), (4, "uint64")), SLOTS, Limits(registers=7), COSTS)
    assert [str(block) for block in blocks] == ["3:0+4", "3:4+4"]


def test_values_that_overlap_are_both_read() -> None:
    registers = some((0, "uint32"), (1, "uint16"), (0, "uint64"))
    blocks = plan(registers, SLOTS, Limits(holes=False), COSTS)
    check(blocks, registers)
    assert [str(block) for block in blocks] == ["3:0+4"]


@pytest.mark.parametrize(
    ("baudrate", "cut"),
    [(9600, ["4:0+36", "4:52+28", "4:234+16", "4:342+40"]), (115200, ["4:0+80", "4:234+16", "4:342+40"])],
)
def test_the_cut_of_an_sdm630(baudrate: int, cut: list[str]) -> None:
    device = BUILT_IN.get("SDM")
    limits = Limits(device.max_registers, device.holes)
    price = costs(parse_adapter("/dev/ttyUSB0", baudrate))
    assert [str(block) for block in plan(device.registers, SLOTS, limits, price)] == cut


@pytest.mark.parametrize("name", BUILT_IN.names())
def test_every_built_in_device_can_be_planned(name: str) -> None:
    device = BUILT_IN.get(name)
    limits = Limits(device.max_registers, device.holes)
    for adapter in ("/dev/ttyUSB0", "ascii:///dev/ttyUSB0", "h:502"):
        blocks = plan(device.registers, SLOTS, limits, costs(parse_adapter(adapter)))
        check(blocks, device.registers)
        assert all(block.count <= limits.registers for block in blocks)


@given(register_sets(20), LIMITS, COST)
def test_programs_fill_the_right_slots(registers: list[Register], limits: Limits, price: Costs) -> None:
    integers = [Register(r.measurement, r.function, r.address, "uint16", 2.0) for r in registers if not r.is_bit]
    column = array("d", [math.nan]) * len(SLOTS)
    for block in plan(integers, SLOTS, limits, price):
        words = (at * 7 + block.function for at in range(block.address, block.address + block.count))
        block.program.run(b"".join(word.to_bytes(2) for word in words), column)
    expected = {register.measurement: (register.address * 7 + register.function) / 2 for register in integers}
    assert {name: column[SLOTS[name]] for name in NAMES if not math.isnan(column[SLOTS[name]])} == expected


def test_refused_reads_are_made_without_holes_first_then_halved_then_dropped() -> None:
    registers = some((0, "uint16"), (1, "uint16"), (2, "uint32"), (9, "uint16"))
    (whole,) = plan(registers, SLOTS, Limits(), Costs(1, 0))
    assert str(whole) == "3:0+10"
    run, single = refine(whole, SLOTS)
    assert [str(run), str(single)] == ["3:0+4", "3:9+1"]
    half, rest = refine(run, SLOTS)
    assert [str(half), str(rest)] == ["3:0+1", "3:1+3"]
    assert [str(part) for part in refine(rest, SLOTS)] == ["3:1+1", "3:2+2"]
    assert refine(half, SLOTS) == []
    assert refine(single, SLOTS) == []


def test_bit_fields_of_one_register_are_never_parted() -> None:
    fields = [Register(name, 3, 8, "uint16", bits=(at, 1)) for at, name in enumerate(NAMES[:4])]
    (whole,) = plan([*fields, Register(NAMES[4], 3, 9, "uint16")], SLOTS, Limits(), COSTS)
    parts = refine(whole, SLOTS)
    assert [(str(part), len(part.registers)) for part in parts] == [("3:8+1", 4), ("3:9+1", 1)]
    assert [part.is_single for part in (whole, *parts)] == [False, True, True]
    assert refine(parts[0], SLOTS) == []


def test_a_value_read_apart_from_its_scale_does_not_hang_on_one_between_them() -> None:
    between = Register(NAMES[0], 3, 47, "uint64")
    apart = Register(NAMES[1], 3, 47, "float32", scale=Scale(50))
    (whole,) = plan([between, apart], SLOTS, Limits(), COSTS)
    parts = refine(whole, SLOTS)
    assert [(str(part), part.registers) for part in parts] == [("3:47+4", (between,)), ("3:47+4", (apart,))]
    assert refine(parts[0], SLOTS) == []
    assert [str(part) for part in refine(parts[1], SLOTS)] == ["3:47+2 scaled by 3:50+1"]
    within = replace(between, scale=Scale(47))
    (whole,) = plan([within, apart], SLOTS, Limits(), COSTS)
    assert [part.registers for part in refine(whole, SLOTS)] == [(within,), (apart,)]


@given(register_sets(24), NARROW, st.sets(st.integers(0, 64)), st.integers(0, 125))
def test_refining_ends_and_loses_only_what_is_refused(
    registers: list[Register], limits: Limits, refused: set[int], accepted: int
) -> None:
    ahead = plan(registers, SLOTS, limits, COSTS)
    good: list[Block] = []
    lost: list[Register] = []
    reads = 0
    while ahead:
        block = ahead.pop()
        reads += 1
        assert reads <= 5 * len(registers)
        if all(refused.isdisjoint(range(read.address, read.address + read.count)) for read in block.reads):
            good.append(block)
            continue
        parts = refine(block, SLOTS, limits.borders, accepted)
        check(parts, block.registers if parts else [])
        lost += block.registers if not parts else ()
        ahead += parts
    kept = [register for block in good for register in block.registers]
    assert sorted(r.measurement for r in kept + lost) == sorted(r.measurement for r in registers)
    assert all(not refused.isdisjoint(needed(r)) for r in lost)
    assert all(refused.isdisjoint(needed(r)) for r in kept)


def needed(register: Register) -> set[int]:
    scale = register.scale
    return {*range(register.address, register.end)} | ({*range(scale.address, scale.end)} if scale else set())


def test_a_value_and_its_scale_are_read_at_once_with_all_between() -> None:
    registers = [
        Register("Power", 3, 40, "int16", scale=Scale(100)),
        Register("Current", 3, 41, "int16", scale=Scale(20)),
        Register("Voltage", 3, 60, "uint16"),
    ]
    blocks = plan(registers, SLOTS, Limits(registers=61), Costs(0, 1))
    check(blocks, registers)
    assert [str(block) for block in blocks] == ["3:20+22", "3:40+61"]
    (whole,) = plan(registers, SLOTS, Limits(holes=False), Costs(1, 0))
    assert (str(whole), whole.holes) == ("3:20+81", 0)
    assert [str(part) for part in refine(whole, SLOTS)] == ["3:20+22", "3:40+61"]
    (apart,) = refine(refine(whole, SLOTS)[0], SLOTS)
    assert str(apart) == "3:41+1 scaled by 3:20+1"
    assert refine(apart, SLOTS) == []


def test_values_far_from_their_scales_are_read_apart_in_as_few_reads_as_can_be() -> None:
    registers = [
        Register(name, 3, at, "uint16", scale=Scale(scale))
        for name, at, scale in zip(NAMES, (10, 50, 52, 110), (0, 0, 1, 2), strict=False)
    ]
    blocks = plan(registers, SLOTS, Limits(registers=20), Costs(1, 0.1))
    check(blocks, registers)
    assert [str(b) for b in blocks] == ["3:0+11", "3:50+3 scaled by 3:0+2", "3:110+1 scaled by 3:2+1"]
    assert cost(blocks, Costs(1, 0.1)) == pytest.approx(7 + 0.1 * (11 + 3 + 4 + 1 + 2))
    at_once = plan(registers, SLOTS, Limits(registers=70, borders=(51,), crossing=False), Costs(1, 0.1))
    assert [str(b) for b in at_once] == ["3:0+53", "3:110+1 scaled by 3:2+1"]
    borders = plan(registers, SLOTS, Limits(registers=20, borders=(51,)), Costs(1, 0.1))
    assert [str(b) for b in borders][1:3] == ["3:50+1 scaled by 3:0+1", "3:52+1 scaled by 3:1+1"]


def test_a_refused_read_is_cut_at_borders_first_and_then_in_halves_with_their_holes() -> None:
    registers = some((2, "uint16"), (5, "uint16"), (10, "uint16"), (14, "uint16"), (20, "uint16"))
    (whole,) = plan(registers, SLOTS, Limits(borders=(0, 10, 20, 30)), Costs(1, 0))
    assert crosses(whole, (0, 10, 20, 30))
    assert not crosses(whole, (0, 2, 21, 30))
    parts = refine(whole, SLOTS, (0, 10, 20, 30))
    assert [str(part) for part in parts] == ["3:2+4", "3:10+5", "3:20+1"]
    assert [str(part) for part in refine(parts[0], SLOTS, (0, 10, 20, 30))] == ["3:2+1", "3:5+1"]
    assert [str(b) for b in plan(registers, SLOTS, Limits(borders=(0, 10, 20), crossing=False), Costs(1, 0))] == [
        *map(str, parts)
    ]


def test_halves_of_values_behind_their_common_scales_get_shorter() -> None:
    registers = [
        Register(name, 3, at, "uint16", scale=Scale(scale))
        for name, at, scale in zip(NAMES, (20, 21, 40, 41), (0, 1, 0, 1), strict=False)
    ]
    (whole,) = plan(registers, SLOTS, Limits(), COSTS)
    assert [str(part) for part in refine(whole, SLOTS, (0,))] == ["3:0+22", "3:0+42"]
    assert [str(part) for part in refine(whole, SLOTS, (0,), 22)] == ["3:0+22", "3:0+42"]
    far = refine(whole, SLOTS, (0,), 22)[1]
    assert [str(part) for part in refine(far, SLOTS, (0,), 22)] == ["3:40+2 scaled by 3:0+2"]
    assert [str(part) for part in refine(far, SLOTS, (0,), 0)] == ["3:0+41", "3:1+41"]


def test_values_are_scaled_by_the_register_of_the_same_answer() -> None:
    registers = [
        Register("Power", 3, 12, "int16", scale=Scale(10)),
        Register("Current", 3, 13, "uint16", 10.0, bits=(0, 8), offset=5.0, scale=Scale(11)),
    ]
    (block,) = plan(registers, SLOTS, Limits(), COSTS)
    column = array("d", [math.nan]) * len(SLOTS)
    block.program.run(bytes.fromhex("0002 FFFF FFF9 AB28"), column)
    assert column[SLOTS["Power"]] == -700
    assert column[SLOTS["Current"]] == 5.4


def test_coils_are_cheap_and_many_to_a_read() -> None:
    coils = [Register(name, 1, at, "bit") for name, at in zip(NAMES, (0, 1000, 1999, 2000), strict=False)]
    blocks = plan(coils, SLOTS, Limits(registers=4), Costs(1, 0.0001))
    check(blocks, coils)
    assert [str(block) for block in blocks] == ["1:0+1", "1:1000+1001"]
    assert cost(blocks, Costs(1, 0.16)) == pytest.approx(2 + 0.01 * 1002)
    assert [str(b) for b in plan(coils, SLOTS, Limits(), Costs(0.02, 0.002))] == ["1:0+1", "1:1000+1", "1:1999+2"]


def test_texts_are_read_along_but_not_decoded_into_the_column() -> None:
    registers = [
        Register("Power", 3, 0, "uint16"),
        Register("Model", 3, 1, "string", length=3),
        Register("Maker", 3, 4, "string_swapped", length=2),
        Register("Note", 3, 6, "string", length=1),
    ]
    slots = {"Power": 0, "Model": 1, "Maker": 2, "Note": 3}
    (block,) = plan(registers, slots, Limits(), COSTS)
    payload = b"\0\7" + b"ABC\0\0\0" + b"EM R" + b"\0\0"
    column = array("d", [math.nan]) * 4
    block.program.run(payload, column)
    assert column[0] == 7
    assert all(map(math.isnan, column[1:]))
    assert block.strings == tuple(registers[1:])
    assert block.texts(payload) == {"Model": "ABC", "Maker": "MER"}


def test_devices_that_are_alike_have_the_same_reads_and_others_their_own() -> None:
    registers = BUILT_IN.get("sdm").registers
    slots = {register.measurement: slot for slot, register in enumerate(registers)}
    price = costs(parse_adapter("tcp://h"))
    one, same = (plan(list(registers), dict(slots), Limits(80), price) for _ in range(2))
    assert all(mine is other for mine, other in zip(one, same, strict=True))
    one.clear()
    assert plan(registers, slots, Limits(80), price) == same
    shifted = {name: slot + 1 for name, slot in slots.items()}
    assert plan(registers, shifted, Limits(80), price)[0].program.slots == same[0].program.slots + 1
    assert len(plan(registers, slots, Limits(40), price)) > len(same)
