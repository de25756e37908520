"""A line without a wire: two asyncio protocols joined in memory, for tests and the mock adapter."""

import asyncio


class MemoryTransport(asyncio.Transport):
    """One end: what is written arrives at `peer` in the next turn of the loop, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._protocol: asyncio.Protocol | None = None
        self._peer: MemoryTransport | None = None
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` to the other end; lost when either end is closed."""
        if not self._closed and self._peer is not None:
            self._loop.call_soon(self._peer._deliver, bytes(data))

    def close(self) -> None:
        """Close both ends; each protocol hears of it once."""
        for end in (self, self._peer):
            if end is not None and not end._closed:
                end._closed = True
                self._loop.call_soon(end._lose)

    def abort(self) -> None:
        """The same as close: nothing is buffered."""
        self.close()

    def is_closing(self) -> bool:
        """Whether this end was closed."""
        return self._closed

    def _deliver(self, data: bytes) -> None:
        if not self._closed and self._protocol is not None:
            self._protocol.data_received(data)

    def _lose(self) -> None:
        if self._protocol is not None:
            self._protocol.connection_lost(None)


def join(near: asyncio.Protocol, far: asyncio.Protocol) -> tuple[MemoryTransport, MemoryTransport]:
    """Join two protocols by a line in memory; their `connection_made` is called before this returns."""
    loop = asyncio.get_running_loop()
    ends = MemoryTransport(loop), MemoryTransport(loop)
    ends[0]._peer, ends[1]._peer = ends[1], ends[0]
    for end, protocol in zip(ends, (near, far), strict=True):
        end._protocol = protocol
        protocol.connection_made(end)
    return ends
