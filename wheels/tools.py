"""The tools of the build and of the proof, each in an environment of their own."""

import hashlib
import os
import sys
from pathlib import Path

from wheels.folders import PROOF_LOCK, TOOLS_LOCK, WORK
from wheels.programs import run
from wheels.progress import step

_WHAT = {TOOLS_LOCK: "the build, 100 MB", PROOF_LOCK: "the proof"}


def tools_python(lock: Path = TOOLS_LOCK) -> Path:
    """The interpreter of the environment that has the tools pinned in `lock`, made if it is not there yet."""
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = WORK / f"tools-{sys.version_info.major}.{sys.version_info.minor}-{key}"
    python = folder / "bin" / "python"
    if not ((folder / "ready").exists() and python.exists()):
        with step(f"installing the tools of {_WHAT[lock]}, once"):
            _install(lock, folder, python)
    return python


def _install(lock: Path, folder: Path, python: Path) -> None:
    run([sys.executable, "-m", "venv", "--clear", folder], "python -m venv (apt-get install python3-venv)")
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock], f"installing {lock}")
    (folder / "ready").touch()


def enter_tools(words: list[str], lock: Path = TOOLS_LOCK) -> None:
    """Go on in the environment of the tools: the same command line, run anew there unless it already is."""
    python = tools_python(lock)
    if Path(sys.prefix) != python.parents[1]:
        os.execv(python, [str(python), "-m", "wheels", *words])  # noqa: S606 - the same program


def zig(python: Path) -> Path:
    """The compiler of the environment."""
    return next(python.parents[1].glob("lib/python*/site-packages/ziglang/zig"))
