"""All that the web server has to tell, put together."""

from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.config.web import Web
from mbmd.readings.hub import Hub
from mbmd.web import docs, health, inventory, openapi, rest
from mbmd.web.access import Access
from mbmd.web.history import History
from mbmd.web.metrics import exposition
from mbmd.web.status import Status
from mbmd.web.steady import steady
from mbmd.web.stream import endpoints
from mbmd.web.stream.service import Stream
from mbmd.web.today import Today, beside

if TYPE_CHECKING:
    import asyncio

    from mbmd.web.routes import Route


class Site:
    """The parts that answer, each made once, and the table of what can be asked.

    `state` is the file of what is learned of devices; beside it is kept what a restart is to find again.
    """

    def __init__(self, hub: Hub, web: Web, state: Path | None = None) -> None:
        self.hub = hub
        self.status = Status(hub)
        self.stream = Stream(hub, self.status)
        self.history = History(hub)
        self.today = Today(hub, beside(state))
        self.routes: tuple[Route, ...] = (
            *rest.routes(hub, self.status),
            *self.history.routes(),
            *self.today.routes(),
            *inventory.routes(hub, self.status),
            *health.routes(hub),
            *exposition.routes(hub),
            *endpoints.routes(self.stream),
            *openapi.routes(lambda: self.routes),
            *docs.routes(lambda: self.routes),
        )
        open_paths = [route.path for route in self.routes if route.is_open]
        self.access = Access(web, is_encrypted=web.cert is not None, open_paths=open_paths)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin what goes on beside the requests."""
        await self.today.load()
        self._tasks = [steady("history", self.history.run), steady("today", self.today.run)]

    def close(self) -> None:
        """End what goes on beside the requests."""
        self.access.close()
        self.stream.close()
        if self._tasks:
            self.today.close()
        for task in self._tasks:
            task.cancel()
        self._tasks = []
