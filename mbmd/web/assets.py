"""The files of the pages: read when they are first asked for, then kept as they are sent."""

from functools import cache
from pathlib import Path

from mbmd.web.answers import Content, Kind, Lines

STATIC = Path(__file__).parent / "static"

_KEPT: Lines = ((b"cache-control", b"no-cache"),)
_POLICY = b"; ".join(
    (
        b"default-src 'none'",
        b"script-src 'self'",
        b"style-src 'self'",
        b"img-src 'self' data:",
        b"connect-src 'self'",
        b"manifest-src 'self'",
        b"base-uri 'none'",
        b"form-action 'none'",
    )
)
"""What a page may load: only what comes from here, and no script or style within the page itself."""
_PAGE: Lines = (
    *_KEPT,
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

KINDS = {
    ".html": Kind("text/html; charset=utf-8", _PAGE),
    ".css": Kind("text/css; charset=utf-8", _KEPT),
    ".js": Kind("text/javascript; charset=utf-8", _KEPT),
    ".svg": Kind("image/svg+xml", _KEPT),
    ".png": Kind("image/png", _KEPT, is_text=False),
    ".webmanifest": Kind("application/manifest+json", _KEPT),
}
"""The files that are served, by the end of their names."""


@cache
def names() -> frozenset[str]:
    """The files that there are, as paths below `static`: nothing else can be asked for."""
    files = (path for path in STATIC.rglob("*") if path.suffix in KINDS and path.is_file())
    return frozenset(path.relative_to(STATIC).as_posix() for path in files)


@cache
def asset(name: str) -> Content | None:
    """A file; None if there is none of that name."""
    if name not in names():
        return None
    path = STATIC / name
    return Content(path.read_bytes(), KINDS[path.suffix])
