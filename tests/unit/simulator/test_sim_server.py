"""Faults of simulated devices, and those that the server adds where no wire does; spoken to in plain frames."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from mbmd.config.adapter import Framing
from mbmd.devices.registry import BUILT_IN
from mbmd.simulator.faults import Faults
from mbmd.simulator.server import settle
from mbmd.simulator.slaves import Gaps, Slaves
from mbmd.transport.memory import MemoryTransport, join

METERS = [(BUILT_IN.get("sdm"), 1), (BUILT_IN.get("sdm"), 2)]
UNIT_ABSENT = 99
NO_ANSWER = 0.05
PATIENCE = 30.0


class Client(asyncio.Protocol):
    """Asks simulated meters in MBAP, over a line in memory."""

    def __init__(self, faults: Faults) -> None:
        self._data: asyncio.Queue[bytes] = asyncio.Queue()
        self._dead = faults.dead
        self._line: MemoryTransport
        self._line, _ = join(self, Slaves(METERS, Gaps.ZERO).protocol(Framing.MBAP, faults))

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


def run(faults: Faults, main: Callable[[Client], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(Client(faults)), 60)

    asyncio.run(bounded())


def test_a_dead_unit_is_silent_even_behind_a_gateway() -> None:
    async def main(client: Client) -> None:
        assert await client.read(4, 0, 2, unit=2) == -1
        assert await client.read(1, 0, 1, unit=2) == -1
        assert await client.read(99, 0, 1, unit=2) == -1
        assert await client.read(4, 0, 2, unit=UNIT_ABSENT) == 11
        assert await client.read(4, 0, 2) == 0

    run(Faults(dead={2}), main)


def test_reads_that_touch_refused_registers_get_exception_2() -> None:
    async def main(client: Client) -> None:
        assert await client.read(4, 28, 2) == 0
        assert await client.read(4, 28, 3) == 2
        assert await client.read(3, 30, 1) == 2
        assert await client.read(4, 31, 39) == 0
        assert await client.read(4, 31, 40) == 2
        assert await client.read(3, 31, 40) == 0
        assert await client.read(4, 30, 1, unit=UNIT_ABSENT) == 11

    run(Faults(refuse={30, (4, 70)}), main)


def test_reads_of_too_many_registers_get_exception_3() -> None:
    async def main(client: Client) -> None:
        assert await client.read(4, 0, 10) == 0
        assert await client.read(4, 0, 11) == 3
        assert await client.read(4, 25, 11) == 3

    run(Faults(max_registers=10, refuse={30}), main)


def test_a_device_keeps_a_smaller_limit_of_its_own() -> None:
    limit = METERS[0][0].max_registers

    async def main(client: Client) -> None:
        assert await client.read(4, 0, limit) == 0
        assert await client.read(4, 0, limit + 1) == 3

    assert limit < 125
    run(Faults(max_registers=125), main)


def test_a_refused_register_can_be_written() -> None:
    async def main(client: Client) -> None:
        client.send(struct.pack(">HHHBBHH", 77, 0, 6, 1, 6, 500, 7))
        assert await client.hear() == struct.pack(">HHHBBHH", 77, 0, 6, 1, 6, 500, 7)
        assert await client.read(3, 500, 1) == 2

    run(Faults(refuse={500}), main)


@pytest.mark.parametrize("transaction", [True, False])
def test_transaction_ids_may_be_missing(transaction: bool) -> None:
    async def main(client: Client) -> None:
        for function in (4, 1, 99):
            client.send(request(function))
            answer = await client.hear()
            assert struct.unpack(">H", answer[:2]) == (77 if transaction else 0,)

    run(Faults(transaction=transaction), main)


def test_an_echo_comes_before_the_answer() -> None:
    async def main(client: Client) -> None:
        client.send(request())
        assert await client.hear() == request()
        assert (await client.hear())[7:9] == b"\4\4"
        for part in (request()[:5], request()[5:]):
            client.send(part)
            assert await client.hear() == part
        assert (await client.hear())[7:9] == b"\4\4"

    run(Faults(echo=True), main)


def test_a_late_answer_leaves_the_next_request_alone() -> None:
    async def main(client: Client) -> None:
        client.send(request(transaction=1))
        await settle()
        client.send(request(transaction=2)[:5])
        assert (await client.hear())[:2] == b"\0\1"
        client.send(request(transaction=2)[5:])
        assert (await client.hear())[:2] == b"\0\2"

    run(Faults(late=1, late_by=0.05), main)
