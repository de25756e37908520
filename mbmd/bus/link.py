"""The line of a bus: opened, lost, and opened again."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mbmd.config.adapter import Adapter
from mbmd.errors import LinkError
from mbmd.readings.health import BusHealth
from mbmd.transport.open import Opener

if TYPE_CHECKING:
    from mbmd.transport.line import Line


def _unheard(data: bytes) -> None:
    """What comes by a line that was given up."""


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
        self.data_received = _unheard

    def connection_lost(self, exc: Exception | None) -> None:
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(exc)


class Link:
    """Opens the line of an adapter, and keeps account of that; `line` is None while it is down."""

    def __init__(self, adapter: Adapter, open_line: Opener, health: BusHealth) -> None:
        self.line: Line | None = None
        self._adapter = adapter
        self._open_line = open_line
        self._health = health
        self._life: _Life | None = None
        self._has_been_open = False

    async def open(self, received: Callable[[bytes], None], lost: Callable[[Exception | None], None]) -> None:
        """Open the line, and tell from now on what comes, and that it was lost, until it is closed.

        Raises LinkError, or UsageError where only the user can help.
        """
        self._give_up()
        life = self._life = _Life(received, partial(self._lost, lost))
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
        self._give_up()
        if self.line is not None:
            self.line.close()
            self.line = None

    def rest(self) -> None:
        """Close the line until it is needed again, which is no fault of it."""
        self.close()
        self._has_been_open = False

    def _give_up(self) -> None:
        if self._life is not None:
            self._life.give_up()
            self._life = None

    def _lost(self, tell: Callable[[Exception | None], None], exc: Exception | None) -> None:
        self.line = None
        self._health.connected = False
        tell(exc)
