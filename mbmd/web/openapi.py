"""The description of what can be asked, for programs: OpenAPI 3.1, made of the table of routes."""

import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypedDict

import orjson
from sanic import HTTPResponse, Request

from mbmd import __version__
from mbmd.web.answers import Content, Once, respond
from mbmd.web.routes import Parameter, Route

Document = dict[str, Any]

TAGS = {
    "readings": ("What devices measure, now and before", ("last", "avg", "minuteavg", "history", "today", "stream")),
    "devices": ("What there is", ("devices", "measurements", "buses")),
    "daemon": ("How it is", ("status", "healthz", "readyz", "version")),
    "description": ("What can be asked", ("openapi.json", "docs")),
}
"""Chapters: what each is about, and what it holds, by the part of the path that follows /api."""
_OTHERS = ("others", "What is in no other chapter")

_TEXT = """\
The readings of meters and inverters, as JSON. All of it is asked by GET, or by HEAD for the head of the answer alone;
nothing here changes anything. Keys of the query that are not listed are ignored.

Answers have a weak `ETag`: who sends it back in `If-None-Match` gets 304 without a body while nothing has changed.
Bodies of 4 kB and more are compressed for who accepts gzip. All errors have one shape, with a message for people.

Beside what is described here there are `/` (the page), `/metrics` (for Prometheus), and the websocket `/ws`: it sends a
JSON text for each reading, with `Device`, `Value`, `IEC61850` (the measurement), `Description` and `Timestamp`
(milliseconds), and the object of `/api/status` once a second; nothing has to be sent to it. With `?format=batch` it is
one text for each device and poll instead, with `Device`, `Timestamp` and `Values`.
"""
ERRORS = {
    400: ("What the query names is unknown.", "measurement: there is no measurement Powr: did you mean Power?"),
    401: ("Only who logs in may ask.", "give a user with a password, or a token"),
    404: ("There is no such device.", "there is no device SDM1.9: /api/devices lists them"),
    429: ("Too many logins have failed: wait.", "too many logins have failed: wait a minute"),
    503: ("There is nothing to tell now: a device is offline, or was not asked yet.", "device SDM1.1 is offline"),
}
"""What errors mean, with a message of that kind."""
STREAM = "text/event-stream"
"""Content type of answers without end, which have no tag."""
_ACCESS_ERRORS = (401, 429)
_KNOWN: Document = {
    "name": "If-None-Match",
    "in": "header",
    "description": "tags of answers that the client has",
    "schema": {"type": "string"},
    "example": 'W/"5f3a9c0e12d4b678"',
}
_ETAG: Document = {"description": "tag of this answer, for If-None-Match", "schema": {"type": "string"}}
_TAGGED: Document = {"ETag": {"$ref": "#/components/headers/ETag"}}
_UNCHANGED: Document = {"description": "It is as the client has it.", "headers": _TAGGED}
_SECURITY: Document = {
    "basic": {"type": "http", "scheme": "basic", "description": "a user of the configuration"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "a token of the configuration"},
}


class Error(TypedDict):
    """What went wrong."""

    status: int
    message: str


def routes(table: Callable[[], Sequence[Route]]) -> list[Route]:
    """The route of the document about a table of routes, which is looked at when the document is first asked for."""
    made = Once(lambda: Content(orjson.dumps(document(table()))))

    async def get_document(request: Request) -> HTTPResponse:
        return await respond(request, await made.content())

    return [Route("/api/openapi.json", get_document, "This description", Document)]


def document(table: Sequence[Route]) -> Document:
    """The whole document; paths that are not below /api are none of it."""
    from msgspec.json import schema_components

    told = [route for route in table if route.path.startswith("/api/")]
    bodies = [route.body for route in told if route.body is not None]
    made_schemas, components = schema_components([Error, *bodies], ref_template="#/components/schemas/{name}")
    schemas = iter(list(made_schemas)[1:])
    paths: Document = {}
    for route in told:
        schema = {"type": "string"} if route.body is None else next(schemas)
        for path in (route.path, *route.older):
            paths[path] = {"get": _operation(route, path, schema)}
    errors = sorted({status for route in told for status in (*route.errors, *_ACCESS_ERRORS)})
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "..", "description": "where this description is"}],
        "security": [{}, *({name: []} for name in _SECURITY)],
        "tags": _tags(paths),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {
                "Unchanged": _UNCHANGED,
                **{_error_name(status): _error(status) for status in sorted(errors)},
            },
            "parameters": {"Known": _KNOWN},
            "headers": {"ETag": _ETAG},
            "securitySchemes": _SECURITY,
        },
    }


def _info() -> Document:
    return {
        "title": "mbmd",
        "version": __version__,
        "summary": "Readings of meters and inverters on Modbus",
        "description": _TEXT,
        "license": {"name": "MIT", "identifier": "MIT"},
    }


def _tags(paths: Document) -> list[Document]:
    used = {tag for path in paths.values() for tag in path["get"]["tags"]}
    every = [(name, text) for name, (text, _) in TAGS.items()]
    return [{"name": name, "description": text} for name, text in (*every, _OTHERS) if name in used]


def _tag(path: str) -> str:
    part = path.split("/")[2]
    return next((name for name, (_, parts) in TAGS.items() if part in parts), _OTHERS[0])


def _operation(route: Route, path: str, schema: Document) -> Document:
    """What is said of a path; of an older one also that it is one."""
    is_older = path != route.path
    text = f"Older name of `{route.path}`." if is_older else route.text
    known = [] if route.content_type == STREAM else [{"$ref": "#/components/parameters/Known"}]
    return {
        "tags": [_tag(path)],
        "operationId": "get_" + re.sub(r"\W+", "_", path.removeprefix("/api/")).strip("_"),
        "summary": route.summary,
        **({"description": text} if text else {}),
        **({"deprecated": True} if is_older else {}),
        **({"security": []} if route.is_open else {}),
        "parameters": [*map(_parameter, route.parameters), *known],
        "responses": _responses(route, schema),
    }


def _responses(route: Route, schema: Document) -> Document:
    errors = sorted((*route.errors, *(() if route.is_open else _ACCESS_ERRORS)))
    body = {"content": {route.content_type: {"schema": schema}}}
    refused = {str(status): {"$ref": f"#/components/responses/{_error_name(status)}"} for status in errors}
    if route.content_type == STREAM:
        return {"200": {"description": route.summary, **body}, **refused}
    return {
        "200": {"description": route.summary, "headers": _TAGGED, **body},
        "304": {"$ref": "#/components/responses/Unchanged"},
        **refused,
    }


def _parameter(parameter: Parameter) -> Document:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.text,
        "schema": dict(parameter.schema),
        **({"required": True} if parameter.place == "path" else {}),
        **({"example": parameter.example} if parameter.example else {}),
    }


def _error_name(status: int) -> str:
    return re.sub(r"\W", "", HTTPStatus(status).phrase.title())


def _error(status: int) -> Document:
    text, message = ERRORS.get(status, (HTTPStatus(status).phrase, "..."))
    example = {"status": status, "message": message}
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "example": example}
    return {"description": text, "content": {"application/json": content}}
