"""One wheel, of an sdist, for a target."""

import os
import shutil
import tempfile
from pathlib import Path

from mbmd.errors import MbmdError
from wheels.archive import repack_tar_gz, repack_zip, unpack_sdist
from wheels.cross import Target, building
from wheels.programs import run
from wheels.source import Source

_BUILD = ["-m", "build", "--no-isolation", "--skip-dependency-check"]


def build_sdist(source: Source, python: Path, out: Path) -> Path:
    """The sdist of a tree."""
    with tempfile.TemporaryDirectory(prefix="mbmd-sdist-") as name:
        run([python, *_BUILD, "--sdist", "--outdir", name, source.folder], "building the sdist", cwd=source.folder)
        (made,) = Path(name).iterdir()
        repack_tar_gz(made, source.epoch)
        return Path(shutil.move(made, out / made.name))


def build_wheel(
    sdist: Path, target: Target, python: Path, out: Path, environment: dict[str, str] | None = None
) -> Path:
    """A wheel of an sdist for a target; its times are the newest of the sdist. Raises MbmdError if it can't be."""
    what = f"building {sdist.name} for {target.platform.name}, CPython {target.python}"
    with tempfile.TemporaryDirectory(prefix="mbmd-wheel-") as name:
        work = Path(name)
        folder, epoch = unpack_sdist(sdist, _made(work / "source"))
        raw, fixed = _made(work / "raw"), _made(work / "fixed")
        with building(target, python, folder, epoch) as clean:
            env = {**clean, **(environment or {})}
            run([python, *_BUILD, "--wheel", "--outdir", raw, folder], what, cwd=folder, env=env)
        (made,) = raw.iterdir()
        tag = target.platform.tag
        repair: list[str | Path] = [
            python,
            "-m",
            "auditwheel",
            "repair",
            "--plat",
            "auto",
            "--only-plat",
            "--wheel-dir",
            fixed,
            made,
        ]
        run(repair, f"{what}: auditwheel", env={"PATH": f"{python.parent}:{os.defpath}"})
        (wheel,) = fixed.iterdir()
        if tag not in wheel.name:
            raise MbmdError(f"{what}: {wheel.name} needs a newer glibc than {tag} has")
        repack_zip(wheel, epoch)
        return Path(shutil.move(wheel, out / wheel.name))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
