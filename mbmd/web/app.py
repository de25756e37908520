"""The Sanic application and its server."""

import asyncio
import contextlib
import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sanic import HTTPResponse, Request, Sanic, Websocket
from sanic.exceptions import SanicException

from mbmd.config.values import join_host_port
from mbmd.errors import UsageError
from mbmd.readings.hub import Hub
from mbmd.web.rest import HEADERS, json_response, make_blueprint
from mbmd.web.status import Status
from mbmd.web.stream import BACKLOG, Stream

if TYPE_CHECKING:
    from sanic.server.async_server import AsyncioServer
from sanic.server.protocols.websocket_protocol import WebSocketProtocol

STATIC = Path(__file__).parent / "static"

HEARD_AT_MOST = 16 << 20
"""Bytes that a websocket client may send in its life: a ping every 20 s for a year."""

log = logging.getLogger(__name__)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, UnicodeError) as error:
        listener.close()
        where, reason = join_host_port(host, port), getattr(error, "strerror", None) or "no such host"
        raise UsageError(f"--api {where}: {reason}: choose another address, or stop who uses it") from None
    listener.setblocking(False)
    return listener


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


class WebServer:
    """Serves the readings of a hub on a socket that is bound already."""

    def __init__(self, hub: Hub) -> None:
        status = Status(hub)
        self._stream = Stream(hub, status)
        self._app = _make_app(hub, status, self._stream)
        self._listener: socket.socket | None = None
        self._server: AsyncioServer | None = None

    async def start(self, listener: socket.socket) -> None:
        """Answer requests from now on; the socket is given back by `close`, also when this fails."""
        self._listener = listener
        server: Any = await self._app.create_server(
            sock=listener, protocol=Protocol, return_asyncio_server=True, access_log=False
        )
        self._server = server
        await server.startup()
        await server.start_serving()

    async def close(self) -> None:
        """End all connections and give the port back."""
        self._stream.close()
        if self._server is not None:
            closed: asyncio.Future[None] = self._server.close()  # type: ignore[no-untyped-call]
            for connection in list(self._server.connections):
                connection.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closed, 1)
        elif self._listener is not None:
            self._listener.close()
        Sanic.unregister_app(self._app)


def _make_app(hub: Hub, status: Status, stream: Stream) -> "Sanic[Any, Any]":
    app: Sanic[Any, Any] = Sanic("mbmd", configure_logging=False)
    app.config.update(
        MOTD=False,
        TOUCHUP=False,
        ACCESS_LOG=False,
        WEBSOCKET_MAX_SIZE=1 << 12,
        WEBSOCKET_PING_INTERVAL=0,
        KEEP_ALIVE_TIMEOUT=60,
    )
    app.blueprint(make_blueprint(hub, status))
    app.static("/", STATIC / "index.html", name="page")
    for name in ("page.css", "page.js"):
        app.static(f"/static/{name}", STATIC / name, name=name)

    @app.get("/metrics")
    async def metrics(_: Request) -> HTTPResponse:
        return _metrics(hub)

    @app.websocket("/ws")  # type: ignore[untyped-decorator]
    async def websocket(request: Request, connection: Websocket) -> None:
        await stream.serve(request, connection)

    @app.exception(Exception)
    async def explain(_: Request, error: Exception) -> HTTPResponse:
        if isinstance(error, SanicException):
            return _error(error.status_code, str(error))
        log.error("request failed", exc_info=error)
        return _error(500, "internal error, see the log")

    return app


def _metrics(hub: Hub) -> HTTPResponse:
    """What Prometheus reads; its library is loaded when somebody asks."""
    from mbmd.web.metrics import CONTENT_TYPE, Metrics

    return HTTPResponse(Metrics(hub).body(), headers=HEADERS, content_type=CONTENT_TYPE)


def _error(status: int, message: str) -> HTTPResponse:
    return json_response(orjson.dumps({"status": status, "message": message}), status)
