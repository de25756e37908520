"""Which Pythons the wheels are proved on, and by which steps."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wheels import programs
from wheels.folders import ROOT
from wheels.proof import pythons
from wheels.proof.files import wheel_for
from wheels.proof.proving import Steps, checking, installing, megabytes, prove, without_uvloop
from wheels.proof.report import Report
from wheels.proof.subjects import Emulated, Native, Subject, name_of, stop_all
from wheels.proof.systems import QUICK, SUITES, emulator, is_native

NATIVE_ROUNDS, EMULATED_ROUNDS = 10, 2
"""Of cases for the kernels."""


@dataclass(frozen=True)
class Planned:
    """A proof to be done in a folder that is given then."""

    platform: str
    version: str
    begin: Callable[[Path], tuple[Subject, Steps]]

    @property
    def name(self) -> str:
        """What its subject is called in reports."""
        return f"{self.platform} {self.version}"


def planned(platforms: list[str], dist: Path, quick: bool, report: Report) -> list[Planned]:
    """The Pythons of this machine for its own platform, Debian's for the others."""
    plans = []
    for platform in platforms:
        if is_native(platform):
            plans += _natives(platform, wheel_for(dist, platform))
        else:
            versions = [version for version in SUITES if version == QUICK or not quick]
            plans += [Planned(platform, of, partial(_emulated, platform, of, dist, report)) for of in versions]
    for plan in plans:
        report.note(plan.name, "wheel, MB", f"{wheel_for(dist, plan.platform).stat().st_size / 1e6:.1f}")
    return plans


def carry_out(plans: list[Planned], jobs: int, report: Report) -> None:
    """Do so many proofs at a time; when interrupted, end all that runs."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(_carry_out, plan, report) for plan in plans]
        try:
            for job in waiting:
                job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_all()
            raise


def _carry_out(plan: Planned, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="mbmd-proof-") as work:
        subject, steps = plan.begin(Path(work))
        prove(subject, steps, report)


def _natives(platform: str, wheel: Path) -> list[Planned]:
    found = pythons.found()
    if missing := [version for version, python in found.items() if python is None]:
        print(f"not on this machine: CPython {', '.join(missing)}", flush=True)
    there = [python for python in found.values() if python is not None]
    return [Planned(platform, version, partial(_native, platform, version, path, wheel)) for version, path in there]


def _native(platform: str, version: str, python: str, wheel: Path, work: Path) -> tuple[Subject, Steps]:
    subject = Native(platform, version, python, work)
    return subject, [*installing(subject, wheel), *checking(subject, NATIVE_ROUNDS)]


def _emulated(platform: str, version: str, dist: Path, report: Report, work: Path) -> tuple[Subject, Steps]:
    subject = Emulated(platform, version, emulator(platform) or "", work)
    steps: Steps = [
        ("fresh tree", subject.prepare),
        ("bundle", partial(_bundle, subject, dist, report)),
        *installing(subject, "--no-index", "--find-links", "bundle", "mbmd"),
        *checking(subject, EMULATED_ROUNDS),
    ]
    return subject, [*steps, *(without_uvloop(subject) if platform == "armv7l" else ())]


def _bundle(subject: Subject, dist: Path, report: Report) -> str:
    """Gather all wheels that are installed, as users would; the wheel of mbmd is that of `dist`."""
    folder = subject.work / "bundle"
    words = ["-m", "wheels", "bundle", subject.platform, subject.version, "--out", str(folder)]
    programs.run([sys.executable, *words], "python -m wheels bundle", cwd=ROOT)
    for wheel in folder.glob("mbmd-*.whl"):
        wheel.unlink()
    shutil.copy(wheel_for(dist, subject.platform), folder)
    report.note(name_of(subject), "bundle, MB", f"{megabytes(folder):.1f}")
    return f"{len(list(folder.glob('*.whl')))} wheels"
