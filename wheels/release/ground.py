"""What the steps of the release check stand on: the checkout, and programs with a log each."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mbmd.errors import MbmdError
from wheels import programs

_TAIL = 15
"""Lines of a failed program that the summary shows."""


class NotCheckedError(Exception):
    """A step could not be done here, which is not the same as that all is well."""


@dataclass(frozen=True)
class Ground:
    """A checkout, and how strictly it is looked at."""

    root: Path
    today: date
    rehearse: bool = False
    """Nothing is released yet: the changes may stand under Unreleased, and the checkout needs no tag."""

    @property
    def build(self) -> Path:
        """Where logs are kept."""
        return self.root / "build" / "release"

    def read(self, path: str) -> str:
        """The text of a file."""
        return (self.root / path).read_text(encoding="utf-8")

    def has(self, path: str, text: str) -> bool:
        """Whether there is such a file and the text is in it."""
        file = self.root / path
        return file.is_file() and text.encode() in file.read_bytes()

    def git(self, *argv: str) -> list[str]:
        """The lines that git prints; NotCheckedError where there is no repository."""
        try:
            return programs.run(["git", *argv], f"git {argv[0]}", cwd=self.root).splitlines()
        except MbmdError as error:
            raise NotCheckedError(str(error)) from None

    def run(self, step: str, argv: Sequence[str]) -> list[str]:
        """Run a program, its output into the log of a step; what to say if it fails."""
        log = self.build / f"{step}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            done = subprocess.run(  # noqa: S603
                argv, cwd=self.root, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False
            )
        if done.returncode == 0:
            return []
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        shown = [line for line in lines if line.strip()][-_TAIL:]
        where = log.relative_to(self.root)
        return [f"`{shlex.join(argv)}` gave {done.returncode}; the end of {where}:", *(f"  {line}" for line in shown)]
