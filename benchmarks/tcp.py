"""SDM630 meters on a TCP port each, polled flat out and once a second.

Flat out, each answer is followed by the next request. Each of these asks the same meters for the same registers, in a
fresh process: `mbmd run` as its users start it, with its cache, averages, history and web server, but without
`plausibility`, to which values that are the clock are nonsense (the kernels tell what it takes); a bare uvloop
protocol, which throws the answers away and is the ceiling of this event loop; pymodbus' asynchronous client on uvloop,
at its quickest and as mostly used, and libmodbus from C, one device after the other in one thread, and in a thread per
core, which all make floats of the values and forget them. What is compared is measured in turn.

The meters count what they answered, and that is what counts here. CPU is that of the whole process, by Linux' account.
The meters are played by a process for each core but one: with two cores one process answers for all, and is the limit
of the bare loop ("CPU of the meters" tells how near it is to that). Then the ratio of the sets a second flatters, and
that of the sets a CPU second ("by CPU") is the one that counts. Who asks one device after the other, as libmodbus does,
waits most of the time, for the wire and for a core to wake up.

Once a second, the meters note how long they waited for the next round of each device. Memory is what the daemon has in
RAM at the end. The round trip is the daemon's own account, the worst of all buses: it contains the time for which the
answer lay in the socket while others were served.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from typing import NamedTuple

from benchmarks.effort import Effort
from benchmarks.figure import Better, Figure, ratio
from benchmarks.play import daemon
from benchmarks.play.files import too_few_files
from benchmarks.play.meters import Meters, Pauses, playing
from benchmarks.play.process import cpu_seconds
from benchmarks.rivals import libmodbus
from benchmarks.rivals.job import reads_of_sdm630
from benchmarks.rivals.running import BARE, LIBMODBUS, MBMD, PYMODBUS, STARTS, Start, devices_at

SIZES = (1, 64, 1000)
COMPARED = 64
"""So many devices are also polled by rivals."""
ONCE_A_SECOND = (64, 1000)
QUICK = (BARE, MBMD, PYMODBUS, LIBMODBUS)
READINGS = sum(len(read.places) for read in reads_of_sdm630())
"""Of a set."""
WARM_UP = 0.7
ROUNDS = 5.0
"""Seconds for which devices that are polled once a second are let alone first, and then watched at least: whole ones,
so that there are as many rounds in each."""
QUICK_ROUNDS = 2.0
AIMS = {
    (COMPARED, "CPU flat out"): 2.0,
    (COMPARED, "CPU"): 2.0,
    (COMPARED, "sets"): 0.6,
    (1000, "CPU"): 50.0,
    (1000, "memory"): 150.0,
    (1000, "missed"): 0.0,
}


class Count(NamedTuple):
    """What was polled within some seconds, and the CPU time of who asked and of who answered."""

    rounds: float
    requests: float
    seconds: float
    cpu: float
    answering: float

    @property
    def sets(self) -> float:
        """Sets of readings a second."""
        return self.rounds / self.seconds

    @property
    def per_cpu(self) -> float:
        """Sets of readings that a second of CPU time is good for."""
        return self.rounds / self.cpu


class Watch(NamedTuple):
    """What was seen of devices that are polled once a second; `resident` in bytes, `round_trip` in seconds."""

    polled: Count
    pauses: Pauses
    resident: int
    round_trip: float


def run(effort: Effort) -> Iterator[Figure]:
    """Flat out at every size, and once a second."""
    if effort.quick:
        effort = replace(effort, seconds=min(effort.seconds, 0.5), repeat=min(effort.repeat, 2))
    fewer = replace(effort, repeat=min(effort.repeat, 3))
    for size in (COMPARED,) if effort.quick else SIZES:
        if _has_files(size, effort):
            yield from _flat_out(size, effort if size == COMPARED else fewer)
    for size in (COMPARED,) if effort.quick else ONCE_A_SECOND:
        if _has_files(size, effort):
            yield from _once_a_second(size, fewer)


def _has_files(size: int, effort: Effort) -> bool:
    reason = too_few_files(2 * size + 100)
    if reason:
        effort.left_out[_devices(size)] = reason
    return not reason


def _flat_out(size: int, effort: Effort) -> Iterator[Figure]:
    group = f"{_devices(size)} flat out"
    starts = _starts(size, effort)
    with playing(size) as meters:
        ways = {f"{group}: {name}": partial(_measure, start, meters, effort.seconds) for name, start in starts.items()}
        counts = dict(zip(starts, effort.rounds(ways).values(), strict=True))
    for name, of_one in counts.items():
        yield from _figures(f"{group}: {name}", of_one, AIMS.get((size, "CPU flat out")) if name == MBMD else None)
    ours = counts.pop(MBMD)
    for name, others in counts.items():
        aim = AIMS.get((size, "sets")) if name == BARE else None
        yield from _beside(f"{group}: mbmd beside {name}", ours, others, aim)


def _devices(size: int) -> str:
    return f"{size} devices" if size > 1 else "1 device"


def _starts(size: int, effort: Effort) -> Mapping[str, Start]:
    """Who polls so many devices."""
    if size != COMPARED:
        return {name: STARTS[name] for name in (BARE, MBMD)}
    names = [*(QUICK if effort.quick else STARTS)]
    if reason := libmodbus.missing():
        names = [name for name in names if not name.startswith(LIBMODBUS)]
        effort.left_out[LIBMODBUS] = reason
    return {name: STARTS[name] for name in names}


def _measure(start: Start, meters: Meters, seconds: float) -> Count:
    with start(meters) as pid:
        time.sleep(min(WARM_UP, seconds))
        return _count(pid, meters, seconds)


def _count(pid: int, meters: Meters, seconds: float) -> Count:
    """Count for a while. Raises RuntimeError if nothing is asked."""
    before = _so_far(pid, meters)
    time.sleep(seconds)
    count = Count(*(now - then for now, then in zip(_so_far(pid, meters), before, strict=True)))
    if not count.rounds:
        raise RuntimeError("the meters were not asked, so there is nothing to measure")
    return count


def _so_far(pid: int, meters: Meters) -> Count:
    asked = meters.asked()
    answering = sum(map(cpu_seconds, meters.pids))
    return Count(asked.rounds, asked.requests, time.monotonic(), cpu_seconds(pid), answering)


def _figures(name: str, counts: Sequence[Count], aim: float | None) -> Iterator[Figure]:
    def figure(
        what: str, unit: str, values: Iterator[float], better: Better | None, aim: float | None = None
    ) -> Figure:
        return Figure(f"{name}{what}", unit, tuple(values), better, aim)

    yield figure("", "sets/s", (c.sets for c in counts), "higher")
    if not name.endswith(BARE):
        yield figure(", readings", "readings/s", (c.sets * READINGS for c in counts), "higher")
    yield figure(", CPU", "µs/reading", (1e6 * c.cpu / c.rounds / READINGS for c in counts), "lower", aim)
    yield figure(", CPU a read", "µs/read", (1e6 * c.cpu / c.requests for c in counts), "lower")
    yield figure(", CPU of the meters", "% of a core", (100 * c.answering / c.seconds for c in counts), None)


def _beside(name: str, ours: Sequence[Count], others: Sequence[Count], aim: float | None) -> Iterator[Figure]:
    yield ratio(name, [c.sets for c in ours], [c.sets for c in others], "higher", aim)
    yield ratio(f"{name}, by CPU", [c.per_cpu for c in ours], [c.per_cpu for c in others], "higher", aim)


def _once_a_second(size: int, effort: Effort) -> Iterator[Figure]:
    group = f"{_devices(size)} once a second"
    rounds = QUICK_ROUNDS if effort.quick else ROUNDS
    with playing(size) as meters, daemon.running(devices_at(meters), rate="1s", plausibility=False) as running:
        time.sleep(rounds)
        watch = partial(_watch, running, meters, max(float(ceil(effort.seconds)), rounds))
        (seen,) = effort.rounds({group: watch}).values()
    yield from _watched(group, size, seen)


def _watch(running: daemon.Daemon, meters: Meters, seconds: float) -> Watch:
    meters.pauses()
    polled = _count(running.pid, meters, seconds)
    pauses = meters.pauses()
    round_trip = max(bus["RoundTrip"]["P95"] for bus in running.get("/api/buses"))
    return Watch(polled, pauses, running.resident_bytes, round_trip)


def _watched(group: str, size: int, seen: Sequence[Watch]) -> Iterator[Figure]:
    def figure(what: str, unit: str, values: Iterator[float], better: Better = "lower", aim: str = "") -> Figure:
        return Figure(f"{group}: {what}", unit, tuple(values), better, AIMS.get((size, aim)))

    yield figure("sets", "sets/s", (s.polled.sets for s in seen), "higher")
    yield figure("CPU", "% of a core", (100 * s.polled.cpu / s.polled.seconds for s in seen), aim="CPU")
    yield figure("CPU a reading", "µs/reading", (1e6 * s.polled.cpu / s.polled.rounds / READINGS for s in seen))
    yield figure("memory", "MiB", (s.resident / 2**20 for s in seen), aim="memory")
    yield figure("rounds missed", "rounds", (s.pauses.missed for s in seen), aim="missed")
    yield figure("longest wait for a round", "s", (s.pauses.longest for s in seen))
    yield figure("round trip, 95 % within", "ms", (1000 * s.round_trip for s in seen))
