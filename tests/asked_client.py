"""A client that asks a scripted far end in virtual time, one transaction after another."""

import asyncio
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import nan

from mbmd.bus.client import Client
from mbmd.config.adapter import Framing
from mbmd.errors import LinkError, TransactionError
from mbmd.planner import Block, Limits, plan
from mbmd.protocol.timing import Costs
from tests import virtual_time
from tests.scripted import (
    ScriptedLine,
    Step,
    registers,
    word,
    wrap,
)

TIMEOUT = 0.03
SLOTS = {"Current": 0, "Voltage": 1}
HERE, THERE = (plan(registers(at, at + 3), SLOTS, Limits(), Costs(1, 0))[0] for at in (0x0406, 0x2000))
LONGER, ALIKE = (plan(registers(at, at + 7), SLOTS, Limits(), Costs(1, 0))[0] for at in (0x0100, 0x3100))
SERIAL = [Framing.RTU, Framing.ASCII]
LENGTH = {kind: len(wrap(kind, 1, bytes(2 + 2 * HERE.count))) for kind in Framing}


@asynccontextmanager
async def connected(line: ScriptedLine, patience: float = TIMEOUT) -> AsyncIterator[Client]:
    client = Client(line.adapter, line.open, patience)
    await client.connect()
    try:
        yield client
    finally:
        client.close()
        await asyncio.sleep(3)  # what is still on its way arrives at a closed line


async def read(client: Client, block: Block = HERE, unit: int = 1) -> list[float]:
    column = array("d", [nan, nan])
    await client.transact(unit, block.request, block.program, column)
    return list(column)


def right(block: Block = HERE, unit: int = 1) -> list[float]:
    return [word(unit, 3, register.address) for register in block.registers]


def outcome(kind: Framing, script: list[Step], *blocks: Block) -> list[list[float] | type[Exception]]:
    """What each read brought: its values, or the class of its error; reconnects where the line was lost."""

    async def run() -> list[list[float] | type[Exception]]:
        brought: list[list[float] | type[Exception]] = []
        async with connected(ScriptedLine(kind, script)) as client:
            for block in blocks:
                if not client.connected:
                    await client.connect()
                try:
                    brought.append(await read(client, block))
                except (TransactionError, LinkError) as error:
                    brought.append(type(error))
        return brought

    return virtual_time.run(run())
