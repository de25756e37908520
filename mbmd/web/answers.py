"""Bodies that are asked for often, and how they are answered: unchanged, compressed, or as they are."""

import asyncio
import gzip
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import orjson
from sanic import HTTPResponse, Request
from sanic.compat import Header
from sanic.response import BaseHTTPResponse

from mbmd.aside import aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Lines = tuple[tuple[bytes, bytes], ...]
"""Lines of a response's head."""

WORTH_ZIPPING = 4096
"""Bytes from which on a body is sent compressed to who takes that."""
LONG = 1 << 16
"""Bytes from which on compressing takes so long that a thread does it."""
_ZIP_LEVEL = 1


class Kind(NamedTuple):
    """What a body is: its content type, and lines that all answers with it have."""

    content_type: str
    lines: Lines = ()
    is_text: bool = True


JSON = Kind("application/json", ((b"cache-control", b"no-cache"),))


class Content:
    """A body that stays as it is, with the tag by which a client asks whether it still does: its hash, unless given.

    The tag is weak, as the body is the same whether compressed or not (RFC 9110, section 8.8.1).
    """

    __slots__ = ("_kind", "_zipped", "_zipping", "body", "etag")

    def __init__(self, body: bytes, kind: Kind = JSON, tag: int | None = None) -> None:
        self.body = body
        self.etag = f'W/"{hash(body) & 0xFFFFFFFFFFFFFFFF if tag is None else tag:x}"'
        self._kind = kind
        self._zipped: bytes | None = None
        self._zipping: asyncio.Future[bytes] | None = None

    @property
    def is_worth_zipping(self) -> bool:
        """Whether it is sent compressed to who takes that."""
        return self._kind.is_text and len(self.body) >= WORTH_ZIPPING

    def lines(self) -> Lines:
        """The lines that every answer with it has."""
        varies: Lines = ((b"vary", b"accept-encoding"),) if self.is_worth_zipping else ()
        return (
            (b"content-type", self._kind.content_type.encode()),
            (b"etag", self.etag.encode()),
            *self._kind.lines,
            *varies,
        )

    async def zipped(self) -> bytes:
        """The body compressed, made once: when it is first wanted."""
        if self._zipped is None:
            if len(self.body) < LONG:
                self._zipped = _zip(self.body)
            else:
                if self._zipping is None or self._zipping.done():
                    self._zipping = asyncio.ensure_future(asyncio.to_thread(_zip, self.body))
                self._zipped = await asyncio.shield(self._zipping)
        return self._zipped


class Once:
    """A body that is made when it is first asked for, in a thread, as it takes a while."""

    def __init__(self, make: "Callable[[], Content]") -> None:
        self._make = make
        self._content: Content | None = None
        self._making = asyncio.Lock()

    async def content(self) -> Content:
        """The body; who asks while it is made waits for it."""
        async with self._making:
            if self._content is None:
                self._content = await aside(self._make)
            return self._content


class Ready(HTTPResponse):
    """A response whose lines are encoded already: encoding each of them anew takes longer than all else."""

    __slots__ = ("_lines",)

    def __init__(self, body: bytes, lines: Lines, status: int = 200) -> None:
        BaseHTTPResponse.__init__(self)  # type: ignore[no-untyped-call]
        self.content_type = None
        self.body = body
        self.status = status
        self.headers = Header()
        self._cookies = None
        self._lines = lines

    @property
    def processed_headers(self) -> "Iterable[tuple[bytes, bytes]]":  # type: ignore[override]
        """All lines, as Sanic sends them; of its own only those about the connection."""
        own = ((name.encode(), str(value).encode()) for name, value in self.headers.items() if value != "")
        return (*self._lines, *own)


async def respond(request: Request, content: Content) -> HTTPResponse:
    """The answer with a body, or that it is as the client has it."""
    common: Lines = request.app.ctx.access.lines(request)
    lines = content.lines() + common
    headers = request.headers
    known = headers.get("if-none-match")
    if known is not None and is_among(content.etag, known):
        return Ready(b"", tuple(line for line in lines if line[0] != b"content-type"), 304)
    if content.is_worth_zipping and takes_gzip(headers.get("accept-encoding", "")):
        return Ready(await content.zipped(), (*lines, (b"content-encoding", b"gzip")))
    return Ready(content.body, lines)


def error_response(request: Request, status: int, message: str, lines: Lines = ()) -> HTTPResponse:
    """The one shape that errors have."""
    body = orjson.dumps({"status": status, "message": message})
    common: Lines = request.app.ctx.access.lines(request)
    own: Lines = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
    return Ready(body, (*own, *common, *lines), status)


@lru_cache(256)
def takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` takes gzip (RFC 9110, section 12.5.3)."""
    best = {"gzip": False, "*": False}
    for part in accepted.lower().split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip() in best:
            best[coding.strip()] = not _is_zero(weight)
    return best["gzip"] or ("gzip" not in accepted.lower() and best["*"])


def is_among(etag: str, known: str) -> bool:
    """Whether a tag is one of an `If-None-Match`, compared weakly (RFC 9110, section 13.1.2)."""
    opaque = etag.removeprefix("W/")
    return known.strip() == "*" or any(tag.strip().removeprefix("W/") == opaque for tag in known.split(","))


def _is_zero(weight: str) -> bool:
    return weight.replace(" ", "").startswith("q=0") and not weight.strip(" q=0.")


def _zip(body: bytes) -> bytes:
    return gzip.compress(body, _ZIP_LEVEL, mtime=0)
