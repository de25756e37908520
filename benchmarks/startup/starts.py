"""How long processes take to start."""

import http.client
import os
import statistics
import sys
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.effort import Effort
from benchmarks.figure import Figure, ratio
from benchmarks.play.daemon import PATIENCE, Daemon, starting
from benchmarks.play.meters import HOST, playing

_SCRIPT = "import sys; from mbmd.cli import main; sys.exit(main())"
"""What the command `mbmd` is."""

NOTHING = "python -c pass"
WAYS = {
    NOTHING: ("-c", "pass"),
    "mbmd --help": ("-c", _SCRIPT, "--help"),
    "mbmd version": ("-c", _SCRIPT, "version"),
    "import of the daemon": ("-c", "import mbmd.daemon"),
    "import of the daemon and the web server": ("-c", "import mbmd.daemon, mbmd.web.server"),
}
"""What is started: the arguments of Python."""

STARTS, STARTS_QUICK = 7, 1
PAUSE = 0.005


def starts(effort: Effort) -> Iterator[Figure]:
    """CPU time of starts, and how often that of Python alone it is."""
    times = STARTS_QUICK if effort.quick else STARTS
    for words in WAYS.values():
        _start(words)  # which leaves byte code
    taken = effort.rounds({name: partial(_cpu_seconds, words, times) for name, words in WAYS.items()})
    for name, seconds in taken.items():
        yield Figure(f"start: {name}", "ms", tuple(1e3 * value for value in seconds), "lower")
    for name in list(WAYS)[1:]:
        yield ratio(f"start: {name}, beside {NOTHING}", taken[name], taken[NOTHING], "lower")


def first_reading(effort: Effort) -> Iterator[Figure]:
    """Time to the first reading."""
    with playing(1) as meters:
        device = {"type": "SDM", "id": 1, "adapter": f"{HOST}:{meters.ports[0]}"}
        values = []
        for number in range(effort.repeat):
            effort.tell(f"first reading, {number + 1} of {effort.repeat}")
            start = time.monotonic()
            with starting([device], plausibility=False) as daemon:
                values.append(1e3 * (_first_reading(daemon) - start))
    yield Figure("first reading over REST", "ms", tuple(values), "lower")


def _cpu_seconds(words: tuple[str, ...], times: int) -> float:
    return statistics.median(_start(words) for _ in range(times))


def _start(words: tuple[str, ...]) -> float:
    """CPU time of a Python that ends by itself. Raises RuntimeError when it fails."""
    quiet = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    pid = os.posix_spawn(sys.executable, [sys.executable, *words], os.environ, file_actions=[quiet])
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"python {' '.join(words)} failed with status {status}")
    return used.ru_utime + used.ru_stime


def _first_reading(daemon: Daemon) -> float:
    """When the daemon had a reading for who asks."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if daemon.get("/api/last"):
                return time.monotonic()
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(PAUSE)
    raise RuntimeError(f"no reading after {PATIENCE:.0f} s:\n{daemon.log.read_text()[-2000:]}")
