"""Connections: how Sanic's are bounded, and how they are encrypted."""

import asyncio
import socket
import ssl
from time import monotonic
from typing import TYPE_CHECKING, Any

from sanic.exceptions import RequestTimeout, ServiceUnavailable
from sanic.http import Http, Stage
from sanic.server.protocols.websocket_protocol import WebSocketProtocol

from mbmd.web import limits

if TYPE_CHECKING:
    from websockets.server import ServerProtocol

    from mbmd.web.connections import Connections
    from mbmd.web.stream.client import Client

HEARD_AT_MOST = 32 << 20
"""Bytes that who listens may send in its life: a ping every 20 s and an answer to each of ours for a year."""
BACKLOG = 4 << 20
"""Bytes that may wait for who asks for answers to pings and takes none."""
LOOKS = 4
"""How often in the time of a request a connection is looked at."""
_TLS_HANDSHAKE = 0x16
"""First byte of who speaks TLS (RFC 8446, section 5.1), to a server that does not."""


class Protocol(WebSocketProtocol):
    """A connection that is counted, encrypted if that is wanted, and ended if its client is too slow or too loud.

    Its client may turn into one that listens; of a websocket only pings and the end are then heard: Sanic makes a task
    of every piece that a client sends, as many as the client likes. Its requests have to be complete in time: Sanic
    gives more of it with every byte.
    """

    __slots__ = ("_heard", "_is_made", "_listener", "_peer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._http: Http | None = None
        self._heard = 0
        self._peer: str | None = None
        self._is_made = False
        self._listener: Client | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether its client is sent something that has no end."""
        return self._listener is not None

    def listen(self, client: "Client") -> None:
        """The other side is that client from now on: it is asked nothing more, and no timeout ends it."""
        self._listener = client
        self.recv_buffer.clear()
        client.transport.resume_reading()
        client.tune()

    def pause_writing(self) -> None:
        """More waits to be written than should."""
        super().pause_writing()  # type: ignore[no-untyped-call]
        if self._listener is not None:
            self._listener.pause()

    def resume_writing(self) -> None:
        """What waited is written."""
        super().resume_writing()  # type: ignore[no-untyped-call]
        if self._listener is not None:
            self._listener.resume()

    def connection_made(self, transport: Any) -> None:
        """Take a connection, or end it where there are too many; one to be encrypted comes again when it is."""
        if self._peer is not None:
            self._is_made = True
            super().connection_made(transport)  # type: ignore[no-untyped-call]
            return
        connections: Connections = self.app.ctx.connections
        peer = transport.get_extra_info("peername")
        self._peer = connections.admit(peer[0]) if peer else None
        if self._peer is None:
            transport.abort()
        elif connections.context is None:
            self.connection_made(transport)
        else:
            # Its socket goes on alone: a transport that reads already cannot be encrypted without loss.
            alone = transport.get_extra_info("socket").dup()
            transport.abort()
            handshake = self.loop.create_task(self._encrypt(alone, connections.context))
            connections.handshakes.add(handshake)
            handshake.add_done_callback(connections.handshakes.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection has ended, or that which is encrypted now."""
        if self._is_made:
            self._release()
            super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        """Take what a client sends."""
        if self._listener is not None or self.websocket is not None:
            self._hear(data)
        elif data[0] == _TLS_HANDSHAKE and not self.recv_buffer:
            self.transport.abort()  # type: ignore[union-attr]
        else:
            http, since = self._http, self._time
            super().data_received(data)  # type: ignore[no-untyped-call]
            if http is not None and (http.stage is not Stage.IDLE or _has_body(http)):
                self._time = since

    async def send(self, data: bytes) -> None:
        """Send an answer; who asks much at once leaves others their turn."""
        if self.recv_buffer:
            await asyncio.sleep(0)
        await super().send(data)  # type: ignore[no-untyped-call]

    def check_timeouts(self) -> None:
        """End a connection that takes too long, and look again later."""
        http = self._http
        if self._task is None or http is None or self._listener is not None:
            return
        if http.stage is Stage.RESPONSE and self.transport and not self.transport.get_write_buffer_size():
            self._time = monotonic()  # its client has read all that there is
        patience, error = _patience(http)
        left = self._time + patience - monotonic()
        if left > 0:
            later = min(left, limits.REQUEST / LOOKS)
            self._callback_check_timeouts = self.loop.call_later(later, self.check_timeouts)
            return
        if self.transport and self.transport.get_write_buffer_size():
            self.transport.abort()  # nobody would read the error either
            return
        http.exception = error
        http.request_body = None  # Sanic would wait for the rest of it
        self._task.cancel()

    async def _encrypt(self, alone: socket.socket, context: ssl.SSLContext) -> None:
        try:
            await self.loop.connect_accepted_socket(
                lambda: self, alone, ssl=context, ssl_handshake_timeout=limits.REQUEST
            )
        except OSError:  # who does not speak TLS, or not in time
            pass
        finally:
            if not self._is_made:
                self._release()
                alone.close()

    def _release(self) -> None:
        if self._peer is not None:
            self.app.ctx.connections.release(self._peer)
            self._peer = None

    def _hear(self, data: bytes) -> None:
        """What a client sends who listens."""
        transport: Any = self.transport
        self._heard += len(data)
        if self.websocket is not None:
            self._take_frames(self.websocket.ws_proto, data, transport)
        if self._heard > HEARD_AT_MOST or transport.get_write_buffer_size() > BACKLOG:
            transport.abort()

    def _take_frames(self, protocol: "ServerProtocol", data: bytes, transport: Any) -> None:
        protocol.receive_data(data)
        protocol.events_received()
        for piece in protocol.data_to_send():
            if piece:
                transport.write(piece)
            else:
                transport.close()


def _patience(http: Http) -> tuple[float, Exception | None]:
    """Seconds that a connection has in its present state since its client or the server last did something."""
    if http.stage is Stage.REQUEST or _has_body(http):
        return limits.REQUEST, RequestTimeout(f"the request was not complete within {limits.REQUEST:.0f} s")
    if http.stage is Stage.IDLE:
        return limits.IDLE, None
    return limits.IDLE, ServiceUnavailable("the answer took too long")


def _has_body(http: Http) -> bool:
    """Whether there is more of a request's body; Sanic does not know before the first request."""
    return bool(getattr(http, "request_body", None))
