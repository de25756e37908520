"""Brings blocks of lines to a database: all that it takes, whatever it refuses."""

import logging
import re
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Protocol

from mbmd.readings.health import SinkHealth
from mbmd.sinks.influx.answers import Refusal
from mbmd.sinks.outbox.errors import AwayError, RefusedError

MOST_REFUSALS = 32
"""Refused requests after which the bad lines are not looked for any more among the good ones."""
QUIET = 60.0
"""Seconds in which the same trouble is told of but once."""

log = logging.getLogger(__name__)

Blocks = Sequence[bytes]


class Target(Protocol):
    """What takes lines, as `mbmd.sinks.influx.server.Server` does."""

    name: str

    async def write(self, blocks: Blocks) -> Refusal | None:
        """Write blocks of lines in one request."""


class Delivery:
    """What stands between the outbox and a server: keeps the account of the connection, and tells of its troubles."""

    def __init__(self, server: Target, health: SinkHealth) -> None:
        self._server = server
        self._health = health
        self._largest = 0
        self._told = _Told()

    async def send(self, blocks: Blocks) -> None:
        """Write blocks of lines; raises AwayError, then all are to be sent again, and RefusedError for some of them."""
        try:
            refused, why = await self._write(blocks)
        except AwayError as error:
            self._away(str(error))
            raise
        self._health.connected = True
        self._health.trouble = why
        if refused:
            if self._told.is_new(why):
                log.warning("%s: some readings are refused and lost: %s", self._server.name, why)
            raise RefusedError(why, refused / _lines_in(blocks))
        if self._told.over():
            log.info("%s: takes readings again", self._server.name)

    async def _write(self, blocks: Blocks) -> tuple[int, str]:
        """How many lines were refused, and why; parts that are too large or refused as a whole are halved."""
        refused, why, refusals = 0, "", 0
        parts = [*reversed(list(self._portions(blocks)))]
        while parts:
            part = parts.pop()
            refusal = await self._server.write(part)
            if refusal is None:
                continue
            refusals += not refusal.too_many
            if self._can_be_halved(refusal, part, refusals):
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
            else:
                refused += _lines_in(part) if refusal.lines is None else min(refusal.lines, _lines_in(part))
                why = refusal.text
        return refused, why

    def _can_be_halved(self, refusal: Refusal, part: Blocks, refusals: int) -> bool:
        if refusal.too_many:
            self._largest = max(1, _size(part) // 2)
        return len(part) > 1 and refusal.lines is None and refusals < MOST_REFUSALS

    def _portions(self, blocks: Blocks) -> Iterator[Blocks]:
        """The blocks in requests that are no larger than the server takes, as far as that is known."""
        begin, size = 0, 0
        for at, block in enumerate(blocks):
            if self._largest and at > begin and size + len(block) > self._largest:
                yield blocks[begin:at]
                begin, size = at, 0
            size += len(block)
        yield blocks[begin:]

    def _away(self, trouble: str) -> None:
        self._health.connected = False
        self._health.trouble = trouble
        self._health.failures += 1
        if self._told.is_new(trouble):
            log.warning("%s: %s", self._server.name, trouble)


class _Told:
    """Remembers which trouble the user knows of; numbers do not make it another one."""

    def __init__(self) -> None:
        self._last = ""
        self._until = 0.0
        self._lasts = False

    def is_new(self, trouble: str) -> bool:
        """Whether to tell of it: not while it lasts, nor if it has just been there."""
        key = re.sub(r"\d+", "0", trouble)
        tell = key != self._last or (not self._lasts and monotonic() >= self._until)
        if tell:
            self._last, self._until = key, monotonic() + QUIET
            self._lasts = True
        return tell

    def over(self) -> bool:
        """All is well: whether the user thinks otherwise."""
        ended, self._lasts = self._lasts, False
        return ended


def _lines_in(blocks: Blocks) -> int:
    return sum(block.count(b"\n") for block in blocks)


def _size(blocks: Blocks) -> int:
    return sum(map(len, blocks))
