"""The command that the service runs, and whether it can: much of the system is hidden from it."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - of the system, not to be written to
"""What ProtectHome and PrivateTmp of the unit hide."""


def own_command() -> tuple[str, ...]:
    """How the command that runs now is started by others."""
    found = shutil.which(sys.argv[0])
    if found and Path(found).name == "mbmd":
        return (str(Path(found).absolute()),)
    return (sys.executable, "-m", "mbmd")


def needed_files(command: Iterable[str]) -> Iterator[Path]:
    """What the command that runs now is read from: its own files, its interpreter and its libraries."""
    import mbmd

    first = Path(next(iter(command)))
    for path in (first, Path(sys.prefix), Path(sys.executable), Path(sys.base_prefix), Path(mbmd.__file__).parent):
        yield path
        yield path.resolve()


def hidden(paths: Iterable[Path]) -> Path | None:
    """The first of the paths that the service does not see; None if it sees them all."""
    return next((path for path in paths if any(path.is_relative_to(folder) for folder in HIDDEN)), None)


def closed(paths: Iterable[Path]) -> Path | None:
    """The first file, or folder on the way to it, that others than its owner may not read; None if there is none."""
    return next((part for path in paths for part in (*reversed(path.parents), path) if not _is_open(part)), None)


def _is_open(path: Path) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        return False
    return bool(mode & (stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH))
