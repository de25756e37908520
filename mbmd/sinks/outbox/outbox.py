"""Delivers what it is given, in order and as soon as it can; what has to wait survives a power cut on disk."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from math import inf
from pathlib import Path
from time import monotonic, time
from typing import Any

from mbmd.backoff import LONGEST_PAUSE, pause_after
from mbmd.config.given import mask
from mbmd.config.outputs import Outbox as Keys
from mbmd.config.values import format_duration
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox.contents import Contents, Flight, room_for
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from mbmd.sinks.outbox.halves import Halves
from mbmd.sinks.outbox.pace import Pace
from mbmd.within import within

ANSWER = 120.0
"""Seconds that a send may take: it should know better itself when to give up."""
GRACE = 0.5
"""Seconds that the last send may take at the end."""
CLOSING = 1.5
"""Seconds that the disk may take at the end."""
TELL = 60.0
"""Seconds between two warnings of the same kind."""
LEAST, MOST = 0.001, 1.0
"""Seconds that are worth a sleep, and those after which it is seen again how fast readings come."""

log = logging.getLogger(__name__)

_closing: set["asyncio.Task[None]"] = set()
"""Files whose disk does not answer are closed when it does."""


class Outbox:
    """Items wait here until `send` has taken them: at once in memory, and on disk before a second is over.

    `send` gets some in their order. When it raises AwayError they are tried again, after a pause that grows to a
    minute; RefusedError drops the bad ones of them. Anything else that it raises counts as AwayError. What was taken
    may be sent again after a crash, or when `send` failed after all.

    The accounts `waiting`, `waiting_bytes`, `oldest`, `sent`, `refused`, `expired` and `dropped` are kept here, in
    readings; `connected` and `trouble` belong to the sink. Without a file all waits in memory, a few megabytes at most.
    """

    def __init__(
        self, file: Path | None, keys: Keys, send: Callable[[Sequence[bytes]], Awaitable[None]], health: SinkHealth
    ) -> None:
        self._keys = keys
        self._send = send
        self._health = health
        self._contents = Contents(file, keys, health)
        self._pace = Pace(keys.pace, monotonic())
        self._again = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_ending = False
        self._away = 0.0
        self._trouble = Changed()
        self._refusal = Changed()

    def put(self, item: bytes, readings: int) -> None:
        """Add an item that has so many readings; never waits."""
        self._pace.came(readings)
        self._contents.put(item, readings)

    def retry(self) -> None:
        """The other side seems to be back: no pause is worth waiting for."""
        self._again.set()

    async def run(self, filling: Coroutine[Any, Any, None] | None = None) -> None:
        """Deliver until cancelled; what is left is on disk then, or lost and counted if there is no file.

        `filling` puts items; it is cancelled when the last send is over, so what comes meanwhile is not lost.
        """
        filler = asyncio.create_task(filling or asyncio.Event().wait())
        keeper = asyncio.create_task(self._keep())
        sender = asyncio.create_task(self._deliver_all())
        try:
            done, _ = await asyncio.wait({filler, sender, keeper}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._end(filler, sender, keeper)

    async def _end(
        self, filler: "asyncio.Task[Any]", sender: "asyncio.Task[None]", keeper: "asyncio.Task[None]"
    ) -> None:
        self._is_ending = True
        self._contents.changed.set()
        await _wait(self._idle, GRACE)
        for task in (filler, sender):
            task.cancel()
        await asyncio.wait({filler})
        with contextlib.suppress(TimeoutError):
            async with within(CLOSING):
                await asyncio.wait({sender, keeper})
                await self._contents.close()
        keeper.cancel()
        await asyncio.wait({sender, keeper})
        closing = asyncio.create_task(self._contents.release())
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
        await asyncio.wait({closing}, timeout=CLOSING)
        before = self._health.dropped
        self._contents.give_up()
        if self._health.dropped > before:
            log.warning("sink %s: %d that waited in memory are lost", self._health.name, self._health.dropped - before)

    async def _keep(self) -> None:
        """Write to disk what waits for too long."""
        await self._contents.open()
        while not self._is_ending:
            rest = self._contents.due() - monotonic()
            self._contents.changed.clear()
            if rest > 0:
                await _wait(self._contents.changed, min(rest, LONGEST_PAUSE))
            else:
                await self._contents.save()
                if self._contents.is_overtaken:
                    self._again.set()
            self._contents.expire()

    async def _deliver_all(self) -> None:
        while True:
            await self._something()
            flight = await self._contents.take(room_for(self._keys.pace))
            if flight is not None:
                await self._leave(flight.chunk.readings)
                await self._deliver(flight)

    async def _something(self) -> None:
        """Wait until there is something to send."""
        while (rest := self._contents.ready() - monotonic()) > 0:
            self._contents.arrived.clear()
            await _wait(self._contents.arrived, rest)

    async def _leave(self, readings: int) -> None:
        """Wait until so many may go."""
        while (rest := self._pace.wait(monotonic())) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(max(rest, LEAST), MOST))
        self._pace.went(readings)

    async def _deliver(self, flight: Flight) -> None:
        halves = Halves(len(flight.chunk.items))
        failures = 0
        while halves.next:
            self._again.clear()
            try:
                await self._try(flight.chunk.items[: halves.next])
            except RefusedError as error:
                self._refused(str(error))
                self._contents.settle(flight, halves.refused(), "refused")
            except AwayError as error:
                failures += 1
                self._is_away(error)
                if self._contents.is_late(flight):
                    self._contents.settle(flight, len(flight.chunk.items), "expired")
                    return
                await self._pause(failures, error.pause)
                if await self._contents.give_back():
                    return
            else:
                failures = 0
                self._is_back()
                count = halves.next
                halves.taken()
                self._contents.settle(flight, count, "sent")

    async def _try(self, items: Sequence[bytes]) -> None:
        """Send; whatever goes wrong is AwayError or RefusedError."""
        if self._is_ending:
            await asyncio.Event().wait()
        self._idle.clear()
        try:
            async with within(ANSWER):
                await self._send(items)
        except (AwayError, RefusedError):
            raise
        except TimeoutError:
            raise AwayError("no answer in time") from None
        except Exception as error:
            log.debug("sink %s", self._health.name, exc_info=True)
            self._health.trouble = mask(f"it failed with {type(error).__name__}: {error}")
            raise AwayError(self._health.trouble) from error
        finally:
            self._idle.set()

    async def _pause(self, failures: int, least: float) -> None:
        pause = pause_after(failures, random.random())  # noqa: S311
        await _wait(self._again, max(pause, least))

    def _is_away(self, error: AwayError) -> None:
        self._away = self._away or time()
        if self._trouble.is_other(str(error)):
            log.warning("sink %s: %s: what comes waits", self._health.name, mask(str(error)))

    def _is_back(self) -> None:
        if self._away:
            gone, waiting = format_duration(round(time() - self._away)), self._health.waiting
            log.info("sink %s: it takes readings again, after %s; %d wait", self._health.name, gone, waiting)
            self._away = 0.0
            self._trouble = Changed()

    def _refused(self, text: str) -> None:
        if self._refusal.is_other(text):
            log.warning("sink %s: refused and dropped: %s", self._health.name, mask(text))


class Changed:
    """Says whether a text is worth telling: one that is new, and once a minute at most."""

    def __init__(self) -> None:
        self._text = ""
        self._from = -inf

    def is_other(self, text: str) -> bool:
        """Whether it is to be told, and taken to be told then."""
        if text == self._text or monotonic() < self._from:
            return False
        self._text, self._from = text, monotonic() + TELL
        return True


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not for longer."""
    with contextlib.suppress(TimeoutError):
        async with within(None if seconds == inf else seconds):
            await event.wait()
