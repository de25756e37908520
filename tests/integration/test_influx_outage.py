"""Every reading is in the database once, though the database and the daemon were away in between."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from mbmd.config.outputs import Influx
from mbmd.config.outputs import Outbox as OutboxKeys
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.sinks.influx.sink import InfluxSink
from mbmd.sinks.sink import Feed
from tests.integration.influx_servers import Influxd, running
from tests.unit.sinks.influx.updates import device_with, update_of

START = 1_790_000_000
NAMES = ("Power", "Frequency", "Import")


class Daemon:
    """What of a daemon is between polls and the database."""

    def __init__(self, devices: list[DeviceReadings], config: Influx, folder: Path) -> None:
        self.hub = Hub(devices)
        self.health = SinkHealth("influx")
        self._sink = InfluxSink(config, OutboxKeys(folder=folder))

    async def run(self) -> None:
        feed = Feed(self.hub, self.health, self._sink.wants)
        try:
            await self._sink.run(feed)
        finally:
            feed.close()

    def poll(self, turns: range) -> set[tuple[str, str, float, int]]:
        """Publish polls at seconds of their own; returns the readings."""
        readings = set()
        for turn, device in itertools.product(turns, self.hub.devices.values()):
            values = {name: turn + number / 8 for number, name in enumerate(NAMES)}
            device.timestamp = START + turn
            self.hub.publish(device, update_of(device, START + turn, values).values)
            readings |= {(device.id, name, value, (START + turn) * 10**9) for name, value in values.items()}
        return readings


@asynccontextmanager
async def living(daemon: Daemon) -> AsyncIterator[Daemon]:
    task = asyncio.create_task(daemon.run())
    await asyncio.sleep(0)
    yield daemon
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def test_both_were_away_in_between(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "influxd").mkdir()
    devices = [device_with(f"SDM1.{number}", *NAMES) for number in range(1, 9)]

    async def run(server: Influxd) -> None:
        config = Influx(url=server.url, database="data")
        async with living(Daemon(devices, config, tmp_path)) as daemon:
            readings = daemon.poll(range(20))
            await until(lambda: daemon.health.sent == len(readings))
            server.kill()
            readings |= daemon.poll(range(20, 40))
            await until(lambda: daemon.health.trouble)
            assert daemon.health.trouble == f"{server.url}: Connection refused"
            assert not daemon.health.connected
        async with living(Daemon(devices, config, tmp_path)) as daemon:
            readings |= daemon.poll(range(40, 60))
            await until(lambda: daemon.health.trouble)
            server.start()
            await until(lambda: daemon.health.sent == 40 * len(devices) * len(NAMES))
            assert (daemon.health.connected, daemon.health.trouble) == (True, "")
            assert (daemon.health.waiting, daemon.health.dropped, daemon.health.refused) == (0, 0, 0)
        rows = server.rows("SELECT * FROM data", "data")
        found = [(row["device"], row["type"], row["value"], row["time"]) for row in rows]
        assert (set(found), len(found)) == (readings, len(readings))

    with running(Influxd(tmp_path / "influxd")) as server:
        server.query("CREATE DATABASE data")
        asyncio.run(run(server))
    assert any("Connection refused" in record.getMessage() for record in caplog.records)
