"""What can be asked of the web server, as data: of it the routes are made, and the description for programs."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from sanic import HTTPResponse

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse | None]]
"""Takes the request and the parts of its path by name."""


class Parameter(NamedTuple):
    """A part of the path, or a key of the query: `schema` is what JSON Schema says of it."""

    name: str
    text: str
    place: str = "query"
    schema: Mapping[str, Any] = {"type": "string"}
    example: str = ""


class Route(NamedTuple):
    """A path such as `/api/last/{device}` with who answers it, and what is to be known about it.

    `body` is the type of the answer's body, of which the schema is made. `errors` are statuses that it may have beside
    200, 304 and those of access. `older` are other paths for the same, kept for who knows them. What `is_open` is
    answered to everyone.
    """

    path: str
    handler: Handler
    summary: str
    body: Any = None
    text: str = ""
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    content_type: str = "application/json"
    older: tuple[str, ...] = ()
    is_open: bool = False


DEVICE = Parameter("device", "id of a device, or its name", "path", example="SDM1.1")
