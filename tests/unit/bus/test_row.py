"""Reads in a row: each goes out as soon as the one before was answered, and nothing else is different by that."""

import asyncio
from collections.abc import Iterable
from itertools import chain, repeat
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poller import Poller
from mbmd.config.adapter import Framing
from mbmd.errors import AnswerTimeout, ModbusException, NotConnectedError
from tests import virtual_time
from tests.polled_bus import TIMEOUT, make_meter, polling
from tests.scripted import (
    Asked,
    FarEnd,
    ScriptedLine,
    Step,
    by_byte,
    cut,
    drop,
    echo,
    exception,
    flip,
    good,
    hang_up,
    late,
    noise,
    of_count,
    of_transaction,
    of_unit,
    steps,
    word,
)
from tests.virtual_time import now

READS = [(0, 4), (100, 2), (200, 1)]
STRAYS = [of_transaction(-1), steps(of_transaction(-1), good)]
"""Answers to nothing that was asked, which only transaction ids tell apart from answers that come twice."""
HAPPENINGS = [
    good,
    by_byte,
    drop,
    cut(3),
    flip(60),
    hang_up(),
    hang_up(4),
    exception(2),
    exception(4),
    exception(6),
    exception(11),
    echo(),
    noise(b"\x00\x55"),
    of_unit(2),
    of_count(3),
    lambda far, asked: far.send(2 * asked.good()),
    late(0.7 * TIMEOUT),
    late(1.5 * TIMEOUT),
    late(5 * TIMEOUT),
]


class Seen(NamedTuple):
    """Everything about some polls that a user, a device or the log can see."""

    asked: list[tuple[tuple[int, int], float]]
    published: list[list[str]]
    accounts: list[tuple[object, ...]]
    bus: tuple[object, ...]
    opened: int


def seen(kind: Framing, script: Iterable[Step], units: int, rate: float = 1.0, seconds: float = 12.3007) -> Seen:
    """What some devices on a line bring."""

    async def run() -> Seen:
        line = ScriptedLine(kind, script)
        meters = [make_meter(unit, rate=rate, slow_rate=rate) for unit in range(1, units + 1)]
        async with polling(line, *meters) as bus:
            await bus.wait(seconds)
            bus.task.cancel()
            await asyncio.gather(bus.task, return_exceptions=True)
            batch = await bus.subscription.take() if bus.subscription.waiting else None
            health = bus.health
            return Seen(
                [(asked.place, round(asked.when, 3)) for asked in line.asked],
                [[repr(value) for value in update.values] for update in batch.updates] if batch else [],
                [
                    (r.requests, r.errors, r.online, r.version, sorted(r.health.errors.items()), r.health.plan)
                    for r in (meter.readings for meter in meters)
                ],
                (
                    health.answers,
                    health.unanswered,
                    health.timeouts,
                    health.damaged,
                    health.stale,
                    health.echoes,
                    health.reconnects,
                    round(health.waited, 3),
                    round(health.took, 3),
                    round(health.busy, 6),
                ),
                line.opened,
            )

    return virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
@given(data=st.data(), units=st.integers(1, 2))
@settings(max_examples=30, deadline=None)
def test_whatever_happens_all_is_as_if_each_read_were_made_by_itself(
    kind: Framing, data: st.DataObject, units: int
) -> None:
    happenings = HAPPENINGS + (STRAYS if kind is Framing.MBAP else [])
    # Once online, they are read in a row.
    script = [good] * (3 * units) + data.draw(st.lists(st.sampled_from(happenings), max_size=12))
    with patch.object(Meter, "row", lambda *_: ()):
        one_by_one = seen(kind, script, units)
    assert seen(kind, script, units) == one_by_one


@pytest.mark.parametrize("kind", Framing)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_flat_out_all_is_as_if_each_poll_began_by_itself(kind: Framing, data: st.DataObject) -> None:
    happenings = HAPPENINGS + (STRAYS if kind is Framing.MBAP else [])
    script = [late(0.001)] * 9 + data.draw(st.lists(st.sampled_from(happenings), max_size=12))

    def flat_out() -> Seen:
        return seen(kind, chain(script, repeat(late(0.01))), units=1, rate=0.0, seconds=2.3007)

    with patch.object(Poller, "_again", lambda *_: None):
        one_by_one = flat_out()
    assert flat_out() == one_by_one


@pytest.mark.parametrize("kind", Framing)
def test_who_is_polled_flat_out_makes_way_for_others(kind: Framing) -> None:
    async def run() -> None:
        flat_out, other = make_meter(1, rate=0.0), make_meter(2, rate=0.0)
        line = ScriptedLine(kind, repeat(late(0.001)))
        async with polling(line, flat_out) as bus:
            await bus.wait(1.0)
            assert flat_out.readings.version > 300
            bus.replace(flat_out, other)
            await bus.wait(1.0)
            assert other.readings.version == pytest.approx(flat_out.readings.version - 333, abs=3)
            bus.replace(other)
            await bus.wait(1.0)
            assert {asked.unit for asked in line.asked[-9:]} == {2}

    virtual_time.run(run())


def test_what_fails_in_taking_a_poll_ends_the_bus_and_not_the_line() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP, repeat(late(0.001)))
        async with polling(line, make_meter(rate=0.0)) as bus:
            await bus.wait(0.1)
            with patch.object(Poller, "_succeeded", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
                await bus.wait(0.1)
            assert bus.client.connected
            bus.task = asyncio.create_task(bus.poller.run())

    virtual_time.run(run())


class Talk:
    """A client on a scripted line, what it asks in a row, and what came of it."""

    def __init__(self, kind: Framing, *script: Step) -> None:
        self.line = ScriptedLine(kind, script)
        self.client = Client(self.line.adapter, self.line.open, TIMEOUT)
        meter = make_meter()
        self.column = meter.readings.blank()
        self.slots = meter.readings.slots
        self.blocks = meter.groups[0].plan
        self.queries = tuple(self.client.query(1, block.request, block.program) for block in self.blocks)

    async def go(self) -> None:
        await self.client.transact_all(1, self.queries, self.column)

    @property
    def answered(self) -> int:
        """How many came, as client and column agree."""
        came = [
            all(self.column[self.slots[r.measurement]] == word(1, 3, r.address) for r in block.registers)
            for block in self.blocks
        ]
        assert came == [True] * self.client.exchange.answered + [False] * (3 - self.client.exchange.answered)
        return self.client.exchange.answered


def talked(kind: Framing, *script: Step, raises: type[Exception] | None = None) -> Talk:
    """Ask three reads in a row."""

    async def run() -> Talk:
        talk = Talk(kind, *script)
        await talk.client.connect()
        if raises is None:
            await talk.go()
        else:
            with pytest.raises(raises):
                await talk.go()
        talk.client.close()
        return talk

    return virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_all_are_answered_in_their_order(kind: Framing) -> None:
    done = talked(kind)
    assert done.line.places == READS
    assert done.answered == 3
    assert done.client.health.answers == 3


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("before", range(3))
def test_the_first_that_is_not_answered_ends_it(kind: Framing, before: int) -> None:
    done = talked(kind, *[good] * before, exception(2), raises=ModbusException)
    assert done.line.places == READS[: before + 1]
    assert done.answered == before
    assert (done.client.health.answers, done.client.health.unanswered) == (before, 1)


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("before", range(3))
def test_each_has_the_whole_timeout(kind: Framing, before: int) -> None:
    slow = late(0.9 * TIMEOUT)
    assert talked(kind, slow, slow, slow).answered == 3
    missed = talked(kind, *[slow] * before, drop, raises=AnswerTimeout)
    assert missed.answered == before
    assert missed.client.health.timeouts == 1


def test_a_timeout_in_a_row_rings_when_it_is_over() -> None:
    async def run() -> float:
        talk = Talk(Framing.MBAP, late(0.9 * TIMEOUT), drop)
        await talk.client.connect()
        start = now()
        with pytest.raises(AnswerTimeout):
            await talk.go()
        talk.client.close()
        return now() - start

    assert virtual_time.run(run()) == pytest.approx(1.9 * TIMEOUT, abs=0.002)


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("before", range(3))
def test_cancelled_nothing_more_is_asked_and_what_comes_late_is_thrown_away(kind: Framing, before: int) -> None:
    async def run() -> None:
        talk = Talk(kind, *[good] * before, late(0.02))
        await talk.client.connect()
        task = asyncio.create_task(talk.go())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(5.0)
        assert talk.line.places == READS[: before + 1]
        assert talk.answered == before
        assert talk.client.health.unanswered == 1
        if not talk.client.connected:
            await talk.client.connect()
        await talk.go()
        assert talk.answered == 3
        talk.client.close()

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_each_frame_is_traced(kind: Framing) -> None:
    async def run() -> list[str]:
        talk = Talk(kind)
        traffic: list[str] = []
        talk.client.trace(lambda way, _: traffic.append(way))
        await talk.client.connect()
        await talk.go()
        talk.client.close()
        return traffic

    assert virtual_time.run(run()) == [">", "<"] * 3


def test_who_begins_to_trace_in_the_middle_sees_the_rest() -> None:
    async def run() -> list[str]:
        traffic: list[str] = []

        def traced(far: FarEnd, asked: Asked) -> None:
            asking.client.trace(lambda way, _: traffic.append(way))
            good(far, asked)

        asking = Talk(Framing.MBAP, traced)
        await asking.client.connect()
        await asking.go()
        asking.client.close()
        return traffic

    assert virtual_time.run(run()) == ["<", *[">", "<"] * 2]


def test_a_line_that_is_lost_between_two_requests_was_not_asked() -> None:
    """On a serial line there is a silence between them."""

    async def run() -> None:
        talk = Talk(Framing.RTU)
        wire = talk.client._wire
        assert wire is not None
        with patch.object(wire, "silence", _Lost(talk)):
            await talk.client.connect()
            with pytest.raises(NotConnectedError):
                await talk.go()
        assert talk.line.places == READS[:1]
        assert talk.client.health.unanswered == 0
        talk.client.close()

    virtual_time.run(run())


class _Lost:
    """A silence in which the line is lost."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    async def wait(self, _: float) -> bool:
        return True

    def call(self, _: object) -> None:
        assert self._talk.line.near is not None
        self._talk.line.near.close()

    def heard(self) -> None:
        """Characters."""

    def sending(self, _: float) -> None:
        """A frame."""

    def close(self) -> None:
        """Nothing is held."""
