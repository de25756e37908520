"""A player in a process of its own, which tells what it has counted whenever it is asked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.play.process import cpu_seconds


class Child:
    """Runs `python -m MODULE ARGUMENTS`; the first line that it wrote, parsed, is in `ready`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid
        self.ready = self._read()

    @property
    def cpu_seconds(self) -> float:
        """CPU time that it has had so far."""
        return cpu_seconds(self.pid)

    def ask(self, question: str = "") -> Any:
        """What it has counted so far, or what it answers to a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(map(str, self._process.args))} has ended, for the reason above")  # type: ignore[arg-type]
        return json.loads(line)


@contextmanager
def playing(module: str, *arguments: object) -> Iterator[Child]:
    """A player that is ready, and ended afterwards."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Child(process)
        finally:
            process.terminate()
