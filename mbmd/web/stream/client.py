"""One client of the stream: what it knows, and how much of what it was told waits for it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

HIGH, LOW = 1 << 16, 1 << 14
"""Bytes that may wait for a client before it is behind, and at which it is told more."""
SENT_AT_MOST = 1 << 17
"""Bytes that wait in its socket, where they grow old."""
PATIENCE = 30.0
"""Seconds for which a client that is behind may take nothing."""

OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_AT_MOST),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 90_000),
)
"""The kernel ends connections whose other side has said nothing, be it about data or probes, for 90 s (tcp(7))."""


class Client:
    """A connection that is only written to.

    It knows the news up to `number`. While it `is_behind` nothing is kept for it but that number, and whether it shall
    have the status. `on_drained` is called when it can take what it lacks.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        address: str,
        number: int,
        status_due: bool,
        on_drained: Callable[[], None],
    ) -> None:
        self.transport = transport
        self.address = address
        self.number = number
        self.status_due = status_due
        self.is_behind = True
        self.is_paused = False
        self._on_drained = on_drained
        self._waiting = 0
        self._moved = 0.0

    def tune(self) -> None:
        """Bound what waits for it, and have the kernel watch whether it is still there."""
        self.transport.set_write_buffer_limits(high=HIGH, low=LOW)
        connection = self.transport.get_extra_info("socket")
        for level, option, value in OPTIONS:
            with contextlib.suppress(OSError):
                connection.setsockopt(level, option, value)

    def pause(self) -> None:
        """More waits for it than should."""
        self.is_paused = True

    def resume(self) -> None:
        """It can take more."""
        self.is_paused = False
        if self.is_behind:
            self._on_drained()

    @property
    def is_ready(self) -> bool:
        """Whether it is behind and can be told what it lacks."""
        return self.is_behind and not self.is_paused and not self.transport.is_closing()

    def tell(self, data: bytes) -> bool:
        """Write unless it cannot take it; returns whether it could."""
        if self.is_paused or self.transport.is_closing():
            return False
        if data:
            self.transport.write(data)
        return True

    def offer(self, data: bytes, number: int) -> None:
        """Tell the news up to a number to who knows all before them; who cannot take them is behind from now on."""
        if self.is_behind or self.number >= number:
            return
        if not data or self.tell(data):
            self.number = number
        else:
            self.is_behind = True

    def offer_status(self, data: bytes) -> None:
        """Tell the status; who cannot take it shall have it later."""
        if not self.status_due and not self.tell(data):
            self.status_due = self.is_behind = True

    def make_up(self, data: bytes, number: int, head: int) -> None:
        """Tell who is behind the news up to a number, of which `head` is the latest."""
        if not data or self.tell(data):
            self.number = number
            self.is_behind = self.status_due or number < head

    def make_up_status(self, data: bytes) -> None:
        """Tell the status that is due."""
        self.status_due = not self.tell(data)

    def is_stuck(self, now: float) -> bool:
        """Whether it has taken nothing for too long; to be asked now and then."""
        waiting = self.transport.get_write_buffer_size()
        if not self.is_paused or waiting < self._waiting or not self._moved:
            self._moved = now
        self._waiting = waiting
        return now - self._moved > PATIENCE
