"""The web server as a part of a daemon that reloads: loaded only if there is to be one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mbmd.config.run import RunConfig
from mbmd.readings.hub import Hub

if TYPE_CHECKING:
    from mbmd.web.server import Planned, WebServer


class Serving:
    """The web server, if there is one."""

    def __init__(self, server: "WebServer | None" = None) -> None:
        self._server = server

    def plan(self, config: RunConfig) -> "Planned | None":
        """What the server is to go by; it may run in a thread. Raises UsageError if that cannot work."""
        if self._server is None:
            return None
        return _plan(config)

    def change(self, planned: "Planned | None") -> str:
        """Go by it; returns what has changed, or nothing."""
        return self._server.change(planned) if self._server is not None and planned is not None else ""


def _plan(config: RunConfig) -> "Planned":
    from mbmd.config.web import Web
    from mbmd.web.server import plan

    return plan(config.web or Web())


@asynccontextmanager
async def serving(config: RunConfig, hub: Hub) -> AsyncIterator[Serving]:
    """The web server at `config.api`, if there is to be one."""
    if config.api is None:
        yield Serving()
        return
    from mbmd.web.server import WebServer, bind

    planned = _plan(config)
    with bind(*config.api) as listener:
        web = WebServer(hub, planned, config.state)
        try:
            await web.start(listener)
            yield Serving(web)
        finally:
            await web.close()
