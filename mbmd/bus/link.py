"""The line of a bus: opened, lost, and opened again."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from mbmd.config.adapter import Adapter
from mbmd.errors import LinkError
from mbmd.readings.health import BusHealth
from mbmd.transport.open import Opener

if TYPE_CHECKING:
    from mbmd.transport.line import Line


class _Life:
    """One life of a line; that it ends after it was given up does not concern anybody any more."""

    def __init__(self, received: Callable[[bytes], None], lost: Callable[[Exception | None], None]) -> None:
        self.data_received = received
        self._lost: Callable[[Exception | None], None] | None = lost

    @property
    def over(self) -> bool:
        return self._lost is None

    def give_up(self) -> None:
        self._lost = None

    def connection_lost(self, exc: Exception | None) -> None:
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(exc)


class Link:
    """Opens the line of an adapter, keeps account of that, and hands on what comes and that it was lost.

    `line` is None while it is down.
    """

    def __init__(
        self,
        adapter: Adapter,
        open_line: Opener,
        health: BusHealth,
        received: Callable[[bytes], None],
        lost: Callable[[Exception | None], None],
    ) -> None:
        self.line: Line | None = None
        self._adapter = adapter
        self._open_line = open_line
        self._health = health
        self._received = received
        self._tell = lost
        self._life = _Life(received, self._lost)
        self._has_been_open = False

    async def open(self) -> None:
        """Open the line. Raises LinkError, or UsageError where only the user can help."""
        self._life.give_up()
        life = self._life = _Life(self._received, self._lost)
        line = await self._open_line(life)
        if self._adapter.connect_delay:
            try:
                await asyncio.sleep(self._adapter.connect_delay)
            except asyncio.CancelledError:
                line.close()
                raise
        if life.over:  # an event loop may tell of the end before it tells of the beginning
            line.close()
            raise LinkError(f"{self._adapter.address}: the connection was closed at once")
        self.line = line
        self._health.connected = True
        self._health.reconnects += self._has_been_open
        self._has_been_open = True

    def close(self) -> None:
        """Close the line; `open` opens it again."""
        self._life.give_up()
        if self.line is not None:
            self.line.close()
            self.line = None

    def rest(self) -> None:
        """Close the line until it is needed again, which is no fault of it."""
        self.close()
        self._has_been_open = False

    def _lost(self, exc: Exception | None) -> None:
        self.line = None
        self._health.connected = False
        self._tell(exc)
