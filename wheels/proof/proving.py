"""The proof of a wheel on a Python: it is installed as users do, its kernels are checked, and it polls a meter."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mbmd.errors import MbmdError
from wheels.folders import ROOT
from wheels.proof.report import Report
from wheels.proof.subjects import Subject, name_of, run

CHECKS = ("wheels/__init__.py", "wheels/proof/__init__.py", "wheels/proof/inside/*.py", "tests/reference.py")
"""What runs on the proved Python; nothing else of this tree is there."""

Steps = list[tuple[str, Callable[[], str]]]
"""What each is called, and does."""


def prove(subject: Subject, steps: Steps, report: Report) -> None:
    """Take the steps until one fails."""
    copy_checks(subject.work)
    all(report.do(name_of(subject), name, step) for name, step in steps)
    if (venv := subject.work / "venv").exists():
        report.note(name_of(subject), "installed, MB", f"{megabytes(venv):.1f}")


def installing(subject: Subject, *requirements: str | Path) -> Steps:
    """As users do: an environment, and pip."""
    return [
        ("python3 -m venv", lambda: run(subject, subject.python, "-m", "venv", "venv")),
        ("pip install", lambda: packages_of(run(subject, "venv/bin/python", "-m", "pip", "install", *requirements))),
    ]


def checking(subject: Subject, rounds: int) -> Steps:
    """What must work once it is installed."""
    python = "venv/bin/python"
    return [
        ("mbmd version", lambda: run(subject, "venv/bin/mbmd", "version")),
        ("kernels", lambda: run(subject, python, "-m", "wheels.proof.inside.kernels", str(rounds))),
        ("poll over TCP, REST", partial(poll, subject)),
    ]


def without_uvloop(subject: Subject) -> Steps:
    """The same where there is no uvloop, which must be in the log."""
    python = "venv/bin/python"
    return [
        ("pip uninstall uvloop", lambda: run(subject, python, "-m", "pip", "uninstall", "--quiet", "-y", "uvloop")),
        ("poll without uvloop", partial(poll, subject, "--log", "polling by asyncio")),
    ]


def poll(subject: Subject, *options: str) -> str:
    """Poll a simulated meter; what was seen."""
    return run(subject, "venv/bin/python", "-m", "wheels.proof.inside.poll", *options)


def copy_checks(work: Path) -> None:
    """Put the checks and the oracle into a folder."""
    for pattern in CHECKS:
        for source in ROOT.glob(pattern):
            target = work / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def megabytes(folder: Path) -> float:
    """What the files in a folder come to."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def packages_of(said: str) -> str:
    """How many packages pip says that it installed. Raises MbmdError if it says none."""
    last = said.rpartition("\n")[2].removeprefix("Successfully installed").split()
    if not any(name.startswith("mbmd-") for name in last):
        raise MbmdError(f"pip did not install mbmd:\n{said}")
    return f"{len(last)} packages"
