"""The web server: a socket, and the application that answers on it."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sanic import Sanic

from mbmd.config.certificate import server_context
from mbmd.config.values import join_host_port
from mbmd.config.web import Web
from mbmd.errors import UsageError
from mbmd.readings.hub import Hub
from mbmd.web.access import warning
from mbmd.web.app import make_app
from mbmd.web.connections import Connections
from mbmd.web.protocol import Protocol
from mbmd.web.site import Site

if TYPE_CHECKING:
    from sanic.server.async_server import AsyncioServer

_KEYS = ("users", "tokens", "origins", "proxies")
"""What may change while the server runs, beside the certificate."""

log = logging.getLogger(__name__)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio lets what is small wait for an acknowledgement (Nagle) where it is not told that this is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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


class Planned(NamedTuple):
    """What the server is to go by: its keys, and what it needs to speak TLS if it is to do that.

    `files` are the contents of its certificate and key, by which a renewed one is known.
    """

    web: Web
    context: ssl.SSLContext | None
    files: tuple[bytes, ...]


def plan(web: Web) -> Planned:
    """All that takes a while, and may be done in a thread. Raises UsageError for a certificate that does not do."""
    if web.cert is None:
        return Planned(web, None, ())
    context = server_context("web", web.cert, web.cert_key)
    return Planned(web, context, tuple(path.read_bytes() for path in (web.cert, web.cert_key) if path is not None))


class WebServer:
    """Serves the readings of a hub on a socket that is bound already."""

    def __init__(self, hub: Hub, planned: Planned | None = None, state: Path | None = None) -> None:
        self._planned = planned or plan(Web())
        self._site = Site(hub, self._planned.web, state)
        self._connections = Connections(self._planned.context, self._site.access.proxies, lambda: len(hub.buses))
        self._app = make_app(self._site)
        self._app.ctx.connections = self._connections
        self._listener: socket.socket | None = None
        self._server: AsyncioServer | None = None
        self._host = ""

    async def start(self, listener: socket.socket) -> None:
        """Answer requests from now on; the socket is given back by `close`, also when this fails."""
        self._listener = listener
        self._host = listener.getsockname()[0]
        await self._site.start()
        server: Any = await self._app.create_server(
            sock=listener, protocol=Protocol, return_asyncio_server=True, access_log=False
        )
        self._server = server
        await server.startup()
        await server.start_serving()
        self._warn()

    def change(self, planned: Planned) -> str:
        """Go by another configuration from now on; returns what has changed, as `web: changed users`, or nothing.

        Whether the server speaks TLS stays as it was. Streams end where others may read now: who still may comes back.
        """
        before, self._planned = self._planned, planned
        changed = [key for key in _KEYS if getattr(planned.web, key) != getattr(before.web, key)]
        if changed:
            self._site.access.change(planned.web)
            self._connections.proxies = self._site.access.proxies
            self._end(lambda connection: connection.is_streaming)
            self._warn()
        if self._connections.context is not None and planned.context is not None:
            self._connections.context = planned.context
            changed += ["certificate"] if planned.files != before.files else []
        return f"web: changed {', '.join(changed)}" if changed else ""

    async def close(self) -> None:
        """End all connections and give the port back."""
        self._site.close()
        self._connections.close()
        if self._server is not None:
            closed: asyncio.Future[None] = self._server.close()  # type: ignore[no-untyped-call]
            self._end(lambda _: True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closed, 1)
        elif self._listener is not None:
            self._listener.close()
        Sanic.unregister_app(self._app)

    def _end(self, is_meant: Callable[[Protocol], bool]) -> None:
        connections: set[Protocol] = self._server.connections if self._server is not None else set()
        for connection in [connection for connection in connections if is_meant(connection)]:
            connection.abort()  # type: ignore[no-untyped-call]

    def _warn(self) -> None:
        if text := warning(self._host, self._planned.web):
            log.warning("%s", text)
