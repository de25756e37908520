"""Instructions of a statement, counted under valgrind's callgrind: a figure that does not wobble.

All statements run in one process, in sections that end with `os.getppid`, which nothing else calls and at which
callgrind writes down what it has counted. Each has two: the setup alone, and with the statement so many times; and so
has a statement of nothing, which is taken off. What is left is the statement's, Python's own part in it too: loading
names and calling.
"""

import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from timeit import Timer

from benchmarks.kernel.cases import Way

NUMBER = 200
WARM_UP = 50
MISSING = "valgrind is not installed: apt install valgrind"
NOTHING = Way("pass", "pass")
COUNTED = re.compile(r"^summary: (\d+)", re.MULTILINE)


class CannotCountError(Exception):
    """Why nothing can be counted here."""


def count(ways: Sequence[Way]) -> list[float]:
    """Instructions of each statement, the mean of NUMBER times. Raises CannotCountError."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise CannotCountError(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "counted"
        command = [valgrind, "--tool=callgrind", "--vgdb=no", "--dump-before=getppid", f"--callgrind-out-file={out}"]
        command += [sys.executable, "-m", __name__]
        # Without an order of its own for hashes each run takes the same way.
        done = subprocess.run(
            command,
            input=json.dumps([NOTHING, *ways]),
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise CannotCountError(f"valgrind cannot run Python here: {said[-1]}")
        # The first dump is of what is before the first section.
        sections = [_counted(Path(f"{out}.{number}")) for number in range(2, 2 * len(ways) + 4)]
    nothing, *counts = (times - setup for setup, times in zip(sections[::2], sections[1::2], strict=True))
    return [(counted - nothing) / NUMBER for counted in counts]


def _counted(dump: Path) -> int:
    found = COUNTED.search(dump.read_text()) if dump.exists() else None
    if found is None:
        raise CannotCountError("callgrind writes its counts in another way than was known")
    return int(found[1])


def _main() -> None:
    timers = [Timer(statement, setup) for statement, setup in json.load(sys.stdin)]
    gc.disable()
    for timer in timers:
        timer.timeit(WARM_UP)
    os.getppid()
    for timer in timers:
        for number in (0, NUMBER):
            timer.timeit(number)
            os.getppid()


if __name__ == "__main__":
    _main()
