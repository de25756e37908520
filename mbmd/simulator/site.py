"""Whole simulated buses: each behind the adapter that a client will name."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

from mbmd.config.adapter import Adapter, Framing, Medium
from mbmd.config.values import join_host_port
from mbmd.errors import UsageError
from mbmd.simulator.faults import NO_FAULTS, Faults
from mbmd.simulator.kinds import Meters as Meters
from mbmd.simulator.pty import PseudoTerminal
from mbmd.simulator.server import settle
from mbmd.simulator.slaves import Gaps, Slaves
from mbmd.simulator.wire import Pace, Wire
from mbmd.transport.line import Line, Receiver
from mbmd.transport.memory import join


@asynccontextmanager
async def serve(
    meters: Mapping[Adapter, Meters], gaps: Gaps = Gaps.STRICT, faults: Faults = NO_FAULTS
) -> AsyncIterator[list[Adapter]]:
    """Serve the meters of each adapter until the context ends.

    A serial adapter becomes a pty at its path, at its baud rate; any other listens on its host and port. Gives the
    adapters in the same order, with the real port where port 0 was asked for. UsageError when one cannot be had.
    """
    async with AsyncExitStack() as stack:
        served = []
        for number, (adapter, devices) in enumerate(meters.items()):
            bus = _bus(adapter, Slaves(devices, gaps), replace(faults, seed=faults.seed + number))
            served.append(await stack.enter_async_context(bus))
        yield served


async def serve_until_signal(
    meters: Mapping[Adapter, Meters], gaps: Gaps, faults: Faults, started: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `started` is called when all adapters are there."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with serve(meters, gaps, faults):
        started()
        await stopped.wait()


def mock_line(
    meters: Meters, gaps: Gaps = Gaps.STRICT, faults: Faults = NO_FAULTS
) -> Callable[[Receiver], Awaitable[Line]]:
    """How to open a line in memory to simulated meters, spoken to in MBAP; counters go on when it is opened again."""
    slaves = Slaves(meters, gaps)

    async def open_line(receiver: Receiver) -> Line:
        near, _ = join(_Near(receiver), slaves.protocol(Framing.MBAP, faults))
        return near

    return open_line


class _Near(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def data_received(self, data: bytes) -> None:
        self._receiver.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.connection_lost(exc)


def _bus(adapter: Adapter, slaves: Slaves, faults: Faults) -> AbstractAsyncContextManager[Adapter]:
    if adapter.medium is Medium.MOCK:
        raise UsageError("the adapter mock needs no simulator: give it to mbmd run")
    return (_serial_bus if adapter.medium is Medium.SERIAL else _network_bus)(adapter, slaves, faults)


@asynccontextmanager
async def _network_bus(adapter: Adapter, slaves: Slaves, faults: Faults) -> AsyncIterator[Adapter]:
    try:
        server = await slaves.listen(adapter.medium, adapter.framing, adapter.host, adapter.port, faults)
    except OSError as error:
        raise UsageError(f"cannot listen on {adapter.address}: {_reason(error)}") from None
    try:
        yield replace(adapter, address=join_host_port(adapter.host, server.port), port=server.port)
    finally:
        await server.shutdown()


def _reason(error: OSError) -> str:
    """The system's words; asyncio puts the address into its own, and a name that is not found has a negative errno."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


@asynccontextmanager
async def _serial_bus(adapter: Adapter, slaves: Slaves, faults: Faults) -> AsyncIterator[Adapter]:
    loop = asyncio.get_running_loop()
    terminal = PseudoTerminal(adapter.address)
    try:
        protocol = slaves.protocol(adapter.framing, faults.of_devices, whole_frames=True)
        wire = Wire(loop, terminal.master, protocol, Pace(adapter.character_seconds), faults)
        try:
            yield adapter
        finally:
            wire.close()
            await settle()
    finally:
        terminal.close()
