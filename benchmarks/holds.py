"""How long anything holds the event loop: a daemon with many TCP meters, in the situations that a site knows.

A turn of the loop is all that is done before the next poll can go on. The daemon is a process of its own with a probe
in its loop, which therefore never sleeps; so are the meters, the broker, and who asks. Each figure is the longest turn
of a situation, in CPU time of the loop's thread, so that a machine with others on it tells the same. What the collector
of garbage takes is a figure by itself, the longest of the start and of all later situations, and so is the time for
which a turn was blocked: it neither ran nor waited for a core, but for a file, a lock or another thread.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.play import broker as brokers
from benchmarks.play.broker import Broker
from benchmarks.play.files import too_few_files
from benchmarks.play.meters import Meters, playing
from benchmarks.play.ports import HOST, free_port
from benchmarks.play.watched import Hold, Watched

DEVICES = 1000
FEW = 100
"""Devices of a quick run."""
CLIENTS = 200
AIM = 5.0
"""Milliseconds that nothing may hold the loop of a site with so many DEVICES for."""
TRACE = float(os.environ.get("MBMD_HOLDS_TRACE", "0"))
"""Milliseconds from which on the log, which is then kept, tells where a turn is."""
PATHS = (
    *("/api/healthz", "/api/readyz", "/api/last", "/api/avg", "/api/last?measurement=Power*", "/api/status"),
    *("/api/devices", "/api/measurements", "/api/buses", "/api/today", "/api/history/SDM1.1", "/metrics"),
    *("/api/openapi.json", "/api/docs", "/"),
)
STREAMS = ("/ws", "/ws?format=batch", "/api/stream", "/api/stream?format=reading")

Situations = Callable[[Watched, Meters, int, float], Awaitable[None]]
"""Brings a daemon that runs with so many devices into situations, which last for some seconds each."""


async def rest(site: Watched, _: Meters, __: int, seconds: float) -> None:
    """Nobody asks; then all that there is is asked for, as it is and compressed."""
    await site.measure("nobody asks", asyncio.sleep(5 * seconds))
    pause = min(seconds / 6, 0.5)
    for path in PATHS:
        await site.measure(f"GET {path}", site.ask(path), pause)
    for path in ("/api/last", "/api/status", "/metrics"):
        await site.measure(f"GET {path}, gzip", site.ask(path, "Accept-Encoding: gzip"), pause)
    wrong = ",".join(f"Powr{number}" for number in range(300))
    await site.measure("GET with 300 wrong names", site.ask(f"/api/last?measurement={wrong}"), pause)
    patterns = ",".join(f"P*{number}*" for number in range(20))
    await site.measure("GET with 20 patterns", site.ask(f"/api/last?measurement={patterns}"), pause)


async def streams(site: Watched, _: Meters, __: int, seconds: float) -> None:
    """Clients of the stream come, listen and go."""
    for clients in (1, CLIENTS):
        for path in STREAMS:
            await site.measure(f"{clients} of {path}", site.listen(path, clients, seconds), seconds / 6)


async def reloads(site: Watched, _: Meters, devices: int, seconds: float) -> None:
    """The configuration is read anew."""
    tenth = devices // 10
    await site.measure("reload, nothing changed", site.reload(devices), seconds)
    await site.measure("reload, a tenth is removed", site.reload(devices - tenth), seconds)
    await site.measure("reload, a tenth is added", site.reload(devices), seconds)
    await site.measure("reload, all are changed", site.reload(devices, timeout="1s"), 2 * seconds)
    await site.measure("reload, refused", site.reload(devices, nonsense="1s"), seconds)


async def outage(site: Watched, meters: Meters, _: int, seconds: float) -> None:
    """All devices fall silent, come back, and are gone at once."""
    for pid in meters.pids:
        os.kill(pid, signal.SIGSTOP)
    await site.measure("all fall silent", asyncio.sleep(3 * seconds))
    for pid in meters.pids:
        os.kill(pid, signal.SIGCONT)
    await site.measure("all come back", site.all_are_online())
    for pid in meters.pids:
        os.kill(pid, signal.SIGKILL)
    await site.measure("all connections break", asyncio.sleep(3 * seconds))


async def plain(site: Watched, meters: Meters, devices: int, seconds: float) -> None:
    """All of a daemon with a web server alone."""
    for situations in (rest, streams, reloads, outage):
        await situations(site, meters, devices, seconds)


async def quick(site: Watched, meters: Meters, devices: int, seconds: float) -> None:
    """What is worth knowing in some seconds."""
    await rest(site, meters, devices, min(seconds, 0.6))
    await site.measure("reload, nothing changed", site.reload(devices), min(seconds, 0.5))


async def mqtt(
    site: Watched, _: Meters, devices: int, seconds: float, broker: Callable[[], AbstractContextManager[Broker]]
) -> None:
    """A broker comes, goes, and has forgotten all when it comes back."""
    with broker():
        await site.measure("discovery and first values", asyncio.sleep(10 * seconds))
        await site.measure("once a second", asyncio.sleep(5 * seconds))
    await site.measure("broker away", asyncio.sleep(5 * seconds))
    with broker():
        await site.measure("broker back", asyncio.sleep(10 * seconds))
        await site.measure("reload, a tenth is removed", site.reload(devices - devices // 10), seconds)
        await site.measure("reload, a tenth is added", site.reload(devices), 2 * seconds)


async def influx(
    site: Watched, _: Meters, __: int, seconds: float, database: Callable[[], AbstractAsyncContextManager[None]]
) -> None:
    """A database comes, goes and comes back."""
    async with database():
        await site.measure("once a second", asyncio.sleep(5 * seconds))
    await site.measure("database away", asyncio.sleep(5 * seconds))
    async with database():
        await site.measure("database back", asyncio.sleep(5 * seconds))


def run(effort: Effort) -> Iterator[Figure]:
    """Each site once."""
    devices = FEW if effort.quick else DEVICES
    if reason := too_few_files(2 * devices + 2 * CLIENTS + 100):
        effort.left_out[f"{devices} devices"] = reason
        return
    yield from _measured(effort, f"{devices} devices", devices, quick if effort.quick else plain)
    if effort.quick:
        return
    yield from _with_broker(effort, f"{devices} devices, MQTT")
    port = free_port()
    with_database = partial(influx, database=partial(_database, port))
    settings = {"url": f"http://{HOST}:{port}", "database": "data"}
    yield from _measured(effort, f"{devices} devices, InfluxDB", devices, with_database, influx=settings)


def _with_broker(effort: Effort, name: str) -> Iterator[Figure]:
    if brokers.program() is None:
        effort.left_out["MQTT"] = brokers.MISSING
        return
    port = free_port()
    keys = {"broker": f"{HOST}:{port}", "homie": "homie", "homie_version": "5", "homeassistant": "homeassistant"}
    with_broker = partial(mqtt, broker=partial(brokers.running, port))
    yield from _measured(effort, name, DEVICES, with_broker, mqtt={**keys, "payload": "both"})


def _measured(effort: Effort, name: str, devices: int, situations: Situations, **settings: object) -> Iterator[Figure]:
    """The figures of a site."""
    with _folder() as folder, playing(devices) as meters:
        every = [
            {"type": "sdm", "id": 1, "adapter": f"{HOST}:{port}", "name": f"meter {port}"} for port in meters.ports
        ]
        more = {"plausibility": False, "outbox": {"folder": str(folder / "outbox")}, **settings}
        site = Watched(folder, every, effort.tell, TRACE, **more)

        async def main() -> None:
            async with site.running():
                await situations(site, meters, devices, effort.seconds)

        uvloop.run(main())
    yield from figures(name, site.holds, AIM if devices >= DEVICES else None)


def figures(name: str, holds: Sequence[Hold], aim: float | None) -> Iterator[Figure]:
    """The longest turn of each situation of a site, the start first; what else held the loop then, and ever after."""
    longest = {hold.situation: hold.took for hold in holds}
    start, *later = holds
    for when, some in (("start, ", [start]), ("", later)):
        longest[f"{when}garbage"] = max(hold.collecting for hold in some)
        if blocked := [hold.blocked for hold in some if hold.blocked is not None]:
            longest[f"{when}blocked"] = max(blocked)
    for situation, seconds in longest.items():
        yield Figure(f"{name}: {situation}", "ms", (1000 * seconds,), "lower", aim)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that goes afterwards, unless its log is to be read."""
    name = tempfile.mkdtemp(prefix="mbmd-holds-")
    try:
        yield Path(name)
    finally:
        if TRACE:
            print(f"the log is in {name}")
        else:
            shutil.rmtree(name)


class _Database(asyncio.Protocol):
    """Takes what is posted to it."""

    def __init__(self, all_of_it: list[asyncio.Transport]) -> None:
        self._all = all_of_it
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._all.append(self._transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if found:
            lines = head.lower().split(b"\r\n")
            length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length"))
            if len(body) >= length:
                self._data = body[length:]
                self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@contextlib.asynccontextmanager
async def _database(port: int) -> AsyncIterator[None]:
    connections: list[asyncio.Transport] = []
    server = await asyncio.get_running_loop().create_server(lambda: _Database(connections), HOST, port)
    try:
        yield
    finally:
        server.close()
        for connection in connections:
            connection.abort()
