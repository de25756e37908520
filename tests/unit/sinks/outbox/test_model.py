"""Anything may happen in any order: what was put is delivered once and in order, or counted as lost."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox.outbox import Outbox
from mbmd.sinks.outbox.store import Store
from tests.unit.sinks.outbox.rig import AWAY, QUICK, Side, run, total

KEYS = Keys(pace=1000, age=40.0)

PUT = st.integers(0, 40)
SLEEP = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 3.0, 30.0])
NOTHING = st.just(("disk", 0.0))
SIDE = st.tuples(st.just("side"), st.sampled_from(["ok", "away", "hangs", "slow", "fails"]))
BAD = st.tuples(st.just("bad"), st.integers(0, 30))
RESTART = st.tuples(st.just("restart"), st.none())
CRASH = st.tuples(st.just("crash"), st.none())
FAULT = st.tuples(st.just("fault"), st.sampled_from(["full", "io", ""]))
DISK = st.tuples(st.just("disk"), st.sampled_from([0.0, 0.05, 0.15]))
SLOW_DISK = st.tuples(st.just("disk"), st.sampled_from([0.0, 0.05, 1.0, 4.0]))
"""Who ends while that is at work does not know what came of it."""
Event = tuple[str, Any]
Step = tuple[Event, int, float]


def steps_of(*events: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Step]]:
    """Each step is an event, items that are put then, and a sleep."""
    return st.lists(st.tuples(st.one_of(NOTHING, *events), PUT, SLEEP), min_size=2, max_size=20)


class World:
    """An outbox, its file and what was put into it."""

    def __init__(self, folder: Path, keys: Keys = KEYS) -> None:
        self.folder = folder
        self.keys = keys
        self.file = folder / "0" / "influx.db"
        self.side = Side()
        self.put: dict[bytes, int] = {}
        self.lost = 0
        self.fault = ""
        self.disk = 0.0
        self.crashes = 0
        self.at_risk: list[bytes] = []
        self.was_put: list[tuple[float, bytes]] = []

    async def play(self, steps: Sequence[Step]) -> None:
        await self._start()
        for (name, value), count, seconds in steps:
            await getattr(self, f"do_{name}")(value)
            self.do_put(count)
            self.check()
            await asyncio.sleep(seconds)
            self.check()
        self.fault, self.disk = "", 0.0
        self.side.away, self.side.hangs, self.side.takes = None, False, 0.0
        await asyncio.sleep(400)
        self.check()
        await self._stop()

    async def _start(self) -> None:
        self.health = SinkHealth("influx")
        self.box = Outbox(self.file, self.keys, self.side.send, self.health)
        self.known = 0
        self.task = asyncio.create_task(self.box.run())
        await asyncio.sleep(0)  # a task that never began writes nothing at its end

    async def _stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})

    def check(self) -> None:
        health = self.health
        assert min(health.waiting, health.waiting_bytes, health.dropped, health.expired, health.refused) >= 0
        assert (health.waiting_bytes > 0) == (health.oldest > 0)

    def do_put(self, count: int) -> None:
        for _ in range(count):
            item = b"%d" % len(self.put)
            self.put[item] = 1 + len(self.put) % 3
            self.was_put.append((asyncio.get_running_loop().time(), item))
            self.box.put(item, self.put[item])
            self.known += self.put[item]

    async def do_side(self, state: str) -> None:
        self.side.away = {"away": AWAY, "fails": ZeroDivisionError("oops")}.get(state)
        self.side.hangs = state == "hangs"
        self.side.takes = 2.0 if state == "slow" else 0.0

    async def do_bad(self, ahead: int) -> None:
        self.side.bad.add(b"%d" % (len(self.put) + ahead))

    async def do_restart(self, _: None) -> None:
        await self._stop()
        self._note()
        await self._start()

    async def do_fault(self, fault: str) -> None:
        self.fault = fault

    def _note(self) -> None:
        """What the account of this life says is lost."""
        self.lost += self.health.dropped + self.health.expired + self.health.refused

    async def do_crash(self, _: None) -> None:
        """What is on the disk this moment is what the next life begins with."""
        self.crashes += 1
        now = asyncio.get_running_loop().time()
        self.at_risk += [item for when, item in self.was_put if when > now - 1.0]
        copy = self.folder / str(self.crashes) / "influx.db"
        copy.parent.mkdir()
        for suffix in ("", "-wal"):
            if (source := Path(f"{self.file}{suffix}")).exists():
                shutil.copy(source, f"{copy}{suffix}")
        self._note()
        taken = len(self.side.took)
        self.side.hangs = True
        await self._stop()
        del self.side.took[taken:]
        self.side.hangs = False
        self.file = copy
        await self._start()

    async def do_disk(self, seconds: float) -> None:
        self.disk = seconds

    async def aside(self, work: Callable[[], Any]) -> Any:
        """What waits for the disk sees what happened before and after."""
        await asyncio.sleep(self.disk)
        try:
            return work()
        finally:
            await asyncio.sleep(self.disk)

    def faulty(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any) -> Any:
            if self.fault:
                error = sqlite3.OperationalError("disk trouble")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL if self.fault == "full" else sqlite3.SQLITE_IOERR
                raise error
            return real(*args)

        return write


def played(steps: Sequence[Step], keys: Keys = KEYS, make: "type[World] | None" = None) -> World:
    """A world after these steps, when all has calmed down."""
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        world = (make or World)(Path(folder), keys)
        with patch.object(Store, "write", world.faulty(Store.write)):
            run(world.play(steps), world.aside)
        world._note()
        return world


@settings(max_examples=150, deadline=None)
@given(steps_of(SIDE, BAD, RESTART, DISK))
def test_each_item_is_delivered_once_and_in_order_or_counted_as_lost(steps: list[Step]) -> None:
    world = played(steps)
    took = [int(item) for item in world.side.took]
    assert took == sorted(set(took))
    assert sum(world.put.values()) == sum(world.put[item] for item in world.side.took) + world.lost
    assert world.health.waiting == 0


@settings(max_examples=150, deadline=None)
@given(steps_of(SIDE, BAD, RESTART, FAULT, DISK))
def test_also_when_the_disk_fails_nothing_is_lost_without_being_counted(steps: list[Step]) -> None:
    world = played(steps)
    missing = set(world.put) - set(world.side.took)
    assert sum(world.put[item] for item in missing) <= world.lost


@settings(max_examples=150, deadline=None)
@given(steps_of(SIDE, RESTART, CRASH))
def test_a_crash_loses_at_most_a_second(steps: list[Step]) -> None:
    world = played(steps, Keys(pace=1000))
    assert set(world.put) - set(world.side.took) <= set(world.at_risk)
    firsts = [int(item) for item in dict.fromkeys(world.side.took)]
    assert firsts == sorted(firsts)


@settings(max_examples=150, deadline=None)
@given(steps_of(SIDE, BAD, FAULT, SLOW_DISK))
def test_the_account_adds_up_at_every_moment(steps: list[Step]) -> None:
    class Watched(World):
        def check(self) -> None:
            super().check()
            assert total(self.health) == self.known

    world = played(steps, make=Watched)
    assert len(set(world.side.took)) == len(world.side.took)
    assert sum(world.put.values()) == sum(world.put[item] for item in world.side.took) + world.lost
