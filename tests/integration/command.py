"""The command `mbmd` as its users run it: a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from tests.integration.meters import fetch

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds within which a loaded machine still does anything."""


def mbmd(*args: str, timeout: float = PATIENCE, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    command = [sys.executable, "-m", "mbmd", *args]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, timeout=timeout, check=False
    )


class Running:
    """A command that runs; its output is complete after `stop`."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def output(self) -> str:
        """What it has written to standard output."""
        return (self._folder / "out").read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        return (self._folder / "err").read_text(encoding="utf-8")

    def stop(self, number: int) -> tuple[int, float]:
        """Send a signal; returns the exit code and how many seconds the end took."""
        started = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        return code, time.monotonic() - started

    def until_output(self, text: str) -> None:
        """Wait for a text on standard output."""
        until(lambda: text in self.output or None, self)


@contextmanager
def running(folder: Path, *args: str) -> Iterator[Running]:
    """A command in the background, its output in `folder`; ended with the context."""
    folder.mkdir(exist_ok=True)
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        env = {**os.environ, "PYTHONUNBUFFERED": "1", "STATE_DIRECTORY": str(folder), "RUNTIME_DIRECTORY": str(folder)}
        process = subprocess.Popen(
            [sys.executable, "-m", "mbmd", *args], cwd=ROOT, stdout=out, stderr=err, text=True, env=env
        )
    try:
        yield Running(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)


def until(check: Any, command: Running) -> Any:
    """What `check` returns, as soon as that is not None; fails with the log when it never is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = check()
        if result is not None:
            return result
        assert command.process.poll() is None, f"it ended: {command.log}"
        time.sleep(0.05)
    raise AssertionError(f"nothing within {PATIENCE:.0f} s: {command.log}")


def readings(api: str, devices: int, command: Running) -> dict[str, dict[str, Any]]:
    """The latest readings, once so many devices are online."""

    def complete() -> dict[str, dict[str, Any]] | None:
        try:
            last: dict[str, dict[str, Any]] = fetch(f"http://{api}/api/last")
        except (URLError, ConnectionError):
            return None
        return last if len(last) == devices else None

    result: dict[str, dict[str, Any]] = until(complete, command)
    return result
