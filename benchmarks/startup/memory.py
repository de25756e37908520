"""What is resident in memory, by part."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.play.daemon import PATIENCE, Daemon, running, starting
from benchmarks.play.files import too_few_files
from benchmarks.play.meters import HOST, playing
from benchmarks.play.process import resident_bytes

IMPORTED = {
    "the interpreter": "pass",
    "with the daemon imported": "import mbmd.daemon",
    "with the web server imported, too": "import mbmd.daemon, mbmd.web.server",
}
MORE, MORE_QUICK = 400, 50
"""Devices that are added to one, to know what they take."""
SETTLED = 1.0
"""Seconds after which all devices were read at least once."""

_MIB = 1 << 20
_WAITING = "print(flush=True); import sys; sys.stdin.read()"


def memory(effort: Effort) -> Iterator[Figure]:
    """MiB of what a daemon is made of, and of daemons."""
    for name, words in IMPORTED.items():
        effort.tell(f"memory: {name}")
        yield _figure(name, [_of_python(words) for _ in range(effort.repeat)])
    more = MORE_QUICK if effort.quick else MORE
    if reason := too_few_files(2 * more + 100):
        effort.left_out["memory: daemons"] = reason
        return
    with playing(1 + more) as meters:
        devices: list[dict[str, object]] = [
            {"type": "SDM", "id": 1, "adapter": f"{HOST}:{port}"} for port in meters.ports
        ]
        repeat = 1 if effort.quick else effort.repeat
        effort.tell("memory: a daemon with one device")
        yield _figure("a daemon with one device, no web server", [_unasked(devices[:1]) for _ in range(repeat)])
        one = [_asked(devices[:1]) for _ in range(repeat)]
        yield _figure("a daemon with one device", one)
        effort.tell(f"memory: a daemon with {1 + more} devices")
        many = [_asked(devices) for _ in range(repeat)]
        each = [(b - a) * 100 / more for a, b in zip(one, many, strict=True)]
        yield _figure("each 100 devices more", each)


def _figure(name: str, resident: list[float]) -> Figure:
    return Figure(f"memory: {name}", "MiB", tuple(size / _MIB for size in resident), "lower")


def _of_python(words: str) -> float:
    """Of a Python that has done something and waits."""
    command = [sys.executable, "-c", f"{words}; {_WAITING}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return resident_bytes(process.pid)


def _asked(devices: list[dict[str, object]]) -> float:
    with running(devices, plausibility=False) as daemon:
        time.sleep(SETTLED)
        return daemon.resident_bytes


def _unasked(devices: list[dict[str, object]]) -> float:
    """Of a daemon without a web server."""
    with starting(devices, plausibility=False, api="") as daemon:
        _wait_for_log(daemon, ": online")
        time.sleep(SETTLED)
        return daemon.resident_bytes


def _wait_for_log(daemon: Daemon, text: str) -> None:
    until = time.monotonic() + PATIENCE
    while text not in daemon.log.read_text():
        if time.monotonic() > until:
            raise RuntimeError(f"the daemon does not say {text!r}:\n{daemon.log.read_text()[-2000:]}")
        time.sleep(0.05)
