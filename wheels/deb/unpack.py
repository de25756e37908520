"""Wheels unpacked into a folder, for a Python and a machine that need not be those that do it."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mbmd.errors import MbmdError

_NAME = re.compile(
    r"(?P<name>[^-]+)-(?P<version>[^-]+)(-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)
_IMPORTED = ("purelib", "platlib")
"""Parts of a wheel's data that are imported; scripts and the like are not wanted."""


class Wheel(NamedTuple):
    """A wheel: its file, and what its name says."""

    path: Path
    name: str
    version: str
    python: str
    abi: str
    platform: str


def wheels_in(folder: Path) -> list[Wheel]:
    """The wheels in a folder, by name. Raises MbmdError if there is none, or one twice."""
    found = [_wheel(path) for path in sorted(folder.glob("*.whl"))]
    names = [wheel.name for wheel in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise MbmdError(f"{folder} has {twice[0]} more than once: leave the one that is wanted")
    if "mbmd" not in names:
        raise MbmdError(f"{folder} has no wheel of mbmd: make it with python -m wheels bundle")
    return found


def _wheel(path: Path) -> Wheel:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise MbmdError(f"{path} is not named as wheels are")
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    return Wheel(path, name, match["version"], match["python"], match["abi"], match["platform"])


def check(wheels: Iterable[Wheel], python: str, machine: str) -> None:
    """Raises MbmdError for a wheel that does not run on a Python, such as 3.11, of a machine, such as aarch64."""
    for wheel in wheels:
        if not _is_for_python(wheel, python):
            raise MbmdError(f"{wheel.path} is not for Python {python}: make the bundle for that")
        if not any(part == "any" or part.endswith(f"_{machine}") for part in wheel.platform.split(".")):
            raise MbmdError(f"{wheel.path} is not for {machine}: make the bundle for that")


def _is_for_python(wheel: Wheel, python: str) -> bool:
    own = f"cp{python.replace('.', '')}"
    minor = int(python.partition(".")[2])
    abi3 = "abi3" in wheel.abi.split(".")
    return any(
        tag in ("py3", own) or (abi3 and tag.startswith("cp3") and int(tag[3:]) <= minor)
        for tag in wheel.python.split(".")
    )


def unpack(wheel: Wheel, folder: Path) -> None:
    """Unpack what a wheel has to import, with its metadata. Raises MbmdError if it can't be read or leads elsewhere."""
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            for info in archive.infolist():
                if not info.is_dir() and (place := _place(wheel, info.filename)) is not None:
                    target = folder / place
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(info))
    except (OSError, zipfile.BadZipFile) as error:
        raise MbmdError(f"{wheel.path} cannot be unpacked: {error}") from None


def _place(wheel: Wheel, name: str) -> PurePosixPath | None:
    """Where a file of a wheel belongs; None for what is not imported."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise MbmdError(f"{wheel.path} has a file that leads elsewhere: {name}")
    if not path.parts[0].endswith(".data"):
        return path
    return PurePosixPath(*path.parts[2:]) if path.parts[1] in _IMPORTED else None
