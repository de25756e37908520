"""An HTTP server that answers as it is told: good, bad, or no HTTP at all."""

import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias


class Request(NamedTuple):
    """What was asked; header names in lower case, the body as it was before it was compressed."""

    line: str
    headers: Mapping[str, str]
    body: bytes


Answering: TypeAlias = bytes | Callable[[socket.socket], None]
"""Bytes to send as they are, or what to do with the connection, which is closed after it."""

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} Of A Test", f"Content-Length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


class ScriptedHttp:
    """Listens on the loopback. `script` says how each request is answered, and then those that come after it."""

    def __init__(self, *script: Answering, after: Answering = NO_CONTENT, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._script = list(script)
        self._after = after
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._converse(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                headers: dict[str, str] = {}
                while header := stream.readline().strip():
                    name, _, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", "0")))
                body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
                self.requests.append(Request(line.decode("latin-1").strip(), headers, body))
                answering = self._script.pop(0) if self._script else self._after
                if not isinstance(answering, bytes):
                    answering(connection)
                    return
                connection.sendall(answering)
