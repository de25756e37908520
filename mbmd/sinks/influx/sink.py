"""Readings into a database that takes line protocol."""

import asyncio
import contextlib
from collections import deque
from math import inf
from time import monotonic

from mbmd.config.outputs import Influx
from mbmd.config.outputs import Outbox as OutboxKeys
from mbmd.readings.hub import Update, Wants
from mbmd.sinks.influx.delivery import Delivery
from mbmd.sinks.influx.lines import Encoder
from mbmd.sinks.influx.server import Server
from mbmd.sinks.outbox.outbox import Outbox
from mbmd.sinks.sink import Feed
from mbmd.within import within

QUEUE = 10_000
"""Updates that may wait to become lines."""
LONGEST_TURN = 0.001
"""Seconds of encoding after which others have their turn."""
_FILE = "influx.db"


class InfluxSink:
    """Writes each update to a database; what it does not take waits in the outbox, on disk where that has a folder.

    The constructor raises UsageError for what cannot work.
    """

    name = "influx"
    wants = Wants(states=False, queue=QUEUE)

    def __init__(self, config: Influx, outbox: OutboxKeys | None) -> None:
        self._keys = outbox or OutboxKeys()
        self._file = self._keys.folder / _FILE if config.outbox and self._keys.folder else None
        self._encoder = Encoder(config.measurement, config.points)
        self._server = Server(config)
        self._database = config.database

    @property
    def place(self) -> str:
        """Where readings go, in words."""
        waits = f"; outbox {self._file}" if self._file else ""
        return f"readings go to {self._server.name}, database {self._database}{waits}"

    async def run(self, feed: Feed) -> None:
        """Deliver until cancelled."""
        delivery = Delivery(self._server, feed.health)
        outbox = Outbox(self._file, self._keys, delivery.send, feed.health)
        try:
            await outbox.run(self._encode(feed, outbox))
        finally:
            self._server.close()

    async def _encode(self, feed: Feed, outbox: Outbox) -> None:
        waiting: deque[Update] = deque()
        try:
            while True:
                if not waiting:
                    waiting.extend((await feed.take()).updates)
                self._put(waiting, outbox, monotonic() + LONGEST_TURN)
                if waiting:
                    await asyncio.sleep(0)
        finally:  # what has arrived is not lost
            with contextlib.suppress(TimeoutError):
                async with within(0):
                    waiting.extend((await feed.take()).updates)
            self._put(waiting, outbox, inf)

    def _put(self, waiting: deque[Update], outbox: Outbox, until: float) -> None:
        """Put updates into the outbox, for so long."""
        while waiting:
            block = self._encoder.encode(waiting.popleft())
            if block.readings:
                outbox.put(block.lines, block.readings)
            if monotonic() >= until:
                return
