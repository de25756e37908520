"""Connections: how Sanic's are bounded."""

from typing import Any

from sanic.server.protocols.websocket_protocol import WebSocketProtocol

from mbmd.web.stream.client import Client

HEARD_AT_MOST = 32 << 20
"""Bytes that who listens may send in its life: a ping every 20 s and an answer to each of ours for a year."""
BACKLOG = 4 << 20
"""Bytes that may wait for who asks for answers to pings and takes none."""


class Protocol(WebSocketProtocol):
    """A connection whose client may turn into one that listens; of websockets only pings and the end are then heard.

    Clients that have much to say are ended.

    Sanic makes a task of every piece that a client sends, as many as the client likes.
    """

    __slots__ = ("_heard", "_listener")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heard = 0
        self._listener: Client | None = None

    def listen(self, client: Client) -> None:
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

    def check_timeouts(self) -> None:
        """End requests that take too long."""
        if self._listener is None:
            super().check_timeouts()  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        """Take what a client sends."""
        transport: Any = self.transport
        if (self.websocket is None and self._listener is None) or transport is None:
            super().data_received(data)  # type: ignore[no-untyped-call]
            return
        self._heard += len(data)
        if self.websocket is not None:
            self._hear(data, self.websocket.ws_proto, transport)
        if self._heard > HEARD_AT_MOST or transport.get_write_buffer_size() > BACKLOG:
            transport.abort()

    def _hear(self, data: bytes, protocol: Any, transport: Any) -> None:
        protocol.receive_data(data)
        protocol.events_received()
        for piece in protocol.data_to_send():
            if piece:
                transport.write(piece)
            else:
                transport.close()
