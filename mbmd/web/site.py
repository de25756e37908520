"""All that the web server has to tell, put together."""

from typing import TYPE_CHECKING

from mbmd.readings.hub import Hub
from mbmd.web import rest
from mbmd.web.access import Access
from mbmd.web.status import Status
from mbmd.web.stream import endpoints
from mbmd.web.stream.service import Stream

if TYPE_CHECKING:
    from mbmd.web.routes import Route


class Site:
    """The parts that answer, each made once, and the table of what can be asked."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.access = Access()
        self.status = Status(hub)
        self.stream = Stream(hub, self.status)
        self.routes: tuple[Route, ...] = (
            *rest.routes(hub, self.status),
            *endpoints.routes(self.stream),
        )

    def close(self) -> None:
        """End what goes on beside the requests."""
        self.stream.close()
