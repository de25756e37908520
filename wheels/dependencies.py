"""Wheels of what mbmd needs, where PyPI has none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.errors import MbmdError, UsageError
from wheels import download
from wheels.cross import target
from wheels.folders import TOOLS_LOCK, WORK
from wheels.output import kept
from wheels.progress import step
from wheels.recipe import ABI, Dependency, recipe
from wheels.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wheels.locked import Package

_CODE = [Path(__file__).with_name(name) for name in ("archive.py", "cross.py", "recipe.toml", "wheel.py")]


@dataclass(frozen=True)
class Lacking:
    """A wheel that PyPI lacks and we build."""

    package: Package
    dependency: Dependency
    platform: str
    python: str

    @property
    def folder(self) -> Path:
        """Where it is kept: what it is made of names the folder."""
        digest = hashlib.sha256(f"{self.package.sdist} {self.platform} {self.python}".encode())
        for path in (*_CODE, TOOLS_LOCK):
            digest.update(path.read_bytes())
        return WORK / "built" / f"{self.package.pin}-{self.platform}-{self.python}-{digest.hexdigest()[:12]}"


def lacking(packages: Iterable[Package], platform: str, python: str) -> list[Lacking]:
    """What PyPI lacks for a platform with a CPython.

    Raises UsageError if it can't be built: the recipe does not know the package, or has no headers of the CPython.
    """
    return [_row(package, platform, python) for package in packages if package.wheel(platform, python) is None]


def _row(package: Package, platform: str, python: str) -> Lacking:
    dependency = recipe().dependencies.get(package.name)
    if dependency is None:
        raise UsageError(f"PyPI lacks a wheel of {package.pin} for {platform}: tell wheels/recipe.toml how to build it")
    python = ABI if dependency.is_pure else python
    if (python, platform) not in recipe().headers:
        known = ", ".join(recipe().pythons(platform))
        raise UsageError(
            f"{package.name} for {platform} has to be built, and wheels/recipe.toml has no headers of CPython "
            f"{python}: choose one of {known}"
        )
    return Lacking(package, dependency, platform, python)


def all_lacking(packages: Sequence[Package]) -> list[Lacking]:
    """Of all platforms, with each CPython whose headers the recipe has; what takes longest comes first."""
    found = [row for python, platform in recipe().headers for row in lacking(packages, platform, python)]
    return sorted(dict.fromkeys(found), key=lambda row: not row.dependency.programs)


def built(row: Lacking, interpreter: Path) -> Path:
    """The wheel, built if it was not yet."""
    folder = row.folder
    if not folder.exists():
        with step(f"{row.package.name} for {row.platform}, CPython {row.python}"), kept(folder) as made:
            _build(row, interpreter, made)
    (wheel,) = folder.iterdir()
    return wheel


def _build(row: Lacking, interpreter: Path, out: Path) -> None:
    if row.package.sdist is None:
        raise MbmdError(f"{row.package.pin}: wheels/pylock.toml has no sdist of it: run: python -m wheels lock")
    sdist = download.sdist(row.package, row.package.sdist, interpreter)
    place = target(recipe(), row.platform, row.python)
    environment = {key: text.format(triplet=place.platform.triplet) for key, text in row.dependency.environment.items()}
    build_wheel(sdist, place, interpreter, out, environment)
