"""The lines of answers about access and safety; pure."""

from mbmd.config.web import Web
from mbmd.web.answers import Lines

_YEAR = 365 * 24 * 3600

STRICT: Lines = ((b"strict-transport-security", b"max-age=%d" % _YEAR),)
"""Of a site that is at the port of https alone: it counts for all ports of its host, also those of others."""


def common_lines(web: Web, is_guarded: bool, needs_login: bool, is_secure: bool) -> Lines:
    """The lines that all answers have.

    Guarded, only pages of `web.origins` may read them or show them in a frame, else all, as they do with what is open
    to everyone. The policy about frames stands beside that of a page.
    """
    lines = [
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin" if is_guarded else b"cross-origin"),
    ]
    if is_guarded:
        frames = " ".join(("'self'", *web.origins)).encode()
        lines.append((b"content-security-policy", b"frame-ancestors %b" % frames))
    else:
        lines.insert(0, (b"access-control-allow-origin", b"*"))
    if web.origins:
        lines.append((b"vary", b"origin"))
    if needs_login:
        lines.append((b"cache-control", b"private"))
    if is_secure:  # browsers complain of it elsewhere
        lines.append((b"cross-origin-opener-policy", b"same-origin"))
    return tuple(lines)


def reading_lines(origin: str) -> Lines:
    """The lines by which pages of another origin may read an answer."""
    return (
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
    )


PREFLIGHT: Lines = (
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"Authorization"),
    (b"access-control-max-age", b"600"),
)
"""What pages that may read answers may ask for."""
