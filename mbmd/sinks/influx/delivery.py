"""Brings blocks of lines to a database, and keeps the account of what becomes of them."""

import logging
import re
from collections.abc import Iterator, Sequence
from math import inf
from time import monotonic
from typing import Protocol

from mbmd.readings.health import SinkHealth
from mbmd.sinks.influx.answers import Refusal
from mbmd.sinks.outbox.errors import AwayError, RefusedError

TELL_AGAIN = 3600.0
"""Seconds after which readings that are lost for the same reason are told of again."""

log = logging.getLogger(__name__)

Blocks = Sequence[bytes]


class Target(Protocol):
    """What takes lines, as `mbmd.sinks.influx.server.Server` does."""

    name: str

    async def write(self, blocks: Blocks) -> Refusal | None:
        """Write blocks of lines in one request."""


class Delivery:
    """What stands between the outbox, which counts what was sent, and a server."""

    def __init__(self, server: Target, health: SinkHealth) -> None:
        self._server = server
        self._health = health
        self._largest = inf
        self._told = ""
        self._tell_from = 0.0

    async def send(self, blocks: Blocks) -> None:
        """Write blocks of lines; raises AwayError and RefusedError, and then nothing of them counts as sent.

        To write a line twice does no harm: a point is known by its names and time.
        """
        try:
            refused, why = await self._write(blocks)
        except AwayError as error:
            self._health.connected = False
            self._health.trouble = f"{self._server.name}: {error}"
            self._health.failures += 1
            raise AwayError(self._health.trouble, error.pause) from None
        if not (why or self._health.connected or self._health.failures):
            log.info("sink %s: %s takes readings", self._health.name, self._server.name)
        self._health.connected = True
        self._health.trouble = f"{self._server.name}: {why}" if why else ""
        if refused is None:
            raise RefusedError(self._health.trouble)
        if refused:
            self._lost(refused)

    async def _write(self, blocks: Blocks) -> tuple[int | None, str]:
        """How many lines were refused while the others were stored, or None for one that keeps out others; and why."""
        refused, why = 0, ""
        parts = [*reversed(list(self._portions(blocks)))]
        while parts:
            part = parts.pop()
            refusal = await self._server.write(part)
            if refusal is None:
                continue
            if refusal.too_many and len(part) > 1:
                self._largest = _size(part) // 2
                parts += reversed(list(self._portions(part)))
            elif refusal.lines is None:
                return None, refusal.text
            else:
                refused += min(refusal.lines, sum(block.count(b"\n") for block in part))
                why = refusal.text
        return refused, why

    def _lost(self, lines: int) -> None:
        """Count lines as refused that the outbox is about to count as sent, and tell of them."""
        self._health.refused += lines
        self._health.sent -= lines
        why = re.sub(r"\d+", "0", self._health.trouble)
        if why != self._told or monotonic() >= self._tell_from:
            self._told, self._tell_from = why, monotonic() + TELL_AGAIN
            log.warning("sink %s: some readings are refused and lost: %s", self._health.name, self._health.trouble)

    def _portions(self, blocks: Blocks) -> Iterator[Blocks]:
        """The blocks in requests that are no larger than the server takes, as far as that is known."""
        begin, size = 0, 0
        for at, block in enumerate(blocks):
            if at > begin and size + len(block) > self._largest:
                yield blocks[begin:at]
                begin, size = at, 0
            size += len(block)
        yield blocks[begin:]


def _size(blocks: Blocks) -> int:
    return sum(map(len, blocks))
