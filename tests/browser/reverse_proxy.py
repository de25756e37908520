"""A reverse proxy that has a site below a path, as people put one before mbmd."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_END = b"\r\n\r\n"


class ReverseProxy:
    """Strips `path` of what is asked; what does not begin with it is not found."""

    def __init__(self, path: str, there: tuple[str, int]) -> None:
        self.path = path
        self.url = ""
        self.strangers: list[str] = []
        """Targets asked for that do not lie below the path."""
        self._there = there

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, or one websocket, a connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(_END)
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            if target.startswith(self.path):
                await self._pass_on(f"{method} /{target.removeprefix(self.path)} HTTP/1.1", head, reader, writer)
            else:
                self.strangers.append(target)
                writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0" + _END)
        writer.close()

    async def _pass_on(
        self, first: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = head.removesuffix(_END).split(b"\r\n")[1:]
        if not any(line.lower().startswith(b"upgrade:") for line in lines):
            lines = [line for line in lines if not line.lower().startswith(b"connection:")]
            lines.append(b"Connection: close")
        answers, to = await asyncio.open_connection(*self._there)
        lines.append(b"X-Forwarded-For: 192.0.2.7")
        to.write(b"\r\n".join([first.encode(), *lines]) + _END)
        await asyncio.gather(_copy(reader, to), _copy(answers, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def reverse_proxy(path: str, there: tuple[str, int]) -> AsyncIterator[ReverseProxy]:
    """A reverse proxy for what listens `there`; `path` begins and ends with a slash."""
    made = ReverseProxy(path, there)
    server = await asyncio.start_server(made.serve, "127.0.0.1")
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"
    try:
        yield made
    finally:
        server.close()
