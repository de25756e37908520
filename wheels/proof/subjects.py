"""Pythons that wheels are proved on: those of this machine, and emulated ones in fresh trees of Debian."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from mbmd.errors import MbmdError
from wheels.folders import ROOT, WORK
from wheels.proof.enter import entering
from wheels.proof.trees import packages, tree

PATIENCE = 1800.0
"""Seconds that a command may take; emulation is slow."""
LAST_LINES = 30
COMPILERS = ("cc", "c++", "c89", "c99", "gcc", "g++", "clang", "ld", "as", "make", "cython", "zig")


class Subject(Protocol):
    """A Python of a platform, and a folder that it works in."""

    platform: str
    version: str
    python: str
    """Where it is, seen from inside."""
    work: Path
    """The folder, seen from outside."""

    @property
    def cwd(self) -> Path:
        """Where its command lines are run."""

    def prepare(self) -> str:
        """Make it ready; what there is to say of it."""

    def command(self, arguments: list[str]) -> list[str]:
        """The command line that runs this one in the folder."""


def name_of(subject: Subject) -> str:
    """What it is called in reports."""
    return f"{subject.platform} {subject.version}"


def run(subject: Subject, *arguments: str | Path) -> str:
    """What a command printed that ran in the subject's folder. Raises MbmdError with its last lines if it fails."""
    command = subject.command([str(argument) for argument in arguments])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    with subprocess.Popen(  # noqa: S603 - commands are put together here
        command,
        env=environment,
        cwd=subject.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as running:
        _running.add(running)
        try:
            if _ending.is_set():
                raise MbmdError("interrupted")
            said, _ = running.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise MbmdError(f"{arguments[0]} did not end within {PATIENCE:.0f} s") from None
        finally:
            _stop(running)
    if running.returncode:
        last = "\n".join(said.strip().splitlines()[-LAST_LINES:])
        raise MbmdError(f"exit code {running.returncode}\n{last}")
    return said.strip()


_running: set["subprocess.Popen[str]"] = set()
_ending = Event()


def stop_all() -> None:
    """End what runs, and all that it started; nothing more is run."""
    _ending.set()
    for running in list(_running):
        _stop(running)


def _stop(running: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    _running.discard(running)


@dataclass
class Native:
    """A Python of this machine."""

    platform: str
    version: str
    python: str
    work: Path

    @property
    def cwd(self) -> Path:
        """The folder itself."""
        return self.work

    def prepare(self) -> str:
        """It is there."""
        return self.python

    def command(self, arguments: list[str]) -> list[str]:
        """As it is."""
        return arguments


@dataclass
class Emulated:
    """Debian's Python for another platform, in a tree."""

    platform: str
    version: str
    emulator: str
    work: Path
    python: str = "/usr/bin/python3"
    cwd: Path = ROOT

    @property
    def tree(self) -> Path:
        """Where it is, made when it is first asked for."""
        return tree(WORK / "trees", self.platform, self.version)

    def prepare(self) -> str:
        """Make the tree, unless it is kept from before; a compiler must not be there."""
        found = [name for name in COMPILERS if shutil.which(name, path=str(self.tree / "usr/bin"))]
        if found:
            raise MbmdError(f"there is a compiler in {self.tree}: {', '.join(found)}")
        version = run(self, self.python, "--version")
        return f"{len(packages(self.tree))} packages of Debian, no compiler among them, {version}"

    def command(self, arguments: list[str]) -> list[str]:
        """In namespaces of its own."""
        return entering(self.platform, self.emulator, self.tree, self.work, arguments)
