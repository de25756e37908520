"""A bare uvloop protocol: it sends the next request as soon as anything has come, and throws the answers away.

What one core can do with this event loop at all: the ceiling.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import cast

import uvloop

from benchmarks.rivals.job import UNIT, Job, Read, the_job


class Bare(asyncio.Protocol):
    """Asks without end."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests: Iterator[bytes] = cycle(requests)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write
        self._write(next(self._requests))

    def data_received(self, _: bytes) -> None:
        self._write(next(self._requests))


def request(read: Read) -> bytes:
    """A read of input registers, as it is on the wire; all have the same transaction."""
    header = bytes((0, 1, 0, 0, 0, 6, UNIT, 4))
    return header + read.address.to_bytes(2) + read.count.to_bytes(2)


async def poll(job: Job) -> None:
    """Poll all devices."""
    loop = asyncio.get_running_loop()
    requests = [request(read) for read in job.reads]
    for port in job.ports:
        await loop.create_connection(lambda: Bare(requests), job.host, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(poll(the_job()))
