"""Sinks as packages of users bring them, good and bad ones."""

import asyncio
import contextlib
import logging
import threading
from array import array
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from mbmd.errors import UsageError
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Batch, Hub, Wants
from mbmd.running import sinks
from mbmd.sinks.sink import Feed

PATIENCE = 30.0


class OwnSink:
    """A sink that does what a function says."""

    name = "own"

    def __init__(self, work: Callable[[Feed], Awaitable[None]], wants: Wants = Wants()) -> None:  # noqa: B008
        self.wants = wants
        self._work = work

    async def run(self, feed: Feed) -> None:
        await self._work(feed)


class Counting:
    """A sink that counts what it gets, in whatever loop it runs."""

    name = "counting"

    def __init__(self, wants: Wants = Wants()) -> None:  # noqa: B008
        self.wants = wants
        self.updates = 0
        self.turned: list[str] = []
        self.runs = 0
        self.ended = 0

    async def run(self, feed: Feed) -> None:
        self.runs += 1
        feed.health.connected = True
        try:
            while True:
                batch = await feed.take()
                self.updates += len(batch.updates)
                self.turned += [f"{device.id} {device.state}" for device in batch.turned]
                feed.health.sent += len(batch.updates)
        finally:
            self.ended += 1


async def raises(feed: Feed) -> None:
    raise ZeroDivisionError("as told")


async def returns(feed: Feed) -> None:
    await feed.take()


async def exits(feed: Feed) -> None:
    raise SystemExit("it wants to end the daemon")


async def hangs(feed: Feed) -> None:
    await asyncio.Event().wait()


async def clings(feed: Feed) -> None:
    """Ignores that it is to end."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await feed.take()


async def floods(feed: Feed) -> None:
    log = logging.getLogger("flood")
    while True:
        for _ in range(100):
            log.info("a flood")
        await asyncio.sleep(0)


async def spoils(feed: Feed) -> None:
    """Changes what it is given."""
    while True:
        for update in (await feed.take()).updates:
            update.values[:] = array("d", [0.0] * len(update.values))


class Blocking:
    """A sink that keeps its thread from everything until `goes_on` is set."""

    name = "blocking"
    wants = Wants()

    def __init__(self, goes_on: threading.Event, blocked: threading.Event) -> None:
        self._goes_on = goes_on
        self._blocked = blocked

    async def run(self, feed: Feed) -> None:
        self._blocked.set()
        self._goes_on.wait(PATIENCE)


class Point:
    """An entry point."""

    def __init__(self, name: str, make: Callable[[Mapping[str, str]], Any]) -> None:
        self.name = name
        self.value = f"package:{name}"
        self._make = make

    def load(self) -> Callable[[Mapping[str, str]], Any]:
        return self._make


def installed(patch: pytest.MonkeyPatch, **makers: Callable[[Mapping[str, str]], Any]) -> None:
    """Let packages with these sinks be there, and no others."""
    points = [Point(name, make) for name, make in makers.items()]
    patch.setattr(sinks, "entry_points", lambda group: points if group == "mbmd.sinks" else [])


def refusing(options: Mapping[str, str]) -> Any:
    raise UsageError(f"file {options.get('file', '')!r} is no good")


def one_device() -> Hub:
    return Hub([DeviceReadings("SDM1.1", "SDM", [CATALOGUE["Power"]])])


def poll(hub: Hub, value: float) -> None:
    """A poll of the only device."""
    (device,) = hub.devices.values()
    column = array("d", [value])
    device.commit(column, (), value, value)
    hub.publish(device, column)


def values(batch: Batch) -> list[float]:
    return [update.values[0] for update in batch.updates]
