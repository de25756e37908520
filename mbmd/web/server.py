"""The web server: a socket, and the application that answers on it."""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

from sanic import Sanic

from mbmd.config.values import join_host_port
from mbmd.errors import UsageError
from mbmd.readings.hub import Hub
from mbmd.web.app import make_app
from mbmd.web.protocol import Protocol
from mbmd.web.site import Site

if TYPE_CHECKING:
    from sanic.server.async_server import AsyncioServer


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


class WebServer:
    """Serves the readings of a hub on a socket that is bound already."""

    def __init__(self, hub: Hub) -> None:
        self._site = Site(hub)
        self._app = make_app(self._site)
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
        self._site.close()
        if self._server is not None:
            closed: asyncio.Future[None] = self._server.close()  # type: ignore[no-untyped-call]
            for connection in list(self._server.connections):
                connection.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closed, 1)
        elif self._listener is not None:
            self._listener.close()
        Sanic.unregister_app(self._app)
