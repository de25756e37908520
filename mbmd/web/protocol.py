"""Connections: how Sanic's are bounded."""

from typing import Any

from sanic.server.protocols.websocket_protocol import WebSocketProtocol

from mbmd.web.stream import BACKLOG

HEARD_AT_MOST = 16 << 20
"""Bytes that a websocket client may send in its life: a ping every 20 s for a year."""


class Protocol(WebSocketProtocol):
    """A websocket that only listens to pings and to the end, and ends clients that have much to say.

    Sanic makes a task of every piece that a client sends, as many as the client likes.
    """

    __slots__ = ("_heard",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heard = 0

    def data_received(self, data: bytes) -> None:
        """Take what a client sends."""
        transport: Any = self.transport
        if self.websocket is None or transport is None:
            super().data_received(data)  # type: ignore[no-untyped-call]
            return
        self._heard += len(data)
        protocol = self.websocket.ws_proto
        protocol.receive_data(data)
        protocol.events_received()
        for piece in protocol.data_to_send():
            if piece:
                transport.write(piece)
            else:
                transport.close()
        if self._heard > HEARD_AT_MOST or transport.get_write_buffer_size() > BACKLOG:
            transport.abort()
