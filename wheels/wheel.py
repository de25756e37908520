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
        command: list[str | Path] = [python, *_BUILD, "--sdist", "--outdir", name, source.folder]
        run(command, "building the sdist", source.folder, {"LC_ALL": "C.UTF-8", "PATH": os.defpath})
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
        if not made.name.endswith("-any.whl"):
            made = _tagged(made, target, python, fixed, what)
        repack_zip(made, epoch)
        return Path(shutil.move(made, out / made.name))


def _tagged(made: Path, target: Target, python: Path, folder: Path, what: str) -> Path:
    """The wheel with the platform's tag, in another folder. Raises MbmdError if it needs more than the tag promises."""
    tag = target.platform.tag
    repair: list[str | Path] = [python, "-m", "auditwheel", "repair", "--plat", "auto", "--only-plat"]
    run([*repair, "--wheel-dir", folder, made], f"{what}: auditwheel", env={"PATH": f"{python.parent}:{os.defpath}"})
    (wheel,) = folder.iterdir()
    if tag not in wheel.name:
        raise MbmdError(f"{what}: {wheel.name} needs a newer glibc than {tag} has")
    return wheel


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
