"""A daemon with its meters, and what it takes while something is done."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple, TypeVar

from benchmarks.delays import Delays
from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.play import daemon
from benchmarks.play.asker import Asker
from benchmarks.play.broker import Broker
from benchmarks.play.daemon import Daemon
from benchmarks.play.meters import HOST, Meters, Pauses

T = TypeVar("T")

TYPE = "SDM"


class Window(NamedTuple):
    """What a daemon took while something was done, in seconds, and what meters saw of it: readings, and pauses."""

    seconds: float
    cpu: float
    readings: float
    pauses: Pauses

    @property
    def load(self) -> float:
        """CPU, in % of a core."""
        return 100 * self.cpu / self.seconds

    @property
    def cost(self) -> float:
        """CPU in µs a reading."""
        return 1e6 * self.cpu / self.readings


class World:
    """Meters and perhaps a broker, for daemons that come one after another; `rate` is seconds between polls."""

    def __init__(self, meters: Meters, broker: Broker | None, rate: float, effort: Effort) -> None:
        self.meters = meters
        self.broker = broker
        self.rate = rate
        self.effort = effort
        self.devices = len(meters.ports)
        self.name = f"{self.devices} devices"

    @contextmanager
    def site(self, rate: float | None = None, **settings: object) -> Iterator["Site"]:
        """A daemon that polls all meters, at another rate if one is given."""
        devices = [{"type": TYPE, "id": 1, "adapter": f"{HOST}:{port}"} for port in self.meters.ports]
        rate = self.rate if rate is None else rate
        settings = {"rate": f"{rate:g}s", "plausibility": False, **settings}
        with daemon.running(devices, **settings) as child:
            yield Site(self, child, rate)


class Site:
    """A daemon that polls the meters of a world."""

    def __init__(self, world: World, child: Daemon, rate: float) -> None:
        self.world = world
        self.daemon = child
        self.rate = rate
        self.effort = world.effort
        self.name = world.name

    @property
    def seconds(self) -> float:
        """Of a measurement: all devices are polled in it."""
        return max(self.effort.seconds, self.rate)

    @cached_property
    def _poll(self) -> tuple[int, int]:
        """How many readings a poll brings, and in how many requests."""
        device = self.daemon.get("/api/status")["Meters"][0]
        shown = self.daemon.get(f"/api/last/{device['Device']}")
        return len(shown) - len(("Timestamp", "Unix")), device["Plan"]["Reads"]

    def during(self, work: Callable[[], T]) -> tuple[T, Window]:
        """What work gives, and what the daemon took meanwhile."""
        readings, reads = self._poll
        self.world.meters.pauses()
        requests, cpu, start = self.world.meters.answered, self.daemon.cpu_seconds, time.monotonic()
        result = work()
        seconds, cpu = time.monotonic() - start, self.daemon.cpu_seconds - cpu
        requests = self.world.meters.answered - requests
        return result, Window(seconds, cpu, max(requests, 1) * readings / reads, self.world.meters.pauses())

    def rest(self) -> None:
        """Let it work for the time of a measurement."""
        time.sleep(self.seconds)

    def wake(self) -> None:
        """Have it make what is made when something is asked for the first time."""
        asker = Asker(self.daemon.port)
        for path in ("/api/last", "/api/avg", "/api/status", "/metrics"):
            asker.get(path)
        asker.close()


def delay_figures(name: str, rounds: list[Delays]) -> Iterator[Figure]:
    """How long something took, in ms."""
    names = ("median delay", "95 % delay", "99 % delay", "longest delay")
    for place, kind in enumerate(names):
        yield Figure(f"{name}: {kind}", "ms", tuple(1000 * one[place] for one in rounds), "lower")


def cost_figure(name: str, windows: list[Window]) -> Figure:
    """CPU a reading."""
    return Figure(name, "µs/reading", tuple(one.cost for one in windows), "lower")


def pause_figures(name: str, rounds: Iterable[Iterable[Window]]) -> Iterator[Figure]:
    """Whether polling went on meanwhile; of each repeat, all windows."""
    pauses = [[window.pauses for window in windows] for windows in rounds]
    yield Figure(f"{name}: rounds missed", "rounds", tuple(sum(one.missed for one in each) for each in pauses), "lower")
    longest = tuple(max(one.longest for one in each) for each in pauses)
    yield Figure(f"{name}: longest wait for a round", "s", longest, "lower")
