"""All running buses."""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import chain

from mbmd.bus.memory import Memory
from mbmd.errors import UsageError
from mbmd.prepare import Prepared
from mbmd.readings.hub import Hub
from mbmd.running.bus import Polled, RunningBus, make_polled
from mbmd.running.changes import Bus, Changes
from mbmd.running.tasks import Tasks
from mbmd.turns import Gate, in_turns


class Fleet:
    """The buses of a daemon, each with a task of its own; what is in it is what the hub shows."""

    def __init__(self, hub: Hub, memory: Memory, tasks: Tasks, raw: bool) -> None:
        self._hub = hub
        self._memory = memory
        self._tasks = tasks
        self._raw = raw
        self._gate = Gate()
        self._buses: dict[str, RunningBus] = {}

    def make_polled(self, devices: Iterable[Prepared]) -> dict[str, Polled]:
        """Devices that begin anew, by id; it may run in a thread, as it takes a while."""
        return {prepared.device.id: make_polled(prepared, self._memory) for prepared in devices}

    async def open(self) -> None:
        """Open the serial adapters. One that is missing is a bus that is down: others are to be polled.

        Raises UsageError with a line for each where no bus is left.
        """
        missing: list[tuple[RunningBus, UsageError]] = []
        for bus in self._buses.values():
            try:
                await bus.open()
            except UsageError as error:
                missing.append((bus, error))
        if missing and len(missing) == len(self._buses):
            raise UsageError("\n".join(str(why) for _, why in missing))
        for bus, why in missing:
            bus.is_down(why)

    async def start(self) -> None:
        """Poll all that are not polled yet."""
        await in_turns(self._buses.values(), self._start)

    async def change(self, changes: Changes, fresh: Mapping[str, Polled], raw: bool) -> None:
        """Carry out a difference: all of it, or nothing of it when something is raised."""
        takes = {bus.adapter.address: bus for bus in changes.altered}
        polled = dict(await in_turns(takes, lambda name: (name, self._buses[name].polled_of(takes[name], fresh))))
        opened = await self._made(changes.opened, fresh, raw)
        closed = [self._buses.pop(address) for address in changes.closed]
        buses = dict(sorted({**self._buses, **opened}.items()))
        devices = chain.from_iterable(polled.get(name, bus.polled).values() for name, bus in buses.items())
        readings = sorted((device.readings for device in devices), key=lambda device: device.id)
        try:
            await asyncio.sleep(0)  # what is above took its time, and so will what is below
            await self._end(closed)
        finally:  # from here on without a wait, so that nobody ever sees half of it
            for bus in closed:
                bus.close()
            for name, after in takes.items():
                self._buses[name].take(after, polled[name])
            self._set_raw(raw)
            self._buses = buses
            self._hub.replace(readings, [bus.health for bus in buses.values()])
        await asyncio.sleep(0)
        await in_turns(takes, lambda name: self._buses[name].go_on())

    async def close(self) -> None:
        """End all tasks and close all lines."""
        await self._tasks.end_all()
        for bus in self._buses.values():
            bus.close()
        self._buses.clear()

    async def _made(self, buses: Iterable[Bus], fresh: Mapping[str, Polled], raw: bool) -> dict[str, RunningBus]:
        made: dict[str, RunningBus] = {}

        def make(bus: Bus) -> None:
            made[bus.adapter.address] = RunningBus(bus, fresh, self._hub, self._memory, raw, self._gate)

        try:
            await in_turns(buses, make)
        except BaseException:
            for running in made.values():
                running.close()
            raise
        return made

    async def _end(self, buses: list[RunningBus]) -> None:
        """End the tasks of buses and close their lines, some in each turn of the loop; takes them out of the list."""
        while buses:
            await self._gate.passed()
            if (task := buses[-1].task) is not None:
                await self._tasks.end(task)
            buses.pop().close()

    def _start(self, bus: RunningBus) -> None:
        if bus.task is None:
            bus.task = self._tasks.start(bus.run())

    def _set_raw(self, raw: bool) -> None:
        if raw != self._raw:
            self._raw = raw
            for bus in self._buses.values():
                bus.trace(raw)
