"""A connection that passes through somebody, who may be slow, or cut it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE = 1024
"""Bytes that a slow proxy takes at once."""


class Proxy:
    """Passes on what comes to `host` and `port`; waits for `pause` seconds after each piece.

    Who comes while it `is_down` is turned away.
    """

    def __init__(self, host: str, there: tuple[str, int]) -> None:
        self.host = host
        self.port = 0
        self.pause = 0.0
        self.is_down = False
        self._there = there
        self._writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """End all connections at once, in both directions."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_down:
            writer.transport.abort()
            return
        with contextlib.suppress(ConnectionError):
            answers, to = await asyncio.open_connection(*self._there)
            self._writers += [writer, to]
            await asyncio.gather(self._pass_on(reader, to), self._pass_on(answers, writer))
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(PIECE if self.pause else PIECE << 6):
                writer.write(data)
                await writer.drain()
                if self.pause:
                    await asyncio.sleep(self.pause)
        writer.close()


@asynccontextmanager
async def proxy(host: str, there: tuple[str, int]) -> AsyncIterator[Proxy]:
    """A proxy on `host` for what listens `there`."""
    between = Proxy(host, there)
    server = await asyncio.start_server(between.serve, host, limit=PIECE)
    between.port = server.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        server.close()
        between.cut()
        await asyncio.sleep(0)
