"""A client in plain MBAP frames, over a line in memory."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

from mbmd.config.adapter import Framing
from mbmd.simulator.slaves import Gaps, Slaves
from mbmd.transport.memory import MemoryTransport, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from mbmd.simulator.faults import Faults
    from mbmd.simulator.kinds import Meters

NO_ANSWER = 0.05
PATIENCE = 30.0


class Client(asyncio.Protocol):
    """Asks simulated meters in MBAP, over a line in memory."""

    def __init__(
        self,
        faults: Faults,
        meters: Meters,
        gaps: Gaps = Gaps.ZERO,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._data: asyncio.Queue[bytes] = asyncio.Queue()
        self._dead = faults.dead
        self._line: MemoryTransport
        self._line, _ = join(self, Slaves(meters, gaps, clock).protocol(Framing.MBAP, faults))

    def data_received(self, data: bytes) -> None:
        self._data.put_nowait(data)

    def send(self, data: bytes) -> None:
        self._line.write(data)

    async def hear(self, patience: float = PATIENCE) -> bytes:
        """What comes next, empty if that takes too long."""
        try:
            return await asyncio.wait_for(self._data.get(), patience)
        except TimeoutError:
            return b""

    async def read(self, function: int, address: int, count: int, unit: int = 1) -> int:
        """The exception that a read gets, 0 if it gets registers, -1 for no answer."""
        self.send(request(function, address, count, unit))
        answer = await self.hear(NO_ANSWER if unit in self._dead else PATIENCE)
        if not answer:
            return -1
        assert answer[6] == unit
        return answer[8] if answer[7] & 0x80 else 0


def request(function: int = 4, address: int = 0, count: int = 2, unit: int = 1, transaction: int = 77) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)
