"""CPU time of a statement, by pyperf: a process in which each is calibrated, warmed up and timed in turn.

CPU time, because other work on the machine would make the clock's time longer.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import process_time
from timeit import Timer

from benchmarks.kernel.cases import Way

MISSING = "pyperf is not installed: pip install pyperf, or mbmd's extra `bench`"
WARM_UPS = 1
VALUES = 3


def is_there() -> bool:
    """Whether times can be taken here."""
    return find_spec("pyperf") is not None


def time_row(ways: Mapping[str, Way], seconds: float) -> dict[str, float]:
    """Nanoseconds of each way, by name, one after the other in a fresh process; the median of VALUES, each of which
    takes `seconds` or more."""
    import pyperf

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "times.json"
        # A worker by itself: processes of their own for each way would take longer than what is measured.
        command = [sys.executable, "-m", __name__, "--worker", "--calibrate-loops", "--quiet", "-o", str(out)]
        command += ["--warmups", str(WARM_UPS), "--values", str(VALUES), "--min-time", str(seconds)]
        subprocess.run(command, input=json.dumps(ways), stdout=subprocess.DEVNULL, text=True, check=True)
        suite = pyperf.BenchmarkSuite.load(str(out))
    return {bench.get_name(): 1e9 * _median(bench.get_runs()[0].warmups) for bench in suite}


def _median(samples: Sequence[tuple[int, float]]) -> float:
    """Of the last values: those before are of fewer loops, in search of how many it takes, and of the warm-up."""
    return median(value for _, value in samples[-VALUES:])


def _main() -> None:
    import pyperf

    ways = json.load(sys.stdin)
    runner = pyperf.Runner()
    for name, (statement, setup) in ways.items():
        runner.bench_time_func(name, Timer(statement, setup, process_time).timeit)


if __name__ == "__main__":
    _main()
