"""All that waits, in memory and on disk, and the account of it."""

import asyncio
from math import inf
from pathlib import Path
from time import monotonic, time
from typing import Literal

from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox.chunk import MOST_READINGS, Chunk
from mbmd.sinks.outbox.disk import Disk
from mbmd.sinks.outbox.memory import MOST_BYTES, Memory
from mbmd.sinks.outbox.store import Bounds, Held, Written

GATHER = 0.4
"""Seconds that items gather before they leave together."""
KEEP = 0.8
"""Seconds after which what was not delivered is written to disk: with the write itself about one."""
MUCH = 4 * 2**20
"""What waits in memory is written earlier if it is that much."""
TIDY = 2.0
"""Seconds until what was delivered is removed from the disk."""
LOOK = 60.0
"""Seconds between looks for what is too old."""

SPAN = 0.01
"""Share of the age that items may be apart that expire together."""

Fate = Literal["sent", "refused", "expired", "dropped"]


NOWHERE = Held()
"""What a chunk that is only in memory holds on the disk."""


class Flight:
    """A chunk that is being sent; `held` is what its rows on the disk hold, if it is there too.

    A doomed one has left the disk as there was no room: it is not tried again.
    """

    def __init__(self, chunk: Chunk, held: Held = NOWHERE) -> None:
        self.chunk = chunk
        self.held = held
        self.doomed = False


class Contents:
    """What waits: one chunk in flight, the older ones on disk and the newer ones in memory.

    `arrived` is set when there may be more to take, `changed` when `due` may be earlier.
    """

    def __init__(self, file: Path | None, keys: Keys, health: SinkHealth) -> None:
        self.arrived = asyncio.Event()
        self.changed = asyncio.Event()
        self._keys = keys
        self._health = health
        self._span = keys.age * SPAN
        self._memory = Memory(self._span)
        self._disk = Disk(file, health.name)
        self._generation = 0
        self._flight: Flight | None = None
        self._writing: list[Chunk] = []
        self._turn = asyncio.Lock()
        self._tidy_from = self._look_from = inf
        self._count()

    def put(self, item: bytes, readings: int) -> None:
        """Append an item; never waits."""
        if self._memory.add(item, readings):
            self.arrived.set()
            self.changed.set()
        self._health.waiting += readings
        self._health.waiting_bytes += len(item)
        if self._memory.bulk > MOST_BYTES:
            self._health.dropped += self._memory.take_while(lambda _: self._memory.bulk > MOST_BYTES)
            self._count()
        if not self._health.oldest:
            self._count()

    def ready(self) -> float:
        """When the next flight may be taken (monotonic); `inf` if there is nothing."""
        if self._disk.has_more:
            return 0.0
        chunks = self._memory.chunks
        if not chunks:
            return inf
        return 0.0 if chunks[0].is_full else chunks[0].since + GATHER

    async def take(self, most_readings: int) -> Flight | None:
        """The oldest that waits, of the disk up to so many readings; None if there is nothing after all."""
        async with self._turn:
            if self._disk.has_more:
                loaded = await self._disk.load(most_readings, self._span)
                self._own_up()
                if loaded is not None:
                    self._flight = Flight(loaded.chunk, loaded.held)
                    self._health.dropped += 0 if loaded.chunk.items else loaded.held.readings
            elif self._memory.chunks:
                self._flight = Flight(self._memory.take())
            if self._flight is not None and not self._flight.chunk.items:
                self._finish(self._flight)
            self._count()
            return self._flight

    def settle(self, flight: Flight, count: int, fate: Fate) -> None:
        """The first items of the flight are no more to be sent; it is over after the last."""
        readings = flight.chunk.cut(count)
        setattr(self._health, fate, getattr(self._health, fate) + readings)
        if not flight.chunk.items:
            self._finish(flight)
        self._count()

    def is_late(self, flight: Flight) -> bool:
        """Whether it has waited for too long, or there is no room for it any more."""
        return flight.doomed or flight.chunk.born < time() - self._keys.age

    @property
    def is_overtaken(self) -> bool:
        """Whether something older than the flight is on disk, which could not be read before.

        The flight must not come there then, nor may what is newer, before it is given back or over.
        """
        return self._flight is not None and self._is_at_risk(self._flight) and self._disk.has_more

    async def give_back(self) -> bool:
        """Let the flight wait again if it is overtaken."""
        async with self._turn:
            if self._flight is None or not self.is_overtaken:
                return False
            self._memory.put_back([self._flight.chunk])
            self._flight = None
            self.changed.set()
            self._count()
            return True

    def due(self) -> float:
        """When `save` has something to do (monotonic)."""
        if self.is_overtaken:
            return inf
        tidy_from = self._tidy_from if self._disk.has_done else inf
        return max(min(tidy_from, self._look_from, self._keep_from()), self._disk.write_from)

    def _keep_from(self) -> float:
        """When what is only in memory is to be on disk too (monotonic)."""
        if self._memory.bulk >= MUCH:
            return 0.0
        only_here = [self._flight.chunk] if self._flight is not None and self._is_at_risk(self._flight) else []
        oldest = next(iter(only_here or self._memory.chunks), None)
        return oldest.since + KEEP if oldest is not None else inf

    async def open(self) -> None:
        """Open the file, and count what waits there and is not too old."""
        async with self._turn:
            written = await self._disk.write([], self._bounds(), 0)
            if written is not None:
                self._health.expired += written.trimmed.readings
            self._own_up()
            self._look_from = monotonic() + LOOK
            self._count()
        self.arrived.set()

    async def save(self, *, everything: bool = False) -> None:
        """Write what waits in memory for long to the disk, or everything, and remove there what need not wait."""
        async with self._turn:
            await self._disk.open()
            self._own_up()
            if self.is_overtaken:
                self._count()
                return
            flight = self._flight
            writes = everything or self._keep_from() <= monotonic()
            only_here = flight.chunk.copy() if writes and flight is not None and self._is_at_risk(flight) else None
            self._writing = self._memory.take_all() if writes else []
            written = None
            try:
                written = await self._disk.write(
                    [only_here, *self._writing] if only_here else self._writing,
                    self._bounds(),
                    flight.held.row if flight is not None else 0,
                )
            finally:
                if written is None:
                    self._memory.put_back(self._writing)
                self._writing = []
                self._own_up()
                self._look_from = monotonic() + LOOK
                self._tidy_from = monotonic() + TIDY
                self._count()
            if written is not None:
                self._written(written, flight, only_here)
                self._count()

    def expire(self) -> None:
        """Drop what waits in memory for too long."""
        oldest = time() - self._keys.age
        self._health.expired += self._memory.take_while(lambda chunk: chunk.born < oldest)
        self._count()

    async def close(self) -> None:
        """Write all that can be written, in its order; what stays in memory is lost and counted."""
        self._disk.try_now()
        await self._disk.open()
        await self.give_back()
        await self.save(everything=True)
        flight = self._flight
        if flight is not None and flight.held.row and flight.chunk.size < flight.held.size:
            async with self._turn:
                await self._disk.replace(flight.held.row, flight.chunk)

    async def release(self) -> None:
        """Close the file."""
        await self._disk.close()

    def give_up(self) -> None:
        """Count what is only in memory as lost."""
        if self._flight is not None and not self._flight.held.row:
            fate: Fate = "expired" if self._flight.doomed else "dropped"
            self.settle(self._flight, len(self._flight.chunk.items), fate)
        self._health.dropped += sum(chunk.readings for chunk in self._writing)
        self._writing = []
        self._health.dropped += self._memory.take_while(lambda _: True)
        self._count()

    def _bounds(self) -> Bounds:
        return Bounds(self._keys.size * 10**6, time() - self._keys.age)

    def _is_at_risk(self, flight: Flight) -> bool:
        """Whether the flight would be lost if the power failed."""
        return not flight.held.row and not flight.doomed

    def _finish(self, flight: Flight) -> None:
        """Nothing of it is left to send."""
        if flight.held.row:
            self._delivered(flight)
        if self._flight is flight:
            self._flight = None
            self.changed.set()

    def _delivered(self, flight: Flight) -> None:
        if not self._disk.has_done:
            self._tidy_from = monotonic() + TIDY
        self._disk.delivered(flight.held)

    def _written(self, written: Written, flight: Flight | None, only_here: Chunk | None) -> None:
        """What a write means for the flight, which may be over by now."""
        expired = written.trimmed.readings
        if flight is not None:
            if only_here is not None:
                flight.held = Held(only_here.readings, only_here.size, only_here.born, written.rows[0])
            if 0 < flight.held.row <= written.trimmed_to:
                expired -= flight.held.readings
                flight.held, flight.doomed = NOWHERE, True
            elif only_here is not None and self._flight is not flight:
                self._delivered(flight)
        self._health.expired += expired
        if self._disk.has_more:
            self.arrived.set()

    def _own_up(self) -> None:
        """Count what a broken file took along; the flight is still here."""
        if self._generation != self._disk.generation:
            self._generation = self._disk.generation
            lost, self._disk.lost = self._disk.lost, 0
            if self._flight is not None:
                lost -= self._flight.held.readings
                self._flight.held = NOWHERE
            self._health.dropped += lost

    def _count(self) -> None:
        """Bring the account up to date."""
        readings = self._memory.readings + self._disk.readings + sum(chunk.readings for chunk in self._writing)
        size = self._memory.size + self._disk.size + sum(chunk.size for chunk in self._writing)
        oldest = self._disk.oldest
        if self._flight is not None:
            flight = self._flight
            readings += flight.chunk.readings - flight.held.readings
            size += flight.chunk.size - flight.held.size
            oldest = flight.chunk.born
        elif not oldest and (newer := self._writing or self._memory.chunks):
            oldest = newer[0].born
        self._health.waiting, self._health.waiting_bytes, self._health.oldest = readings, size, oldest


def room_for(pace: int) -> int:
    """Readings of the disk that leave together, so that a slow pace is an even one."""
    return min(MOST_READINGS, pace)
