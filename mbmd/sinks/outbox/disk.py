"""The file of what waits, as the event loop sees it: no call holds it up, and troubles are told once."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from mbmd.aside import aside
from mbmd.sinks.outbox.chunk import Chunk
from mbmd.sinks.outbox.damage import DamagedError, GoneError, UnusableError, is_damage, is_full
from mbmd.sinks.outbox.store import Bounds, Held, Loaded, Store, Written, move_aside
from mbmd.within import within

PATIENCE = 10.0
"""Seconds that the disk may take for anything."""
RETRY = 60.0
"""Seconds after a trouble until the file is tried again."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Disk:
    """What waits in a file; without a path there is never anything, and nothing can be written.

    `write_from` is the monotonic time before which no write is worth a try. `lost` counts readings that a broken file
    took along, and `generation` grows with each such file.
    """

    def __init__(self, path: Path | None, name: str) -> None:
        self.write_from = 0.0 if path else inf
        self.lost = 0
        self.generation = 0
        self._path = path
        self._name = name
        self._store: Store | None = None
        self._made: list[Store] = []
        self._damage: Exception | None = None
        self._break_from = 0.0
        self._job: asyncio.Future[Any] | None = None
        self._held = Held()
        self._done: list[Held] = []
        self._through = 0
        self._told = ""

    @property
    def readings(self) -> int:
        """Readings that wait in the file."""
        return self._held.readings - sum(done.readings for done in self._done)

    @property
    def size(self) -> int:
        """Bytes of their items."""
        return self._held.size - sum(done.size for done in self._done)

    @property
    def oldest(self) -> float:
        """Unix time of the oldest, about; 0 if nothing waits there."""
        return self._held.oldest if self._held.row > self._through else 0.0

    @property
    def has_more(self) -> bool:
        """Whether there is something that can be loaded."""
        return self._store is not None and self._held.row > self._through

    @property
    def has_done(self) -> bool:
        """Whether delivered rows are still there."""
        return bool(self._done)

    def delivered(self, held: Held) -> None:
        """The rows that held this, the oldest, need not be kept; the next `write` removes them."""
        self._done.append(held)
        self._through = held.row

    def try_now(self) -> None:
        """The next write is worth a try."""
        self.write_from = min(self.write_from, monotonic()) if self._path else inf

    async def open(self) -> bool:
        """Open the file if it is not open; whether it is now."""
        for _ in range(2):  # again if it was broken
            if self._store is None and self._path is not None and monotonic() >= self.write_from:
                await self._open(self._path)
        return self._store is not None

    async def write(self, chunks: Sequence[Chunk], bounds: Bounds, together: int) -> Written | None:
        """As Store.write; None if it cannot be done now."""
        await self.open()
        store, done, through = self._store, len(self._done), self._through
        if store is None or monotonic() < self.write_from:
            return None
        written = await self._do(lambda: store.write(chunks, through, bounds, together))
        if written is not None:
            self._held = written.held
            self._done = [later for later in self._done[done:] if later.row > written.trimmed_to]
            self._recovered()
        return written

    async def load(self, most_readings: int, span: float) -> Loaded | None:
        """The oldest that was not delivered, without items if it is damaged; None if there is nothing now."""
        store, through, now = self._store, self._through, monotonic()
        if store is None:
            return None
        loaded = await self._do(lambda: store.load(through, most_readings, span, now))
        if loaded is None and self._store is store:
            self._held, self._done = Held(), []  # damaged counts: there is nothing, whatever they say
        if loaded is not None and not loaded.chunk.items:
            log.warning("sink %s: %s: %d readings are damaged: dropped", self._name, self._path, loaded.held.readings)
        return loaded

    async def replace(self, row: int, chunk: Chunk) -> None:
        """As Store.replace."""
        store = self._store
        if store is not None:
            await self._do(lambda: store.replace(row, chunk))

    async def close(self) -> None:
        """Close the file, as soon as no earlier work is under way; it cannot be opened again."""
        self._path, self._store, self.write_from = None, None, inf
        if self._job is not None:
            await asyncio.wait({self._job})
            await asyncio.shield(self._start(self._close_all))

    async def _open(self, path: Path) -> None:
        damage, after = self._damage, self._through

        def work() -> tuple[Store, Held, str]:
            self._close_all()
            kept_as = move_aside(path) if damage is not None else ""
            store = Store(path, after)
            self._made.append(store)
            return store, store.held(after), kept_as

        self._damage = None
        opened = await self._do(work)
        if opened is None:
            return
        self._store, self._held, kept_as = opened
        self._done.clear()
        if kept_as:
            log.warning("sink %s: %s was broken (%s): kept as %s", self._name, path, damage, kept_as)

    def _close_all(self) -> None:
        """Close what was ever opened, also by work that nobody waited for."""
        while self._made:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._made.pop().close()

    async def _do(self, work: Callable[[], T]) -> T | None:
        """What `work` returns, done in a thread after all earlier work; None if it failed."""
        try:
            async with within(PATIENCE):
                if self._job is not None:
                    await asyncio.wait({self._job})
                return await asyncio.shield(self._start(work))
        except TimeoutError:
            self._fail("the disk does not answer")
        except (sqlite3.Error, UnicodeDecodeError, OSError, UnusableError, DamagedError) as error:
            if is_damage(error):
                self._break(error)
            else:
                self._fail(_explain(error), stays_open=is_full(error))
        return None

    def _start(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        job = asyncio.ensure_future(aside(work))
        job.add_done_callback(_forget)
        self._job = job
        return job

    def _fail(self, reason: str, *, stays_open: bool = False) -> None:
        self.write_from = monotonic() + RETRY
        if not stays_open:
            self._store = None
        if reason != self._told:
            self._told = reason
            log.warning(
                "sink %s: %s: %s; what waits is kept in memory only, and the file tried again every minute",
                self._name,
                self._path,
                reason,
            )

    def _recovered(self) -> None:
        if self._told:
            self._told = ""
            log.info("sink %s: %s: it is written again", self._name, self._path)

    def _break(self, damage: Exception) -> None:
        """The file is broken or gone: the next `open` begins another one, once a minute at most."""
        self.lost += self.readings
        self.generation += 1
        if isinstance(damage, GoneError):
            log.warning("sink %s: %s was removed: what waited there is lost", self._name, self._path)
        else:
            self._damage = damage
        self._store = None
        self._held, self._done = Held(), []
        if monotonic() < self._break_from:
            self.write_from = self._break_from
        self._break_from = monotonic() + RETRY


def _forget(job: "asyncio.Future[Any]") -> None:
    """Nobody may be left to hear of a late error."""
    if not job.cancelled():
        job.exception()


def _explain(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{error.strerror}: let the user of mbmd read and write it and its folder"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
