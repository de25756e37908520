"""The sink hands every update to the outbox, and holds up nobody."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import pytest

from mbmd.config.outputs import Influx
from mbmd.config.outputs import Outbox as OutboxKeys
from mbmd.config.run import RunConfig
from mbmd.errors import UsageError
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.running.sinks import Sinks
from mbmd.sinks.influx import sink as module
from mbmd.sinks.influx.sink import InfluxSink
from mbmd.sinks.sink import Feed
from tests.unit.sinks.influx.line_protocol import parse
from tests.unit.sinks.influx.updates import device_with, update_of

DEVICE = device_with("SDM1.1", "Power", texts=("Serial",))
CONFIG = Influx(url="http://localhost:1", database="data")


Send: TypeAlias = Callable[[Sequence[bytes]], Awaitable[None]]


class Memory:
    """An outbox that keeps all; all that were made are in `made`."""

    made: ClassVar["list[Memory]"] = []

    def __init__(self, file: Path | None, keys: OutboxKeys, send: Send, health: SinkHealth) -> None:
        Memory.made.append(self)
        self.file, self.keys, self.send, self.health = file, keys, send, health
        self.items: list[tuple[bytes, int]] = []
        self.ended = False
        self.fails = asyncio.Event()

    def put(self, item: bytes, readings: int) -> None:
        assert not self.ended
        self.items.append((item, readings))

    async def run(self, filling: Coroutine[Any, Any, None]) -> None:
        filler = asyncio.create_task(filling)
        try:
            await self.fails.wait()
            raise RuntimeError("the disk is full")
        finally:
            filler.cancel()
            await asyncio.wait({filler})
            self.ended = True


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Outbox", Memory)
    Memory.made.clear()


class Case:
    """A sink that runs."""

    def __init__(self, config: Influx = CONFIG, outbox: OutboxKeys | None = None) -> None:
        self.hub = Hub([DEVICE])
        self.sink = InfluxSink(config, outbox)
        self.feed = Feed(self.hub, SinkHealth("influx"), self.sink.wants)
        self.task = asyncio.create_task(self.sink.run(self.feed))

    def publish(self, number: float, text: str = "") -> None:
        update = update_of(DEVICE, number, {"Power": number}, {"Serial": text} if text else {})
        DEVICE.timestamp = number
        self.hub.publish(DEVICE, update.values, update.texts)

    @property
    def outbox(self) -> Memory:
        return Memory.made[-1]

    async def started(self) -> "Case":
        await until(lambda: Memory.made)
        return self

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


def test_each_update_is_an_item_with_its_own_time() -> None:
    async def run() -> None:
        case = await Case().started()
        for number in range(1, 4):
            case.publish(number)
        await until(lambda: len(case.outbox.items) == 3)
        points = [parse(item)[0] for item, readings in case.outbox.items if readings == 1]
        assert [(point.fields["value"], point.timestamp) for point in points] == [(n, n * 10**9) for n in (1, 2, 3)]
        await case.stop()

    asyncio.run(run())


def test_an_update_with_nothing_to_write_is_none() -> None:
    async def run() -> None:
        case = await Case().started()
        case.publish(float("nan"), "S1")
        case.publish(5)
        await until(lambda: case.outbox.items)
        assert len(case.outbox.items) == 1
        await case.stop()

    asyncio.run(run())


def test_what_has_come_before_the_end_is_put_before_the_outbox_ends() -> None:
    async def run() -> None:
        case = await Case().started()
        for number in range(1, 51):
            case.publish(number)
        await case.stop()
        assert len(case.outbox.items) == 50
        assert case.outbox.ended
        assert case.task.cancelled()

    asyncio.run(run())


def test_others_have_their_turn_while_much_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_TURN", 0.0)

    async def run() -> None:
        case = await Case().started()
        for number in range(1, 6):
            case.publish(number)
        seen = []
        while len(case.outbox.items) < 5:
            await asyncio.sleep(0)
            seen.append(len(case.outbox.items))
        assert {1, 2, 3, 4, 5} <= set(seen), "one update a turn"
        await case.stop()

    asyncio.run(run())


def test_it_fails_when_its_outbox_fails() -> None:
    async def run() -> None:
        case = await Case().started()
        case.outbox.fails.set()
        with pytest.raises(RuntimeError, match="the disk is full"):
            await case.task

    asyncio.run(run())


@pytest.mark.parametrize(
    ("outbox", "keys", "file"),
    [
        (True, OutboxKeys(folder=Path("/var/x")), Path("/var/x/influx.db")),
        (False, OutboxKeys(folder=Path("/var/x")), None),
        (True, OutboxKeys(), None),
        (True, None, None),
    ],
)
def test_readings_wait_on_disk_only_where_that_was_asked_for(
    outbox: bool, keys: OutboxKeys | None, file: Path | None
) -> None:
    async def run() -> None:
        case = await Case(Influx(url="http://localhost:1", database="data", outbox=outbox), keys).started()
        assert case.outbox.file == file
        assert case.outbox.keys == (keys or OutboxKeys())
        await case.stop()

    asyncio.run(run())


def run_config(**keys: Any) -> RunConfig:
    return RunConfig(devices=(), api=None, rate=1.0, timeout=1.0, **keys)


def test_a_daemon_has_the_sink_only_where_an_address_is_configured() -> None:
    async def run() -> None:
        sinks = Sinks(Hub())
        assert "influx" not in sinks.plan(run_config())
        planned = sinks.plan(run_config(influx=CONFIG))["influx"].sink
        assert planned is not None
        assert (planned.name, planned.wants.states, planned.wants.queue) == ("influx", False, module.QUEUE)

    asyncio.run(run())


def test_a_reload_leaves_a_sink_alone_whose_keys_are_the_same() -> None:
    async def run() -> None:
        sinks = Sinks(Hub())
        await sinks.change(sinks.plan(run_config(influx=CONFIG)))
        same = Influx(url="http://localhost:1", database="data")
        assert sinks.plan(run_config(influx=same))["influx"].sink is None
        other = Influx(url="http://localhost:1", database="data", gzip=False)
        assert sinks.plan(run_config(influx=other))["influx"].sink is not None
        assert sinks.plan(run_config(influx=same, outbox=OutboxKeys(pace=5)))["influx"].sink is not None
        await sinks.close()

    asyncio.run(run())


def test_a_daemon_says_at_once_that_certificates_cannot_be_read(tmp_path: Path) -> None:
    async def run() -> None:
        missing = Influx(url="https://localhost:1", database="data", ca=tmp_path / "ca.pem")
        with pytest.raises(UsageError, match=r"influx\.ca: .*ca\.pem cannot be read"):
            Sinks(Hub()).plan(run_config(influx=missing))

    asyncio.run(run())
