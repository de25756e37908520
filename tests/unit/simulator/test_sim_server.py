"""Faults of simulated devices, and those that the server adds where no wire does; spoken to in plain frames."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from mbmd.devices.registry import BUILT_IN
from mbmd.simulator.faults import Faults
from mbmd.simulator.server import settle
from tests.unit.simulator.plain_client import Client, request

METERS = [(BUILT_IN.get("sdm"), 1), (BUILT_IN.get("sdm"), 2)]
UNIT_ABSENT = 99


def run(faults: Faults, main: Callable[[Client], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(Client(faults, METERS)), 60)

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
