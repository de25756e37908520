"""Reading all registers of a SunSpec unit, whatever it refuses."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.client import Client
from mbmd.bus.poll import ATTEMPTS
from mbmd.config.adapter import Framing
from mbmd.devices.identify import Read
from mbmd.scan.ask import Asker, Missing, Outcome
from mbmd.scan.chain import find_chain
from mbmd.scan.inspect import MOST_REFUSED, MOST_VAIN, Taken, Witness, take_all
from mbmd.session import Session
from mbmd.sunspec.chain import Chain, Placement
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.layout import layout
from tests import virtual_time
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, drop, exception, hang_up
from tests.unit.scan.lines import MBAP, RTU, TIMEOUT, first, line_of, words
from tests.unit.sunspec.images import IMAGES, chained, common, image

UNIT = 126
REFUSED = "exception 2 (illegal data address)"


class Seen(NamedTuple):
    """What a unit has said, and the places of the reads behind the walk."""

    chain: Chain
    taken: list[Taken]
    told: list[Placement]
    places: list[tuple[int, int]]


def inspect(line: ScriptedLine, most: int = 125) -> Seen:
    """All models of the unit."""

    async def run() -> Seen:
        client = Client(line.adapter, line.open, TIMEOUT)
        await client.connect()
        asker, told = Asker(Session(client), TIMEOUT), list[Placement]()
        try:
            chain = await find_chain(asker, UNIT)
            assert chain is not None
            walked = len(line.places)
            taken = await take_all(asker, UNIT, chain.models, most, told.append)
            return Seen(chain, taken, told, line.places[walked:])
        finally:
            client.close()

    return virtual_time.run(run())


def unit(registers: dict[int, int], most: int = 125, framing: Framing = MBAP) -> ScriptedLine:
    """A line with a unit that refuses what it does not have (exception 2) and reads that are too long."""
    return line_of(framing, {UNIT: sized(words({3: registers, 4: {}}), most)})


def sized(step: Step, most: int, code: int = 3) -> Step:
    """Reads of more than `most` registers are refused, above all else."""

    def turn(far: FarEnd, asked: Asked) -> None:
        (exception(code) if asked.count > most else step)(far, asked)

    return turn


def choosy(step: Step, refuses: Callable[[Asked], bool], refusal: Step) -> Step:
    def turn(far: FarEnd, asked: Asked) -> None:
        (refusal if refuses(asked) else step)(far, asked)

    return turn


def span(asked: Asked) -> range:
    return range(asked.address, asked.address + asked.count)


@pytest.mark.parametrize("framing", [MBAP, RTU])
@pytest.mark.parametrize("name", IMAGES)
def test_all_registers_of_each_model_are_read(name: str, framing: Framing) -> None:
    registers = image(name).get(UNIT) or image(name)[1]
    seen = inspect(line_of(framing, {UNIT: words({3: registers, 4: {}})}))
    assert seen.told == list(seen.chain.models) == [taken.model for taken in seen.taken]
    for taken in seen.taken:
        there = {at: registers.get(taken.model.address + at) for at in range(taken.model.length + 2)}
        assert taken.registers == {at: word for at, word in there.items() if word is not None}
        assert taken.refusals == {at: REFUSED for at, word in there.items() if word is None}


def test_a_model_takes_one_read_or_as_many_as_its_length_needs() -> None:
    registers = chained(common(), (103, [0] * 50), (64999, [0] * 260))
    assert inspect(unit(registers)).places == [(40004, 66), (40072, 50), (40124, 125), (40249, 125), (40374, 10)]


@pytest.mark.parametrize("most", [60, 20, 4])
def test_a_unit_that_takes_shorter_reads_gets_them_and_longer_ones_no_more(most: int) -> None:
    registers = image("main")[UNIT]
    seen = inspect(unit(registers, most))
    for taken in seen.taken:
        assert taken.registers == {at: registers[taken.model.address + at] for at in range(taken.model.length + 2)}
    too_long = [number for number, (_, count) in enumerate(seen.places) if count > most]
    assert 0 < len(too_long) <= 6
    assert too_long[-1] < 8


def test_texts_are_torn_only_where_reads_are_too_long() -> None:
    """A unit that wants reads to begin with points must not be asked for a part of one."""
    registers = chained(common())
    texts = [(40004, 16), (40020, 16), (40036, 8), (40044, 8), (40052, 16)]
    seen = inspect(line_of(MBAP, {UNIT: sized(words({3: registers, 4: {}}), 8, code=2)}))
    assert set(seen.taken[0].refusals) == {*range(2, 34), *range(50, 66)}
    assert {place for place in seen.places if place[1] > 1} >= set(texts)
    assert not {(at + 8, 8) for at, size in texts if size == 16} & set(seen.places)
    assert not inspect(unit(registers, 8)).taken[0].refusals


def test_what_was_asked_for_is_not_exceeded() -> None:
    seen = inspect(unit(image("main")[UNIT]), 10)
    assert not any(taken.refusals for taken in seen.taken)
    assert max(count for _, count in seen.places) == 10


def test_reads_begin_and_end_with_points() -> None:
    known = definition(203)
    assert known is not None
    seen = inspect(unit(image("truncated")[UNIT]))
    meter = seen.chain.models[-1]
    borders = {meter.address + point.at for point in layout(known, meter.length)} | {meter.end}
    own = [place for place in seen.places if place[0] >= meter.address]
    assert len(own) > 10
    assert all({at, at + count} <= borders for at, count in own)


def test_one_register_that_is_refused_costs_no_other_and_does_not_make_reads_short() -> None:
    registers = chained(common(), (103, list(range(50))), (203, list(range(105))))
    hole = 40070 + 2 + 20
    good = words({3: registers, 4: {}})
    seen = inspect(line_of(MBAP, {UNIT: choosy(good, lambda asked: hole in span(asked), exception(4))}))
    assert seen.taken[1].refusals == {22: "exception 4 (server device failure)"}
    assert len(seen.taken[1].registers) == 51
    assert seen.places[-1] == (40124, 105)


def test_a_unit_that_falls_silent_is_left_alone_after_a_few_reads() -> None:
    good = words({3: image("main")[UNIT], 4: {}})
    walked = len(inspect(line := line_of(MBAP, {UNIT: good})).places)
    line = line_of(MBAP, {UNIT: first(len(line.places) - walked + 1, good, drop)})
    seen = inspect(line)
    assert not seen.taken[0].refusals
    assert [set(taken.refusals.values()) for taken in seen.taken[1:]] == [{"no answer"}] * 4
    assert len(seen.places) == 1 + ATTEMPTS + MOST_VAIN - 1


def test_a_connection_that_is_gone_ends_it_with_what_was_read() -> None:
    line = line_of(MBAP, {})

    def cut(far: FarEnd, asked: Asked) -> None:
        line.down = 100
        hang_up()(far, asked)

    good = words({3: image("main")[UNIT], 4: {}})
    line.by_unit[UNIT] = choosy(good, lambda asked: asked.address == 40072, cut)
    taken = inspect(line).taken
    assert not taken[0].refusals
    assert [set(model.refusals.values()) for model in taken[1:]] == [{"meter:502: unplugged"}] * 4


def test_a_model_of_any_length_is_given_up_some_time() -> None:
    seen = inspect(unit({**chained(common()), 40070: 64999, 40071: 20000}))
    assert len(seen.taken[-1].refusals) == 20000
    assert len(seen.places) < MOST_REFUSED + 200


def test_a_group_that_is_told_by_what_was_read_is_cut_right() -> None:
    """A unit that wants reads to begin and end with points, with groups in groups."""
    known = definition(705)
    assert known is not None
    counters = {point.point.name: point.at for point in layout(known, 60)}
    said = {counters["NPt"]: 7, counters["NCrv"]: 12}
    length = max(point.at + point.point.size for point in layout(known, 1000, said.get)) - 2
    body = [said.get(at, 1) for at in range(2, length + 2)]
    borders = {point.at for point in layout(known, length, said.get)} | {length + 2}
    start = 40002

    def is_crooked(asked: Asked) -> bool:
        ends = {asked.address - start, asked.address - start + asked.count}
        return asked.count != 2 and not ends <= borders

    registers = chained((705, body))
    line = line_of(MBAP, {UNIT: choosy(words({3: registers, 4: {}}), is_crooked, exception(2))})
    assert length > 125
    assert not inspect(line).taken[0].refusals


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 103, 160, 203, 705, 64999]),
            st.lists(st.one_of(st.integers(0, 9), st.integers(0, 0xFFFF)), min_size=1, max_size=160),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([125, 40, 5, 1]),
    st.sampled_from([1, 2, 3, 4, 6, 8, 11, None]),
    st.sets(st.integers(40004, 40300), max_size=6),
)
def test_any_unit_is_read_as_far_as_it_goes(
    models: list[tuple[int, list[int]]], most: int, code: int | None, holes: set[int]
) -> None:
    """Each register is either read as it is, or it is said why not; no read leaves its model."""
    registers = chained(*models)
    good = words({3: registers, 4: {}})
    refusal = drop if code is None else exception(code)
    is_refused = partial(_is_refused, most, holes)
    line = line_of(MBAP, {UNIT: choosy(good, is_refused, refusal)})
    seen = inspect(line)
    spans = [range(model.address, model.end) for model in seen.chain.models]
    for at, count in seen.places:
        assert count <= 125
        assert [at + count - 1 in span for span in spans if at in span] == [True]
    for taken in seen.taken:
        assert taken.registers.keys() | taken.refusals.keys() == set(range(taken.model.length + 2))
        assert taken.registers.keys().isdisjoint(taken.refusals)
        assert all(registers[taken.model.address + at] == word for at, word in taken.registers.items())


def _is_refused(most: int, holes: set[int], asked: Asked) -> bool:
    return asked.count > 2 and (asked.count > most or not holes.isdisjoint(span(asked)))


def test_what_each_read_brought_is_remembered() -> None:
    line = unit(chained(common()))

    async def run() -> dict[Read, Outcome]:
        client = Client(line.adapter, line.open, TIMEOUT)
        await client.connect()
        asker = Witness(Session(client), TIMEOUT)
        try:
            await find_chain(asker, UNIT, (0, 40000))
            await asker.again(1, Read(3, 0, 1))
        finally:
            client.close()
        return asker.outcomes

    outcomes = virtual_time.run(run())
    assert (outcomes[Read(3, 0, 2)], outcomes[Read(3, 40000, 2)]) == (2, b"SunS")
    assert outcomes[Read(3, 0, 1)] is Missing.SILENT
