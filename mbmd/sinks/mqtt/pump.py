"""Moves what a paho client sends and receives, by the event loop."""

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import paho.mqtt.client as paho

from mbmd.sinks.mqtt.words import CLOSED, NO_MQTT, TOO_MUCH

SEND_BUFFER = 1 << 17
"""Bytes that the system may keep for a broker that is slow: they would be too old, and a ping wait behind them."""
READ_SIZE = 1 << 16
"""Bytes at a time of what nobody listens to."""
READS = 16
"""Packets in a row after which others get their turn."""
LARGEST = 1 << 24
"""Bytes of a packet that are taken: the protocol allows 16 times as many."""
MOST_ANSWERS = 10_000
"""Packets that may wait for a broker that asks and does not read: what is published at once are some hundred."""

log = logging.getLogger(__name__)


class Pump:
    """Reads and writes while there is a socket.

    `written` is called when all is written that the client had and that was sent beside it, `broken` with what is
    wrong with the connection.
    `writing` while it writes: what the client tells then is of messages that nobody acknowledges.
    """

    def __init__(self, client: paho.Client, written: Callable[[], None], broken: Callable[[str], None]) -> None:
        self._client = client
        self._written = written
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._socket: Any = None
        self.writing = False
        self._number = -1
        self._tcp: socket.socket | None = None
        self._beside = bytearray()
        self._is_cut = False
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._settle
        client.on_socket_close = self._closed

    def start(self) -> None:
        """Take over the socket of a client that was connected in a thread."""
        sock: Any = self._client.socket()
        self._socket = sock
        self._number = sock.fileno()
        self._tcp = sock if isinstance(sock, socket.socket) else None
        with socket.socket(fileno=os.dup(self._number)) as tcp:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._loop.add_reader(self._number, self._read)
        if self._client.want_write():
            self._loop.add_writer(self._number, self._write)

    @property
    def takes_packets(self) -> bool:
        """Whether `send` can be used: a websocket has frames around packets."""
        return self._tcp is not None

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._beside) or self._client.want_write()

    def send(self, packet: bytes) -> None:
        """Write a whole packet behind those of the client, which knows nothing of it."""
        if not self._beside and self._number >= 0:
            self._loop.add_writer(self._number, self._write)
        self._beside += packet

    @asynccontextmanager
    async def heard_out(self) -> AsyncIterator[None]:
        """Within, the client closes its socket; what the broker still says then is read until it closes too.

        Without that the connection is reset, and a broker that is writing loses what was said to it last.
        """
        if self._number < 0:
            yield
            return
        with socket.socket(fileno=os.dup(self._number)) as tcp:
            yield
            with contextlib.suppress(OSError):
                tcp.shutdown(socket.SHUT_WR)
                while await self._loop.sock_recv(tcp, READ_SIZE):
                    pass

    def stop(self) -> None:
        """Close the socket, whatever is left to write."""
        sock = self._socket
        self._leave()
        if sock is not None:
            sock.close()

    def _read(self) -> None:
        """Also what the encryption has received already, which no event tells of."""
        try:
            for _ in range(READS):
                if self._socket is None:
                    return
                self._client.loop_read()
                if self._is_too_much():
                    self._broken(TOO_MUCH)
                    return
                if not self._pending():
                    return
        except Exception:  # bytes from a wire are never trusted
            log.debug("a broken packet", exc_info=True)
            self._broken(NO_MQTT)
        else:
            self._loop.call_soon(self._read)

    def _is_too_much(self) -> bool:
        """Whether the broker makes the library keep what it was not asked for, which the library bounds by nothing."""
        client = self._client
        return (
            client._in_packet["remaining_length"] > LARGEST
            or bool(client._in_messages)
            or len(client._out_packet) > MOST_ANSWERS
        )

    def _pending(self) -> int:
        pending = getattr(self._socket, "pending", None)
        return pending() if pending is not None else 0

    def _write(self) -> None:
        """All that waits, in as few segments as hold it, and at once; a packet that was begun is ended first."""
        if self._is_cut:
            self._write_beside()
        if self._client.want_write() and not self._is_cut:
            self._write_client()
        if self._beside and not (self._is_cut or self._client.want_write()):
            self._write_beside()
        self._settle()

    def _write_beside(self) -> None:
        if self._tcp is None:
            return
        try:
            sent = self._tcp.send(self._beside)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            sent = 0
        except OSError:
            self._broken(CLOSED)
            return
        del self._beside[:sent]
        self._is_cut = bool(self._beside)

    def _write_client(self) -> None:
        tcp = self._tcp
        if tcp is not None:
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        self.writing = True
        self._client.loop_write()
        self.writing = False
        if self._tcp is not None:
            self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def _want_write(self, *_: object) -> None:
        if self._number >= 0:
            self._loop.add_writer(self._number, self._write)

    def _settle(self, *_: object) -> None:
        """Look at the socket no longer than there is something to write."""
        if self._number >= 0 and not self.is_busy:
            self._loop.remove_writer(self._number)
            self._written()

    def _closed(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """Before the socket is closed; what the client calls later, even in another thread, does nothing."""
        number, self._number = self._number, -1
        self._socket = self._tcp = None
        self._beside.clear()
        if number >= 0:
            self._loop.remove_reader(number)
            self._loop.remove_writer(number)
