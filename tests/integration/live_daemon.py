"""A daemon in this process whose configuration is replaced by SIGHUP."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias

import pytest
import uvloop

from mbmd import daemon
from mbmd.config.adapter import parse_adapter
from mbmd.config.devices import assign_ids, parse_specs
from mbmd.config.run import RunConfig
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.running.runfile import Report

PATIENCE = 60.0
RATE = 0.02

Wanted: TypeAlias = RunConfig | Exception | Callable[[], RunConfig]
"""What a reload reads: a configuration, an error, or how to make one."""


def configuration(*specs: str, **asked: Any) -> RunConfig:
    """A run of devices; a slow machine may take its time to answer."""
    devices = tuple(assign_ids(parse_specs(specs, parse_adapter, None)))
    return RunConfig(**{"devices": devices, "api": None, "rate": RATE, "timeout": 30.0, **asked})


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.002)


def _is_at(device: DeviceReadings, version: int) -> bool:
    return device.version >= version


class Daemon:
    """A daemon in this process.

    `next` is what its next reload reads; `breaks` if it is to fail; `fails` if the outcome of a reload cannot be told.
    """

    task: "asyncio.Task[None]"
    breaks = False
    fails = False

    def __init__(self, config: RunConfig, hub: Hub) -> None:
        self.next: Wanted = config
        self.hub = hub
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def load(self) -> RunConfig:
        if isinstance(self.next, Exception):
            raise self.next
        return self.next if isinstance(self.next, RunConfig) else self.next()

    def tell(self, report: Report) -> None:
        if self.fails and report.done == report.begun:
            raise RuntimeError("told to fail")
        self._loop.call_soon_threadsafe(self.reports.put_nowait, report)

    def ask(self, wanted: Wanted) -> None:
        """Have it read something else."""
        self.next = wanted
        os.kill(os.getpid(), signal.SIGHUP)

    async def reload(self, wanted: Wanted) -> Report:
        """What became of a reload."""
        self.ask(wanted)
        while True:
            report = await self.reports.get()
            if report.done == report.begun > 0:
                return report

    async def online(self, *names: str) -> list[DeviceReadings]:
        """These devices, as soon as each has had values, and others are not there."""
        await until(lambda: {name for name, device in self.hub.devices.items() if device.online} == set(names))
        assert set(self.hub.devices) == set(names)
        return [self.hub.devices[name] for name in names]

    async def polled(self, devices: Iterable[DeviceReadings], times: int = 3) -> None:
        """Wait until each was polled some times more."""
        for device in devices:
            wanted = device.version + times
            await until(partial(_is_at, device, wanted))


@asynccontextmanager
async def running(config: RunConfig) -> AsyncIterator[Daemon]:
    """A daemon in this process, as long as the context lasts."""
    hub = Hub()
    made, started, stop = Daemon(config, hub), asyncio.Event(), asyncio.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemon, "Hub", lambda: hub)
        made.task = task = asyncio.create_task(daemon.serve(config, stop, started.set, made.load, made.tell))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            task.result()
        yield made
    finally:
        waiting.cancel()
        stop.set()
        await asyncio.wait([task])
    if not made.breaks:
        task.result()


def run(main: Coroutine[Any, Any, None]) -> None:
    """On the daemon's event loop; what is raised where nobody sees it fails, and so does a task that is left."""
    raised: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
        async with asyncio.timeout(PATIENCE):
            await main
        await asyncio.sleep(0.01)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(watched())
    assert raised == []
