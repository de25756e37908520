"""A daemon on faulty simulated buses for some minutes: fails when memory, files or tasks grow, or a value is wrong."""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from websockets.asyncio.client import connect

from tests.integration.command import Running, readings, running
from tests.integration.meters import fetch, free_port

METERS = "sdm:1,abb:2,janitza:3,orno3p:4"
SERIAL_FAULTS = ["--loss", "0.03", "--corrupt", "0.03", "--cut", "0.02", "--noise", "0.03", "--late", "0.02"]
NETWORK_FAULTS = ["--loss", "0.03", "--late", "0.02"]
AWAY_SECONDS = 10.0
SAMPLE_SECONDS = 2.0
SAMPLES_A_LINE = 5
TOLERATED = {"bytes": 1 << 20, "files": 4, "tasks": 4}
"""By how much the last third of the time may lie above the one before."""
RANGES = {"Voltage": (150.0, 300.0), "VoltageL1": (150.0, 300.0), "Frequency": (45.0, 55.0)}
"""Between which values simulated meters measure."""


class Sample(NamedTuple):
    """What the daemon uses at a moment."""

    bytes: int
    files: int
    tasks: int
    online: int


def main() -> int:
    """Run the soak; the exit code says whether all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="default: %(default)s")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="mbmd-soak-") as folder:
        troubles = asyncio.run(_soak(Path(folder), 60 * minutes))
    for trouble in troubles:
        print(f"soak failed: {trouble}")
    if not troubles:
        print(f"soak passed: {minutes:g} minutes")
    return 1 if troubles else 0


async def _soak(folder: Path, seconds: float) -> list[str]:
    serial = [f"rtu://{folder}/bus{number}?baudrate={rate}" for number, rate in enumerate((19200, 38400))]
    network = [f"{kind}://127.0.0.1:{free_port()}" for kind in ("tcp", "tcp", "rtu+tcp")]
    devices = [f"{meter}@{adapter}" for adapter in serial + network for meter in METERS.split(",")]
    api = f"127.0.0.1:{free_port()}"
    with _simulated(folder / "serial", serial, SERIAL_FAULTS), contextlib.ExitStack() as away:
        away.enter_context(_simulated(folder / "network", network, NETWORK_FAULTS))
        await asyncio.sleep(2)
        with running(folder / "daemon", "run", "-r", "200ms", "--api", api, "-d", ",".join(devices)) as daemon:
            await asyncio.to_thread(readings, api, len(devices), daemon)
            values: Counter[str] = Counter()
            listener = asyncio.create_task(_listen(api, values))
            samples = await _watch(api, daemon, seconds / 2)
            away.close()
            samples += await _watch(api, daemon, AWAY_SECONDS)
            away.enter_context(_simulated(folder / "network", network, NETWORK_FAULTS))
            samples += await _watch(api, daemon, seconds / 2)
            listener.cancel()
            return _troubles(samples, values, len(devices)) + _words_of_trouble(daemon)


@contextlib.contextmanager
def _simulated(folder: Path, adapters: list[str], faults: list[str]) -> Iterator[Running]:
    places = [part for adapter in adapters for part in ("-a", adapter)]
    with running(folder, "simulate", *places, "-d", METERS, *faults) as simulator:
        yield simulator


async def _watch(api: str, daemon: Running, seconds: float) -> list[Sample]:
    """A sample now and then; AssertionError when the daemon ends."""
    samples = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(SAMPLE_SECONDS)
        assert daemon.process.poll() is None, f"the daemon ended: {daemon.log[-1000:]}"
        samples.append(await asyncio.to_thread(_sample, api, daemon.process.pid))
        if len(samples) % SAMPLES_A_LINE == 0:
            now = samples[-1]
            print(
                f"{now.bytes / 2**20:.1f} MiB, {now.files} files, {now.tasks} tasks, {now.online} devices online",
                flush=True,
            )
    return samples


def _sample(api: str, process: int) -> Sample:
    status = fetch(f"http://{api}/api/status")
    files = sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
    online = sum(meter["Online"] for meter in status["Meters"])
    return Sample(status["Memory"]["Alloc"], files, status["Goroutines"], online)


async def _listen(api: str, values: Counter[str]) -> None:
    """Count readings from the websocket by what they are: good or wrong."""
    async with connect(f"ws://{api}/ws", max_size=None) as socket:
        async for message in socket:
            reading = json.loads(message)
            low, high = RANGES.get(reading.get("IEC61850", ""), (float("-inf"), float("inf")))
            if "Value" in reading:
                values["good" if low <= reading["Value"] <= high else f"wrong {message!r}"] += 1


def _troubles(samples: list[Sample], values: Counter[str], devices: int) -> list[str]:
    third = len(samples) // 3
    before, after = samples[third : 2 * third], samples[-third:]
    measures: dict[str, Callable[[Sample], float]] = {
        "bytes": lambda s: s.bytes,
        "files": lambda s: s.files,
        "tasks": lambda s: s.tasks,
    }
    grown = {name: median(map(of, after)) - median(map(of, before)) for name, of in measures.items()}
    troubles = [f"{name} grew by {by:.0f}" for name, by in grown.items() if by > TOLERATED[name]]
    troubles += [what for what in values if what != "good"]
    if not values["good"]:
        troubles.append("no reading came by the websocket")
    if samples[-1].online < devices - 1:
        troubles.append(f"only {samples[-1].online} of {devices} devices are online in the end")
    print(f"{values['good']} readings, {grown['bytes'] / 1024:+.0f} KiB from the second to the last third")
    return troubles


def _words_of_trouble(daemon: Running) -> list[str]:
    return ["the daemon's log has a traceback"] if "Traceback" in daemon.log else []


if __name__ == "__main__":
    sys.exit(main())
