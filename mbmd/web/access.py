"""Who may ask, and what browsers are told about that."""

from sanic import HTTPResponse, Request

from mbmd.web.answers import Lines

_OPEN: Lines = ((b"access-control-allow-origin", b"*"), (b"x-content-type-options", b"nosniff"))


class Access:
    """The door of the web server: it refuses who may not ask, and says what pages of other origins may read."""

    async def refuse(self, _: Request) -> HTTPResponse | None:
        """The answer to who may not ask; None if they may."""
        return None

    def lines(self, _: Request) -> Lines:
        """The lines about access and safety that every answer to a request has."""
        return _OPEN
