"""A database on the network that takes line protocol by HTTP."""

import asyncio
import contextlib
import gzip
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any

import urllib3
from urllib3 import exceptions

from mbmd.aside import aside
from mbmd.config.outputs import Influx
from mbmd.errors import UsageError
from mbmd.sinks.influx.address import address_of
from mbmd.sinks.influx.answers import Answer, Refusal, judge
from mbmd.sinks.outbox.errors import AwayError

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0
_GZIP_LEVEL = 1
"""Lines are so much alike that higher levels cost more than they save."""
_MOST_OF_BODY = 1 << 14
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""What OpenSSL says of a server that answers without encryption, each version of it in its own way."""


class Server:
    """The one connection to a database, kept between writes; `name` is what to call it in public.

    The constructor raises UsageError for what cannot work, such as certificates that cannot be read; it touches no
    network.
    """

    def __init__(self, config: Influx) -> None:
        self._address = address_of(config)
        self._gzip = config.gzip
        self._connection: Any = None
        self.name = self._address.name
        self._encryption = _encryption(config) if config.url.startswith("https:") else {}
        try:
            self._pool = self._make_pool()
        except exceptions.LocationParseError:
            raise UsageError("influx.url: is not an address: write it as http://localhost:8086") from None

    async def write(self, blocks: Sequence[bytes]) -> Refusal | None:
        """Write blocks of lines in one request; None when all are stored. Raises AwayError.

        Who gives up waiting, as for a server that says a little again and again, ends the connection.
        """
        try:
            answer = await aside(lambda: self._post(blocks))
        except asyncio.CancelledError:
            self._hang_up()
            raise
        return judge(answer, self._address.secrets)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()
        self._pool = self._make_pool()

    def _make_pool(self) -> urllib3.HTTPConnectionPool:
        pool = urllib3.connection_from_url(
            self._address.root,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
            retries=False,
            **self._encryption,
        )
        make = pool.ConnectionCls

        def made(**keys: Any) -> Any:
            self._connection = make(**keys)
            return self._connection

        pool.ConnectionCls = made  # type: ignore[assignment]
        return pool

    def _hang_up(self) -> None:
        """Wake the thread that waits for an answer; it closes the connection."""
        connected = self._connection.sock if self._connection else None
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _post(self, blocks: Sequence[bytes]) -> Answer:
        body = b"".join(blocks)
        try:
            response = self._pool.urlopen(
                "POST",
                self._address.target,
                body=gzip.compress(body, _GZIP_LEVEL) if self._gzip else body,
                headers=self._address.headers,
                redirect=False,
                preload_content=False,
            )
        except (exceptions.HTTPError, OSError) as error:
            raise AwayError(_reason(error)) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, _read(response))


def _encryption(config: Influx) -> Mapping[str, ssl.SSLContext]:
    try:
        context = ssl.create_default_context(cafile=str(config.ca) if config.ca else None)
    except OSError as error:
        reason = "holds no certificate" if isinstance(error, ssl.SSLError) else f"cannot be read: {error.strerror}"
        raise UsageError(f"influx.ca: {config.ca} {reason}") from None
    if config.insecure:
        urllib3.disable_warnings(exceptions.InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl_context": context}


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """The beginning of what a server says; the connection is kept only if that was all."""
    body = b""
    ends = monotonic() + READ_TIMEOUT
    try:
        while len(body) < _MOST_OF_BODY and monotonic() < ends:
            part = response.read1(_MOST_OF_BODY, decode_content=False)
            if not part:
                response.release_conn()
                return body
            body += part
    except (exceptions.HTTPError, OSError):  # the status counts all the same
        pass
    response.close()
    return body


def _reason(error: BaseException) -> str:
    """Why there was no answer, without anything of what was sent."""
    if isinstance(error, exceptions.NameResolutionError | exceptions.LocationParseError):
        return "its name is unknown"
    if isinstance(error, exceptions.ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, exceptions.ConnectTimeoutError) and not isinstance(error, exceptions.NewConnectionError):
        return "no connection in time"
    causes = list(_causes(error))
    said = [*map(_known, causes), *(str(getattr(cause, "strerror", "") or "") for cause in causes)]
    return next(filter(None, said), "it does not speak HTTP")


def _known(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return "it does not speak TLS there: check scheme and port in influx.url"
    if isinstance(error, ssl.SSLError):
        return f"it cannot be spoken to by TLS: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "it takes lines too slowly"
    if isinstance(error, ConnectionResetError) and not error.strerror:
        return "it closed the connection without an answer"
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was made of, the outermost first."""
    while error is not None:
        yield error
        inner = [argument for argument in error.args if isinstance(argument, BaseException)]
        error = inner[0] if inner else error.__cause__
