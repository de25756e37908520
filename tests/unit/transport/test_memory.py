"""Two protocols joined in memory."""

import asyncio

from mbmd.transport.memory import MemoryTransport, join


class Recorder(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.append(("lost", exc))


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def joined() -> tuple[Recorder, Recorder, MemoryTransport, MemoryTransport]:
    near, far = Recorder(), Recorder()
    return near, far, *join(near, far)


def test_both_hear_of_the_connection_at_once() -> None:
    async def run() -> None:
        near, far, near_end, far_end = joined()
        assert (near.transport, far.transport) == (near_end, far_end)

    asyncio.run(run())


def test_bytes_arrive_in_the_next_turn_and_in_order() -> None:
    async def run() -> None:
        near, far, near_end, far_end = joined()
        near_end.write(b"one")
        near_end.write(b"two")
        far_end.write(b"three")
        assert far.heard == near.heard == []
        await settle()
        assert (far.heard, near.heard) == ([b"one", b"two"], [b"three"])

    asyncio.run(run())


def test_what_was_written_does_not_change_afterwards() -> None:
    async def run() -> None:
        _, far, near_end, _ = joined()
        data = bytearray(b"one")
        near_end.write(data)
        data[0] = 0
        near_end.write(memoryview(b"two"))
        await settle()
        assert far.heard == [b"one", b"two"]
        assert all(type(piece) is bytes for piece in far.heard)

    asyncio.run(run())


def test_either_end_closes_both_and_each_hears_once() -> None:
    async def run() -> None:
        for closing in (0, 1):
            near, far, *ends = joined()
            ends[closing].close()
            ends[closing].close()
            ends[1 - closing].abort()
            assert near.heard == far.heard == []
            assert all(end.is_closing() for end in ends)
            await settle()
            assert near.heard == far.heard == [("lost", None)]

    asyncio.run(run())


def test_after_the_end_nothing_is_heard_or_sent() -> None:
    async def run() -> None:
        near, far, near_end, far_end = joined()
        near_end.write(b"on its way")
        near_end.close()
        near_end.write(b"too late")
        far_end.write(b"too late")
        await settle()
        assert near.heard == far.heard == [("lost", None)]

    asyncio.run(run())
