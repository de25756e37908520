"""What mbmd needs to run, each package at one version: `pylock.toml` (PEP 751).

Of each package it has the wheel that each platform with each CPython takes, and the sdist that wheels are built of
where PyPI has none.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from mbmd.errors import UsageError
from wheels.folders import RUNTIME_LOCK
from wheels.tags import best

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TOOL = "mbmd"
"""Whose keys are ours in `packages.tool`."""


@dataclass(frozen=True)
class File:
    """A file on PyPI."""

    url: str
    sha256: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> File:
        """A file of a lock."""
        return cls(row["url"], row["hashes"]["sha256"])

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Package:
    """A package at its version."""

    name: str
    version: str
    license: str
    """An SPDX expression."""
    needs: tuple[str, ...]
    """Names of the packages that it needs."""
    wheels: tuple[File, ...]
    sdist: File | None = None

    @property
    def pin(self) -> str:
        """It as a requirement."""
        return f"{self.name}=={self.version}"

    def wheel(self, platform: str, python: str) -> File | None:
        """The wheel that pip takes on a platform with a CPython."""
        files = {file.name: file for file in self.wheels}
        name = best(files, platform, python)
        return None if name is None else files[name]


@cache
def packages() -> Mapping[str, Package]:
    """What is pinned, by name."""
    return parse(RUNTIME_LOCK.read_text(encoding="utf-8"), RUNTIME_LOCK)


def parse(text: str, path: Path) -> dict[str, Package]:
    """The packages of a lock. Raises UsageError if it is none of ours."""
    try:
        rows = tomllib.loads(text)["packages"]
        return {row["name"]: _package(row) for row in rows}
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: {error}: write it anew with: python -m wheels lock") from None


def _package(row: Mapping[str, Any]) -> Package:
    sdist = File.read(row["sdist"]) if "sdist" in row else None
    wheels = tuple(map(File.read, row.get("wheels", [])))
    needs = tuple(needed["name"] for needed in row["dependencies"])
    return Package(row["name"], row["version"], row["tool"][TOOL]["license"], needs, wheels, sdist)


def text_of(packages: Sequence[Package]) -> str:
    """A lock as TOML."""
    head = 'lock-version = "1.0"\ncreated-by = "python -m wheels lock"\n'
    return head + "".join(_table(package) for package in packages)


def _table(package: Package) -> str:
    lines = ["\n[[packages]]", f'name = "{package.name}"', f'version = "{package.version}"']
    needs = ", ".join(f'{{ name = "{name}" }}' for name in package.needs)
    lines.append(f"dependencies = [{needs}]")
    if package.sdist is not None:
        lines.append(f"sdist = {_inline(package.sdist)}")
    lines += ["wheels = [", *(f"    {_inline(file)}," for file in package.wheels), "]"]
    return "\n".join([*lines, f"[packages.tool.{TOOL}]", f'license = "{package.license}"', ""])


def _inline(file: File) -> str:
    return f'{{ url = "{file.url}", hashes = {{ sha256 = "{file.sha256}" }} }}'
