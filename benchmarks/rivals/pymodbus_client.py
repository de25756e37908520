"""pymodbus' client for asyncio, on uvloop: a task for each device.

The numbers come from pymodbus' own conversion, in its quickest use: of all values of an answer in one call, and only
of those that are wanted. With `each` it is called for each value, as its users mostly do.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from itertools import chain

import uvloop
from pymodbus.client import AsyncModbusTcpClient

from benchmarks.rivals.job import UNIT, Job, Read, the_job

FLOAT = AsyncModbusTcpClient.DATATYPE.FLOAT32
convert = AsyncModbusTcpClient.convert_from_registers

Decode = Callable[[Sequence[int]], object]


def at_once(read: Read) -> Decode:
    """All values of an answer in one call."""
    wanted = list(chain.from_iterable((place, place + 1) for place in read.places))
    return lambda registers: convert([registers[place] for place in wanted], FLOAT)


def each(read: Read) -> Decode:
    """Each value of an answer in a call of its own."""
    return lambda registers: [convert(registers[place : place + 2], FLOAT) for place in read.places]


async def poll(client: AsyncModbusTcpClient, reads: Sequence[tuple[Read, Decode]]) -> None:
    """Poll one device."""
    while True:
        for read, decode in reads:
            answer = await client.read_input_registers(read.address, count=read.count, device_id=UNIT)
            if answer.isError():
                raise RuntimeError(f"pymodbus: {answer}")
            decode(answer.registers)


async def poll_all(job: Job, way: Callable[[Read], Decode]) -> None:
    """Poll all devices."""
    clients = [AsyncModbusTcpClient(job.host, port=port) for port in job.ports]
    for client in clients:
        await client.connect()
    reads = [(read, way(read)) for read in job.reads]
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(poll(client, reads))


if __name__ == "__main__":
    uvloop.run(poll_all(the_job(), each if "each" in sys.argv else at_once))
