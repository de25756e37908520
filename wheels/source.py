"""What is built: the last commit, or the work tree where it differs from it."""

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from mbmd.errors import UsageError
from wheels.archive import unpack_files
from wheels.folders import ROOT
from wheels.programs import run
from wheels.progress import say


@dataclass(frozen=True)
class Source:
    """A tree to build, and the time that it is of."""

    folder: Path
    epoch: int


def exported(folder: Path) -> Source:
    """The tree, without anything that git ignores, copied to a folder. Raises UsageError outside of a work tree."""
    if not (ROOT / ".git").exists():
        raise UsageError(f"{ROOT}: not a git work tree: give what to build with --sdist")
    epoch = int(_git("rev-list", "--timestamp", "-1", "HEAD").split()[0])
    changed = _git("status", "--porcelain").splitlines()
    folder.mkdir()
    if changed:
        say(f"{len(changed)} files differ from the last commit: they are built as they stand")
        _copy(folder)
    else:
        _export(folder)
    return Source(folder, epoch)


def _copy(folder: Path) -> None:
    for name in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def _export(folder: Path) -> None:
    packed = folder.with_suffix(".tar")
    _git("archive", "--format=tar", f"--output={packed}", "HEAD")
    with tarfile.open(packed) as archive:
        unpack_files(archive, folder)


def _git(*arguments: str) -> str:
    return run(["git", "-C", ROOT, *arguments], f"git {arguments[0]}")
