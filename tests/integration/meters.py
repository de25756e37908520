"""Meters with known registers behind pymodbus servers, and a daemon that polls them in the same loop."""

import asyncio
import json
import socket
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from mbmd import daemon
from mbmd.config.adapter import Adapter, Medium, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids
from mbmd.config.run import RunConfig
from mbmd.simulator.pty import PseudoTerminal
from mbmd.simulator.server import Server
from mbmd.simulator.wire import Pace, Wire

CASES = Path(__file__).parents[1] / "cases" / "images.json"
"""For each type registers (function, address, words) and the values that they mean, made by a decoder of its own."""


class Meter(NamedTuple):
    """A simulated meter whose registers stand still; they must be refused where it defines none."""

    type: str
    unit: int
    registers: dict[str, dict[str, list[int]]]
    values: dict[str, Any]
    bits: Mapping[str, list[bool]] = MappingProxyType({})
    """The first 16 coils ("1") or discrete inputs ("2")."""


def all_meters() -> list[Meter]:
    """All types, on units from 1."""
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    return [Meter(case["type"], unit, case["registers"], case["values"]) for unit, case in enumerate(cases, 1)]


def meters(*types: str) -> list[Meter]:
    """The meters of some types."""
    return [meter for meter in all_meters() if meter.type in types]


def _core(served: Iterable[Meter]) -> SimCore:
    def bits(meter: Meter, function: str) -> list[SimData]:
        return [SimData(0, values=meter.bits.get(function, [False] * 16), datatype=DataType.BITS)]

    def blocks(meter: Meter, function: str) -> list[SimData]:
        runs = meter.registers.get(function, {})
        made = [SimData(int(at), values=words, datatype=DataType.REGISTERS) for at, words in runs.items()]
        return made or [SimData(0, datatype=DataType.INVALID)]

    return SimCore([SimDevice(m.unit, (bits(m, "1"), bits(m, "2"), blocks(m, "3"), blocks(m, "4"))) for m in served])


@asynccontextmanager
async def serving(url: str, served: Iterable[Meter]) -> AsyncIterator[Adapter]:
    """Serve meters at an adapter written as a URL; `{folder}` is one for pseudo terminals, `{port}` a free port."""
    async with serving_units(url, _core(served)) as adapter:
        yield adapter


@asynccontextmanager
async def serving_units(url: str, units: SimCore) -> AsyncIterator[Adapter]:
    """The same for any units that pymodbus can serve."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        adapter = parse_adapter(url.format(folder=folder, port=port))
        serial = adapter.medium is Medium.SERIAL
        medium = Medium.TCP if serial else adapter.medium
        server = Server(units, medium, adapter.framing, ("127.0.0.1", port))
        async with _on_pty(server, adapter) if serial else _listening(server):
            yield adapter


@asynccontextmanager
async def _listening(server: Server) -> AsyncIterator[None]:
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


@asynccontextmanager
async def _on_pty(server: Server, adapter: Adapter) -> AsyncIterator[None]:
    terminal = PseudoTerminal(adapter.address)
    loop = asyncio.get_running_loop()
    wire = Wire(loop, terminal.master, server.handler(whole_frames=True), Pace(adapter.character_seconds))
    try:
        yield
    finally:
        wire.close()
        await asyncio.sleep(0.05)
        terminal.close()


@asynccontextmanager
async def polling(
    adapter: Adapter, polled: Iterable[Meter], rate: float = 0.05, tables: tuple[Path, ...] = ()
) -> AsyncIterator[str]:
    """A daemon that polls meters on an adapter; gives the URL of its API. `tables` are folders of own ones."""
    port = free_port()
    specs = [DeviceSpec(meter.type, meter.unit, 0, adapter) for meter in polled]
    config = RunConfig(tuple(assign_ids(specs)), ("127.0.0.1", port), rate, 0.5, device_dirs=tables)
    stop, started = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(daemon.serve(config, stop, started.set))
    waiter = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        waiter.cancel()
        stop.set()
        await task


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str | Request) -> Any:
    """The JSON at a URL."""
    with urlopen(url, timeout=10) as response:  # noqa: S310
        return json.load(response)


async def until_complete(api: str, polled: list[Meter], seconds: float = 60) -> dict[str, dict[str, Any]]:
    """The latest readings by id, as soon as every measurement of every meter is there."""
    async with asyncio.timeout(seconds):
        while True:
            last: dict[str, dict[str, Any]] = await asyncio.to_thread(fetch, f"{api}/last")
            if sum(len(readings) - 2 for readings in last.values()) >= sum(len(meter.values) for meter in polled):
                return last
            await asyncio.sleep(0.1)


def without_time(readings: dict[str, Any]) -> dict[str, Any]:
    """The measurements alone."""
    return {name: value for name, value in readings.items() if name not in ("Timestamp", "Unix")}
