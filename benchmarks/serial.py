"""Serial lines: how much of the wire's limit is used, how exact the silence is, and what that takes of the machine.

The limit is the cheapest cut of the registers into reads, each 13 + 2n characters, two silences of 3.5 characters and
a turnaround of 5 ms, one right after the other. `mbmd run` polls flat out (rate 0). The lines are pseudo terminals,
paced by a process of its own, whose account of the wire counts; how exact it is, and what CPU it takes, is told too.
A silence is measured from the moment when the last character of an answer is handed over to that when the request is
there, so that it has in it what the system takes to pass both on. One that is too short is a violation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import NamedTuple

from benchmarks.effort import Effort
from benchmarks.figure import Better, Figure
from benchmarks.play import daemon, lines
from benchmarks.play.lines import Account, Lines
from benchmarks.play.pace import Pace
from benchmarks.play.used import Plans, busy, drift, late, limit, percentile, share, silences

SDM630 = ("SDM",) * 4
MIXED = ("SDM", "ABB", "JANITZA", "DZG")
"""Floats over wide gaps, integers of 64 and 32 bits, floats in a row, words; of functions 4 and 3."""
SHARES = {9600: 0.96, 19200: 0.96, 38400: 0.95, 115200: 0.93}
"""What of the wire's limit one bus must reach."""
WARM_UP = 2.0
LONGEST_READ = 125


@dataclass(frozen=True)
class Scene:
    """So many buses of a kind; aims are a share of the wire, and CPU in % of a core."""

    buses: int
    baudrate: int
    types: tuple[str, ...] = SDM630
    least_share: float | None = None
    most_cpu: float | None = None

    @property
    def name(self) -> str:
        """What varies between scenes."""
        buses = f"{self.buses} bus" + ("es" if self.buses > 1 else "")
        meters = "4 SDM630" if self.types == SDM630 else f"{len(self.types)} types"
        return f"{self.baudrate} baud, {buses} with {meters}"


class Window(NamedTuple):
    """What was on the wires in some seconds, and what the daemon and the pacing took meanwhile."""

    account: Account
    seconds: float
    cpu: float
    pacing_cpu: float
    resident: float


SCENES = (
    *(Scene(1, baudrate, least_share=aim) for baudrate, aim in SHARES.items()),
    Scene(1, 9600, MIXED),
    Scene(1, 38400, MIXED),
    *(Scene(buses, 9600) for buses in (4, 8, 16)),
    Scene(24, 9600, least_share=0.95, most_cpu=15.0),
    Scene(32, 9600),
    Scene(4, 115200),
    Scene(8, 115200),
)
QUICK = (SCENES[0], SCENES[3], Scene(8, 9600))


def run(effort: Effort) -> Iterator[Figure]:
    """Every scene."""
    for scene in QUICK if effort.quick else SCENES:
        effort.tell(scene.name)
        yield from figures(scene, measure(scene, effort))


def measure(scene: Scene, effort: Effort) -> list[Window]:
    """A window for each repeat."""
    pace = Pace(scene.baudrate)
    with lines.playing(scene.buses, pace, scene.types) as played:
        devices = [
            {"name": f"bus{bus}-{unit}", "type": kind, "id": unit, "adapter": f"rtu://{path}?baudrate={pace.baudrate}"}
            for bus, path in enumerate(played.paths)
            for unit, kind in enumerate(scene.types, 1)
        ]
        with daemon.running(devices, rate="0s") as polled:
            sleep(WARM_UP)
            seconds = max(effort.seconds, 3 * pace.cost(LONGEST_READ))
            return [_window(polled, played, seconds) for _ in range(effort.repeat)]


def _window(polled: daemon.Daemon, played: Lines, seconds: float) -> Window:
    played.clear()
    start, cpu, pacing = monotonic(), polled.cpu_seconds, played.cpu_seconds
    sleep(seconds)
    passed, cpu, pacing = monotonic() - start, polled.cpu_seconds - cpu, played.cpu_seconds - pacing
    return Window(played.account(), passed, cpu, pacing, polled.resident_bytes)


def plans(types: Sequence[str], baudrate: int) -> Plans:
    """The cheapest cut of the registers of each unit into reads, by mbmd's planner."""
    from mbmd.config.adapter import parse_adapter
    from mbmd.config.options import NO_OPTIONS
    from mbmd.devices.registry import BUILT_IN
    from mbmd.devices.settings import resolve
    from mbmd.planner import Limits, plan
    from mbmd.protocol.timing import costs

    line = costs(parse_adapter("/dev/ttyS0", baudrate))
    cuts = {}
    for unit, kind in enumerate(types, 1):
        settings = resolve(BUILT_IN.get(kind), NO_OPTIONS, NO_OPTIONS, NO_OPTIONS)
        slots = {register.measurement: slot for slot, register in enumerate(settings.registers)}
        blocks = plan(settings.registers, slots, Limits(settings.max_registers, settings.holes), line)
        cuts[unit] = frozenset(read.span for block in blocks for read in block.reads)
    return cuts


def figures(scene: Scene, windows: Sequence[Window]) -> Iterator[Figure]:
    """What the windows of a scene show."""
    pace, cuts = Pace(scene.baudrate), plans(scene.types, scene.baudrate)
    accounts = [window.account for window in windows]

    def figure(
        what: str, unit: str, values: Iterable[float], better: Better | None = None, aim: float | None = None
    ) -> Figure:
        return Figure(f"{scene.name}: {what}", unit, tuple(values), better, aim)

    shares = [share(account, cuts, pace) for account in accounts]
    most = scene.buses * limit(cuts, pace)
    yield figure("mbmd", "sets/s", (most * of_limit for of_limit in shares), "higher")
    yield figure("share of the wire's limit", "x", shares, "higher", scene.least_share)
    beyond = [silences(account, pace) for account in accounts]
    yield figure("violations", "requests", (sum(s < 0 for s in of_one) for of_one in beyond), "lower", 0.0)
    yield figure("damaged", "requests", (account.damaged for account in accounts), "lower", 0.0)
    for name, part in (("least", 0.0), ("median", 0.5), ("99 %", 0.99)):
        values = (1e6 * percentile(of_one, part) for of_one in beyond)
        yield figure(f"silence beyond the least allowed, {name}", "µs", values, "lower")
    yield figure("CPU", "% of a core", (100 * w.cpu / w.seconds for w in windows), "lower", scene.most_cpu)
    yield figure("resident memory", "MiB", (w.resident / 2**20 for w in windows), "lower")
    yield figure("characters on the wire", "% of the time", (100 * busy(account, pace) for account in accounts))
    for name, part in (("median", 0.5), ("99 %", 0.99), ("max", 1.0)):
        yield figure(f"pacing error, {name}", "µs", (1e6 * percentile(late(account), part) for account in accounts))
    yield figure("pacing error of all traffic", "‰", (1000 * drift(account, pace) for account in accounts))
    yield figure("CPU of the pacing", "% of a core", (100 * w.pacing_cpu / w.seconds for w in windows))
