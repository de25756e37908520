"""What a reload takes away is gone at once: the daemon hardly ever looks for cycles, as that holds up every bus."""

import gc
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poller import Poller
from mbmd.protocol.framer import Framer
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth
from mbmd.running.bus import RunningBus
from mbmd.transport.memory import MemoryTransport
from mbmd.transport.serial import SerialLine
from tests.integration.live_daemon import configuration, run, running, until
from tests.integration.real_lines import LINES, playing

OF_A_BUS = (Client, Meter, Poller, Framer, DeviceReadings, BusHealth, RunningBus, SerialLine, MemoryTransport)


@contextmanager
def without_collections() -> Iterator[None]:
    """Nothing but reference counts frees anything."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive() -> "weakref.WeakSet[object]":
    """All parts of buses that are there."""
    return weakref.WeakSet(known for known in gc.get_objects() if isinstance(known, OF_A_BUS))


@pytest.mark.parametrize("kind", ["tcp", "rtu+tcp", "rtu+udp", "rtu"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_bus_that_goes_leaves_nothing(kind: str, is_there: bool, tmp_path: Path) -> None:
    async def main() -> None:
        async with playing(LINES["tcp"], tmp_path) as stays, playing(LINES[kind], tmp_path) as goes:
            own, other = f"sdm:1@{replace(stays.adapter, id=1)}", replace(goes.adapter, id=2)
            patience = {} if is_there else {"timeout": 0.05}
            if not is_there:
                goes.vanish()
            async with running(configuration(own, **patience)) as live:
                await live.online("SDM1.1")
                with without_collections():
                    before = alive()
                    await live.reload(configuration(own, f"sdm:2@{other}", f"abb:3@{other}", **patience))
                    await until(lambda: all(d.online or d.health.trouble for d in live.hub.devices.values()))
                    there = Counter(type(known) for known in alive() - before)
                    assert there.items() >= {Client: 1, Meter: 2, Poller: 1, DeviceReadings: 2, RunningBus: 1}.items()
                    await live.reload(configuration(own, **patience))
                    await live.polled([live.hub.devices["SDM1.1"]])
                    assert [type(left).__name__ for left in alive() - before] == []

    run(main())
