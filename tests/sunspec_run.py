"""Polling a scripted SunSpec site as the daemon does, in memory and virtual time, beside the truth about its images."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from mbmd.bus.memory import Memory
from mbmd.config.adapter import Adapter, Framing, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids, parse_specs
from mbmd.config.run import RunConfig
from mbmd.devices.registry import Registry
from mbmd.prepare import prepare
from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.running.changes import Buses, by_bus, difference
from mbmd.running.fleet import Fleet
from mbmd.running.tasks import Tasks
from tests.scripted import ADAPTERS, ScriptedLine
from tests.sunspec_images import BASES, Registers, image
from tests.sunspec_site import Read, Site, Unit
from tests.sunspec_truth import Values, differences, truth
from tests.virtual_time import now

if TYPE_CHECKING:
    from array import array

TIMEOUT = 0.1
RATE = 1.0
LONG = 10_000.0
"""Seconds of virtual time within which anything happens that will."""


class TruthfulHub(Hub):
    """Notes in `wrong` each value that the image did not hold at the moment at which it was read.

    Devices that are in no unit of the site are not looked at.
    """

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.updates = 0
        self._site = site
        self._specs: Mapping[str, DeviceSpec] = {}
        self._live: dict[str, set[int]] = {}
        self._images: dict[int, list[dict[int, int]]] = {}
        self._truths: dict[tuple[int, int, int], Values] = {}
        self._checked: set[tuple[str, bytes, tuple[int, ...]]] = set()
        site.on_read = self._note

    def expect(self, specs: Mapping[str, DeviceSpec]) -> None:
        """These devices are polled from now on, by id."""
        self._specs = specs
        self._live = {name: self._live.get(name, set()) for name in specs}

    def publish(self, device: DeviceReadings, values: "array[float]", texts: Mapping[str, str] = NO_TEXTS) -> None:
        spec = self._specs.get(device.id)
        if spec is not None and spec.unit in self._site.units:
            live, self._live[device.id] = self._live[device.id], set()
            self._check(device, spec, values, live)
            self._check(device, spec, device.latest, range(len(self._images.get(spec.unit, ()))))
        self.updates += 1
        super().publish(device, values, texts)

    def _note(self, read: Read) -> None:
        unit = self._site.units.get(read.unit)
        if unit is None:
            return
        images = self._images.setdefault(read.unit, [])
        if not images or images[-1] != unit.registers:
            images.append(dict(unit.registers))
        for name, spec in self._specs.items():
            if spec.unit == read.unit:
                self._live[name].add(len(images) - 1)

    def _check(
        self, device: DeviceReadings, spec: DeviceSpec, column: "array[float]", generations: Iterable[int]
    ) -> None:
        key = device.id, bytes(column), tuple(generations)
        if key in self._checked:
            return
        self._checked.add(key)
        found = {m.name: v for m, v in zip(device.measurements, column, strict=True) if not isnan(v)}
        right: dict[str, tuple[float, ...]] = {}
        for generation in key[2]:
            for name, values in self._truth(spec, generation).items():
                right[name] = (*right.get(name, ()), *values)
        self.wrong += [f"{device.id}: {text}" for text in differences(found, right)]

    def _truth(self, spec: DeviceSpec, generation: int) -> Values:
        key = spec.unit, spec.subdevice, generation
        if key not in self._truths:
            bases = spec.options.bases or spec.adapter.options.bases or BASES
            registers = self._images[spec.unit][generation]
            self._truths[key] = truth(registers, spec.subdevice, bases, signed=spec.type == "KOSTAL")
        return self._truths[key]


class Run:
    """Devices that are polled; `hub.wrong` must stay empty."""

    def __init__(self, site: Site, fleet: Fleet, hub: TruthfulHub, tasks: Tasks, adapter: Adapter, rate: float) -> None:
        self.site = site
        self.hub = hub
        self._fleet = fleet
        self._tasks = tasks
        self._adapter = adapter
        self._rate = rate
        self._buses: Buses = {}

    async def poll(self, specs: Iterable[str], **asked: Any) -> None:
        """Poll these devices from now on, as a reload does; who is among them already goes on."""
        devices = assign_ids(parse_specs(specs, parse_adapter, self._adapter))
        config = RunConfig(tuple(devices), **{"api": None, "rate": self._rate, "timeout": TIMEOUT, **asked})
        buses = by_bus(prepare(config, Registry()))
        changes = difference(self._buses, buses)
        self.hub.expect({device.id: device.spec for device in devices})
        await self._fleet.change(changes, self._fleet.make_polled(changes.fresh), raw=False)
        await self._fleet.start()
        self._buses = buses

    def __getitem__(self, name: str) -> DeviceReadings:
        return self.hub.devices[name]

    async def wait(self, seconds: float) -> None:
        """Let it poll; raises what ended it."""
        stop = asyncio.Event()
        timer = asyncio.get_running_loop().call_later(seconds, stop.set)
        try:
            await self._tasks.wait(stop)
        finally:
            timer.cancel()

    async def until(self, condition: Callable[[], object], seconds: float = LONG, step: float = 0.05) -> float:
        """The moment at which something is so; fails if it never is."""
        end = now() + seconds
        while not condition():
            assert now() < end, "it never came to that"
            await self.wait(step)
        return now()

    async def online(self, *names: str, seconds: float = LONG) -> None:
        """Wait until devices are online, and nothing of them is learned any more."""
        await self.until(lambda: all(self[name].online for name in names), seconds)
        await self.wait(5 * self._rate)

    async def refresh(self, unit: int) -> list[tuple[int, int]]:
        """Address and size of what is read of a unit in one poll, from now on."""
        (plan,) = {tuple(poll) for poll in await self.polls(unit, 3)}
        return list(plan)

    async def polls(self, unit: int, number: int) -> list[list[tuple[int, int]]]:
        """The reads of the next polls of a unit; between two of them it rests."""
        reads = self.site.reads
        begin = len(reads)
        await self.wait((number + 1) * self._rate)
        polls: list[list[tuple[int, int]]] = []
        last = -LONG
        for read in reads[begin:]:
            if read.unit == unit:
                if read.when - last > self._rate / 2:
                    polls.append([])
                polls[-1].append((read.address, read.size))
                last = read.when
        return polls[:number]


@asynccontextmanager
async def polling(
    site: Site,
    *specs: str,
    options: str = "",
    framing: Framing = Framing.MBAP,
    state: Path | None = None,
    line: ScriptedLine | None = None,
    rate: float = RATE,
    **asked: Any,
) -> AsyncIterator[Run]:
    """Poll devices of a site as their specs say, on an adapter with `options` as in a URL.

    `line` leads to others beside the site. No value may have been wrong when the context ends.
    """
    url = str(ADAPTERS[framing])
    adapter = parse_adapter(url + ("&" if "?" in url else "?") + options if options else url)
    line = line or site.line(framing)
    hub, memory, tasks = TruthfulHub(site), Memory(state), Tasks()
    fleet = Fleet(hub, memory, tasks, raw=False)
    run = Run(site, fleet, hub, tasks, adapter, rate)
    with ExitStack() as stack:
        stack.enter_context(patch("mbmd.session.opener", return_value=line.open))
        stack.enter_context(patch("mbmd.running.bus.OtherFraming.of", return_value=None))
        try:
            await run.poll(specs, **asked)
            yield run
            assert hub.wrong == []
        finally:
            await fleet.close()
            memory.close()
            await asyncio.sleep(5)


def values(readings: DeviceReadings) -> dict[str, float]:
    """The latest values, without those that are none."""
    return {m.name: v for m, v in zip(readings.measurements, readings.latest, strict=True) if not isnan(v)}


def site_of(name: str, mode: str = "normal", maxcount: int = 125) -> Site:
    """A site with the units of an image of the facts."""
    return Site({unit: Unit(registers, mode, maxcount=maxcount) for unit, registers in image(name).items()})


def is_right(
    found: DeviceReadings,
    registers: Registers,
    device: int = 0,
    without: Collection[str] = (),
    bases: Iterable[int] = BASES,
) -> bool:
    """Whether a device has all values of an image, in which no two models say the same, but `without` some."""
    right = {name: value for name, (value,) in truth(registers, device, bases).items() if name not in without}
    return values(found) == {name: pytest.approx(value, rel=1e-12) for name, value in right.items()}
