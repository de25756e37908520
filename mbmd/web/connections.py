"""The connections of the web server: how many there may be, and whether they are encrypted."""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from mbmd.web import limits
from mbmd.web.addresses import plain_address, site_of
from mbmd.web.proxies import Proxies

if TYPE_CHECKING:
    import asyncio
    import ssl

SILENCE = 60.0
"""Seconds between warnings."""

log = logging.getLogger(__name__)


class Connections:
    """Who is connected. `context` encrypts the connections that come from now on, unless it is None.

    Clients of `proxies` are not counted one by one, as all of them have the same address. `buses` tells how many buses
    have connections too.
    """

    def __init__(
        self, context: "ssl.SSLContext | None", proxies: Proxies, buses: Callable[[], int] = lambda: 0
    ) -> None:
        self.context = context
        self.proxies = proxies
        self.handshakes: set[asyncio.Task[None]] = set()
        self._buses = buses
        self._all = 0
        self._each: Counter[str] = Counter()
        self._told = -SILENCE

    def admit(self, address: str) -> str | None:
        """As whom a client is counted from now on until it is released; None if it may not come in."""
        client = "" if self.proxies.trusts(address) else site_of(plain_address(address) or address)
        if self._all >= limits.most_connections(self._buses()) or (client and self._each[client] >= limits.EACH):
            self._warn(address)
            return None
        self._all += 1
        if client:
            self._each[client] += 1
        return client

    def release(self, client: str) -> None:
        """A client that was admitted has gone."""
        self._all -= 1
        if client:
            self._each[client] -= 1
            if not self._each[client]:
                del self._each[client]

    def close(self) -> None:
        """End what is not yet a connection."""
        for handshake in self.handshakes:
            handshake.cancel()

    def _warn(self, address: str) -> None:
        now = monotonic()
        if now - self._told >= SILENCE:
            self._told = now
            log.warning("web server: too many connections, %d in all: those of %s are refused", self._all, address)
