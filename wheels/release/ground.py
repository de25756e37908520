"""What the steps of the release check stand on: the checkout, programs with a log each, and the tools' own venv."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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
        """Where logs and tools are kept."""
        return self.root / "build" / "release"

    def read(self, path: str) -> str:
        """The text of a file."""
        return (self.root / path).read_text(encoding="utf-8")

    def git(self, *argv: str) -> list[str]:
        """The lines that git prints; NotCheckedError where there is no repository."""
        command = ["git", *argv]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise NotCheckedError(f"git {argv[0]}: {done.stderr.strip()}")
        return done.stdout.splitlines()

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

    def tool(self, name: str) -> str:
        """The path of a pinned tool; the venv is made when its pins or this Python changed."""
        pins = self.root / "wheels" / "release" / "tools.txt"
        mark = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
        venv, stamp = self.build / "tools", self.build / "tools" / "made-of"
        if not stamp.exists() or stamp.read_text(encoding="ascii") != mark:
            install = [
                str(venv / "bin" / "pip"),
                "install",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "-r",
                str(pins),
            ]
            for argv in ([sys.executable, "-m", "venv", "--clear", str(venv)], install):
                if said := self.run("tools", argv):
                    raise NotCheckedError("\n".join(said))
            stamp.write_text(mark, encoding="ascii")
        return str(venv / "bin" / name)
