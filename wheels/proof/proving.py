"""The proof of a wheel on a Python: it is installed as users do, its kernels are checked, and it polls a meter."""

import shutil
from collections.abc import Callable
from pathlib import Path

from wheels.folders import ROOT
from wheels.proof.report import Report
from wheels.proof.subjects import Subject, name_of, run

CHECKS = ("wheels/__init__.py", "wheels/proof/__init__.py", "wheels/proof/inside/*.py", "tests/reference.py")
"""What runs on the proved Python; nothing else of this tree is there."""
SITE = "import sysconfig; print(sysconfig.get_path('platlib'))"
WITHOUT_UVLOOP = "asyncio"
"""What the log of `mbmd run` has where there is no uvloop."""


def prove(subject: Subject, wheels: Callable[[], list[str | Path]], rounds: int, report: Report) -> None:
    """Take all steps; `wheels` returns what pip is told to install. Raises Stopped if one fails."""

    def do(step: str, function: Callable[[], str]) -> None:
        report.do(name_of(subject), step, function)

    do("Python", subject.prepare)
    venv = subject.inside / "venv"
    python, mbmd = venv / "bin" / "python", venv / "bin" / "mbmd"
    requirements: list[str | Path] = []
    do("wheels to install from", lambda: requirements.extend(wheels()) or "")
    copy_checks(subject.work)
    do("python3 -m venv", lambda: run(subject, subject.python, "-m", "venv", venv))
    do("pip install", lambda: _last_line(run(subject, python, "-m", "pip", "install", *requirements)))
    report.note(name_of(subject), "installed, MB", megabytes(subject.work / "venv"))
    do("mbmd version", lambda: run(subject, mbmd, "version"))
    do("kernels against the oracle", lambda: run(subject, python, "-m", "wheels.proof.inside.kernels", str(rounds)))
    do("mbmd run polls a meter", lambda: run(subject, python, "-m", "wheels.proof.inside.poll"))


def copy_checks(work: Path) -> None:
    """Put the checks and the oracle into a folder."""
    for pattern in CHECKS:
        for source in ROOT.glob(pattern):
            target = work / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def megabytes(folder: Path) -> str:
    """What the files in a folder come to."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return f"{size / 1e6:.1f}"


def _last_line(text: str) -> str:
    return text.rpartition("\n")[2]
