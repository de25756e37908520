"""The door of the web server: who may ask, and what pages of other origins may read."""

import logging
import math
from collections.abc import Collection, Coroutine
from time import monotonic
from typing import Any

from sanic import HTTPResponse, Request

from mbmd.config.web import Web
from mbmd.web.addresses import is_loopback, site_of
from mbmd.web.answers import Lines, Ready, error_response
from mbmd.web.attempts import Attempts
from mbmd.web.credentials import Credentials
from mbmd.web.origins import has_default_port, own_origin, plain_origin
from mbmd.web.proxies import Proxies
from mbmd.web.safety import PREFLIGHT, STRICT, common_lines, reading_lines
from mbmd.web.verifier import Busy, Verifier

STREAMS = frozenset({"ws", "api/stream"})
"""Routes that send on and on: pages that may not read them do not get them either."""

_ASK_USER = b'Basic realm="mbmd", charset="UTF-8"'
_ASK_TOKEN = b'Bearer realm="mbmd"'
_OPEN = (
    "everyone who reaches the web server may read it: give users or tokens in the section web of the configuration, "
    "or listen on 127.0.0.1"
)
_PLAIN = "passwords and tokens reach the web server as plain text: give it a certificate by web.cert, or a proxy"

log = logging.getLogger(__name__)


class Access:
    """Without users and tokens everyone may ask, and without origins too pages of all origins may read the answers.

    What is at `open_paths` is told to everyone.
    """

    def __init__(self, web: Web, is_encrypted: bool, open_paths: Collection[str] = ()) -> None:
        self._is_encrypted = is_encrypted
        self._open_paths = frozenset(open_paths)
        self._failures = Attempts()
        self._told = Attempts()
        self.change(web)

    def change(self, web: Web) -> None:
        """Go by another configuration from now on: what was found by the last is forgotten."""
        self._verifier = Verifier(Credentials(web.users, web.tokens))
        self.proxies = Proxies(web.proxies)
        self._needs_login = bool(web.users or web.tokens)
        self._is_guarded = self._needs_login or bool(web.origins)
        self._origins = frozenset(web.origins)
        self._common = {
            is_secure: common_lines(web, self._is_guarded, self._needs_login, is_secure) for is_secure in (False, True)
        }
        is_always_so = not (self._is_encrypted or self.proxies or self._origins)
        self._only: Lines | None = self._common[False] if is_always_so else None

    def close(self) -> None:
        """End what goes on beside the requests."""
        self._verifier.close()

    def lines(self, request: Request) -> Lines:
        """The lines about access and safety that every answer to a request has."""
        if self._only is not None:
            return self._only
        scheme, host = self._seen_as(request)
        lines = self._common[scheme == "https"]
        if self._is_encrypted and has_default_port(host):
            lines += STRICT
        origin = request.headers.get("origin")
        return lines + reading_lines(origin) if origin in self._origins else lines

    def refuse(self, request: Request) -> Coroutine[Any, Any, HTTPResponse | None] | None:
        """The answer to who may not ask; None if they may, at once where everyone may."""
        # What has no head was no request, and gets an error in any case.
        if not self._is_guarded or not request.head or request.path in self._open_paths:
            return None
        return self._judge(request)

    async def _judge(self, request: Request) -> HTTPResponse | None:
        origin = request.headers.get("origin")
        if origin is not None:
            if origin in self._origins and request.method == "OPTIONS":
                return Ready(b"", self.lines(request) + PREFLIGHT, 204)
            if request.route is not None and request.route.path in STREAMS and self._is_foreign(request, origin):
                return error_response(
                    request,
                    403,
                    "pages of another origin may not read this: give their origin under web.origins, or under "
                    "web.proxies the proxy that they come through",
                )
        return await self._ask_login(request) if self._needs_login else None

    def _is_foreign(self, request: Request, origin: str) -> bool:
        plain = plain_origin(origin)
        return plain is None or (plain not in self._origins and plain != own_origin(*self._seen_as(request)))

    def _seen_as(self, request: Request) -> tuple[str, str]:
        """Scheme and host of a request as its client wrote them."""
        headers = request.headers
        scheme, host = "https" if self._is_encrypted else "http", headers.get("host", "")
        if self.proxies and self.proxies.trusts(_peer(request)):
            scheme = _first(headers.get("x-forwarded-proto", "")).lower() or scheme
            host = _first(headers.get("x-forwarded-host", "")) or host
        return scheme, host

    async def _ask_login(self, request: Request) -> HTTPResponse | None:
        """The answer to who does not show a password or token that is right."""
        line = request.headers.get("authorization")
        if line is None:
            return self._unknown(request, "give a user with password, or a token")
        verifier = self._verifier
        digest = verifier.digest(line)
        if verifier.is_token(digest, line):
            return None
        # A password that was right before has to wait too: to be let in at once would tell who guesses.
        if self._failures and (wait := self._failures.wait(site_of(self._client(request)), monotonic())):
            return self._later(request, 429, "too many wrong passwords or tokens: wait", wait)
        is_right = verifier.known(digest)
        if is_right is None:
            try:
                is_right = await self._verify(verifier, digest, line, self._client(request))
            except Busy:
                return self._later(request, 503, "too many passwords are being checked: come again", 1)
        if not is_right:
            self._note(self._client(request))
        return None if is_right else self._unknown(request, "this user with this password, or this token, is unknown")

    async def _verify(self, verifier: Verifier, digest: bytes, line: str, client: str) -> bool:
        """Whether a line is right that never came before.

        It counts as a failure until that is known, so that many at once are not more than one after the other; also if
        its client goes away, as that finds out by asking again.
        """
        if verifier.is_checked(digest):
            return await verifier.verify(digest, line)
        site = site_of(client)
        self._failures.add(site, monotonic())
        try:
            is_right = await verifier.verify(digest, line)
        except Busy:
            self._failures.take_back(site)
            raise
        if is_right:
            self._failures.take_back(site)
        return is_right

    def _note(self, client: str) -> None:
        if self._told.add(site_of(client), monotonic()):
            log.warning("web server: wrong password or token from %s", client)

    def _client(self, request: Request) -> str:
        forwarded = request.headers.getall("x-forwarded-for", ()) if self.proxies else ()
        return self.proxies.client(_peer(request), ",".join(forwarded))

    def _unknown(self, request: Request, message: str) -> HTTPResponse:
        asks = _ASK_USER if self._verifier.credentials.has_users else _ASK_TOKEN
        return error_response(request, 401, message, ((b"www-authenticate", asks),))

    def _later(self, request: Request, status: int, message: str, seconds: float) -> HTTPResponse:
        return error_response(request, status, message, ((b"retry-after", b"%d" % math.ceil(seconds)),))


def _peer(request: Request) -> str:
    """The address at the other end of the connection; empty if it is gone."""
    return request.conn_info.client_ip if request.conn_info is not None else ""


def _first(line: str) -> str:
    return line.partition(",")[0].strip()


def warning(host: str, web: Web) -> str | None:
    """What its user should know of a server that listens at a host."""
    if is_loopback(host):
        return None
    if not (web.users or web.tokens):
        return _OPEN
    return _PLAIN if web.cert is None and not web.proxies else None
