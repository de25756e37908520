"""Serial lines: how much of the wire's limit is used, how exact the silence is, and what that takes of the machine.

The limit is the cheapest cut of the registers into reads, each 13 + 2n characters, two silences of 3.5 characters and
a turnaround of 5 ms, one right after the other. `mbmd run` polls flat out (rate 0). The lines are pseudo terminals,
paced by a process of its own, whose account of the wire counts; how exact it is, and what CPU it takes, is told too.

With a crowd, 200 clients of `/ws?format=batch` listen and all is published by MQTT to a mosquitto meanwhile.

Beside others: mbmd, pymodbus and a bare master poll at the same time, each a line of its own. The bare one keeps the
silence and does nothing else: what it misses of the limit is what the system takes to pass characters on and to wake
a sleeper.

A silence is measured from the moment when the last character of an answer is handed over to that when the request is
there, so that it has in it what the system takes to pass both on. One that is too short is a violation.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import NamedTuple

from benchmarks.effort import Effort
from benchmarks.figure import Better, Figure
from benchmarks.play import broker, daemon, lines, listeners
from benchmarks.play.daemon import Daemon
from benchmarks.play.lines import Account, Lines
from benchmarks.play.listeners import Listeners
from benchmarks.play.pace import Pace
from benchmarks.play.process import cpu_seconds
from benchmarks.play.used import Plans, busy, by_bus, drift, late, limit, percentile, share, silences
from benchmarks.rivals import on_line

SDM630 = ("SDM",) * 4
MIXED = ("SDM", "ABB", "JANITZA", "DZG")
"""Floats over wide gaps, integers of 64 and 32 bits, floats in a row, words; of functions 4 and 3."""
SHARES = {9600: 0.96, 19200: 0.96, 38400: 0.95, 115200: 0.93}
"""What of the wire's limit one bus must reach."""
CROWD = 200
WARM_UP = 2.0
LONGEST_READ = 125


@dataclass(frozen=True)
class Scene:
    """So many buses of a kind; aims are a share of the wire, and CPU in % of a core."""

    buses: int
    baudrate: int
    types: tuple[str, ...] = SDM630
    crowd: bool = False
    least_share: float | None = None
    most_cpu: float | None = None

    @property
    def name(self) -> str:
        """What varies between scenes."""
        buses = f"{self.buses} bus" + ("es" if self.buses > 1 else "")
        meters = "" if self.types == SDM630 else f" with {len(self.types)} types"
        return f"{self.baudrate} baud, {buses}{meters}" + (" and a crowd" if self.crowd else "")


class Window(NamedTuple):
    """What was on the wires in some seconds, and what the daemon and the pacing took meanwhile.

    `lost` are clients that were thrown out.
    """

    account: Account
    seconds: float
    cpu: float
    pacing_cpu: float
    resident: float
    lost: int


SCENES = (
    *(Scene(1, baudrate, least_share=aim) for baudrate, aim in SHARES.items()),
    Scene(1, 9600, MIXED),
    Scene(1, 38400, MIXED),
    *(Scene(buses, 9600) for buses in (4, 8, 16)),
    Scene(24, 9600, least_share=0.95, most_cpu=15.0),
    Scene(24, 9600, crowd=True, least_share=0.95),
    Scene(32, 9600),
    Scene(4, 115200),
    Scene(8, 115200),
)
NO_PRIORITY = "not allowed, so that its error may be greater: run as root, or after ulimit -r 1"
BESIDE = (9600, 115200)
QUICK = (SCENES[0], Scene(8, 9600))


def run(effort: Effort) -> Iterator[Figure]:
    """Every scene, and others beside mbmd."""
    for scene in QUICK if effort.quick else SCENES:
        effort.tell(scene.name)
        yield from figures(scene, measure(scene, effort))
    for baudrate in BESIDE[-1:] if effort.quick else BESIDE:
        effort.tell(f"{baudrate} baud, beside others")
        yield from compare(baudrate, beside(baudrate, effort))


def measure(scene: Scene, effort: Effort) -> list[Window]:
    """A window for each repeat."""
    pace = Pace(scene.baudrate)
    with ExitStack() as stack:
        played = stack.enter_context(lines.playing(scene.buses, pace, scene.types))
        if not played.hurried:
            effort.left_out["real-time priority of the pacing"] = NO_PRIORITY
        settings = {"mqtt": {"broker": stack.enter_context(_broker(effort))}} if scene.crowd else {}
        polled = stack.enter_context(daemon.running(_devices(scene, played.paths), rate="0s", **settings))
        crowd = stack.enter_context(listeners.listening(polled.port, CROWD)) if scene.crowd else None
        sleep(min(WARM_UP, effort.seconds))
        return [_window(polled, played, crowd, _seconds(effort, pace)) for _ in range(effort.repeat)]


def _seconds(effort: Effort, pace: Pace) -> float:
    """Of a window: some requests must come in it."""
    return max(effort.seconds, 3 * pace.cost(LONGEST_READ))


def _devices(scene: Scene, paths: Sequence[str]) -> list[dict[str, object]]:
    return [
        {"name": f"bus{bus}-{unit}", "type": kind, "id": unit, "adapter": f"rtu://{path}?baudrate={scene.baudrate}"}
        for bus, path in enumerate(paths)
        for unit, kind in enumerate(scene.types, 1)
    ]


@contextmanager
def _broker(effort: Effort) -> Iterator[str]:
    """The address of a broker; empty, which is none, where there is no mosquitto."""
    if broker.program() is None:
        effort.left_out["MQTT beside serial lines"] = broker.MISSING
        yield ""
        return
    with broker.running() as running:
        yield running.address


def _window(polled: Daemon, played: Lines, crowd: Listeners | None, seconds: float) -> Window:
    played.clear()
    start, cpu, pacing = monotonic(), polled.cpu_seconds, played.cpu_seconds
    sleep(seconds)
    passed, cpu, pacing = monotonic() - start, polled.cpu_seconds - cpu, played.cpu_seconds - pacing
    lost = crowd.heard.lost if crowd is not None else 0
    return Window(played.account(), passed, cpu, pacing, polled.resident_bytes, lost)


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

    shares = [share(w.account, cuts, pace, w.seconds * (scene.buses - len(by_bus(w.account)))) for w in windows]
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
    if scene.crowd:
        yield figure("clients thrown out", "clients", (w.lost for w in windows), "lower", 0.0)
    yield figure("resident memory", "MiB", (w.resident / 2**20 for w in windows), "lower")
    yield figure("characters on the wire", "% of the time", (100 * busy(account, pace) for account in accounts))
    for name, part in (("median", 0.5), ("99 %", 0.99), ("max", 1.0)):
        yield figure(f"pacing error, {name}", "µs", (1e6 * percentile(late(account), part) for account in accounts))
    yield figure("pacing error of all traffic", "‰", (1000 * drift(account, pace) for account in accounts))
    yield figure("CPU of the pacing", "% of a core", (100 * w.pacing_cpu / w.seconds for w in windows))


class Beside(NamedTuple):
    """What each master made of its own line at the same time, and the CPU that it took, in % of a core."""

    accounts: dict[str, Account]
    cpu: dict[str, float]


def beside(baudrate: int, effort: Effort) -> list[Beside]:
    """mbmd and others in the same seconds, for each repeat."""
    scene, pace = Scene(1, baudrate), Pace(baudrate)
    reads = [(unit, *read) for unit, cut in plans(SDM630, baudrate).items() for read in sorted(cut)]
    with ExitStack() as stack:
        played = stack.enter_context(lines.playing(1 + len(on_line.WAYS), pace, SDM630))
        paths = dict(zip(("mbmd", *on_line.WAYS), played.paths, strict=True))
        pids = {"mbmd": stack.enter_context(daemon.running(_devices(scene, [paths["mbmd"]]), rate="0s")).pid}
        for way in on_line.WAYS:
            pids[way] = stack.enter_context(on_line.polling(way, paths[way], baudrate, reads))
        played.wait_until_polled()
        sleep(min(WARM_UP, effort.seconds))
        return [_together(played, pids, _seconds(effort, pace)) for _ in range(effort.repeat)]


def _together(played: Lines, pids: Mapping[str, int], seconds: float) -> Beside:
    played.clear()
    start, cpu = monotonic(), {name: cpu_seconds(pid) for name, pid in pids.items()}
    sleep(seconds)
    passed = monotonic() - start
    took = {name: 100 * (cpu_seconds(pid) - cpu[name]) / passed for name, pid in pids.items()}
    account = played.account()
    return Beside({name: account.of_bus(bus) for bus, name in enumerate(pids)}, took)


def compare(baudrate: int, windows: Sequence[Beside]) -> Iterator[Figure]:
    """Each master beside the others."""
    pace, cuts = Pace(baudrate), plans(SDM630, baudrate)
    for name in windows[0].cpu:
        accounts = [window.accounts[name] for window in windows]
        shares = [share(account, cuts, pace) for account in accounts]
        violations = [sum(s < 0 for s in silences(account, pace)) for account in accounts]
        start = f"{baudrate} baud, beside others: {name}"
        yield Figure(start, "sets/s", tuple(limit(cuts, pace) * of_limit for of_limit in shares), "higher")
        yield Figure(f"{start}, share of the wire's limit", "x", tuple(shares), "higher")
        yield Figure(f"{start}, violations", "requests", tuple(violations), "lower")
        yield Figure(f"{start}, CPU", "% of a core", tuple(window.cpu[name] for window in windows), "lower")
