"""What `recipe.toml` says, checked."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mbmd.errors import UsageError
from wheels.folders import RECIPE

ABI = "3.11"
"""The CPython whose limited API the extensions of mbmd use: their wheels serve it and later ones."""


@dataclass(frozen=True)
class Platform:
    """A kind of machine that wheels are for; `name` is what wheel tags and uname call it."""

    name: str
    architecture: str
    """What Debian calls it."""
    target: str
    """What zig calls it, with the oldest glibc that shall do."""
    triplet: str
    """What GNU calls it, and Python in the names of extensions."""
    flags: Sequence[str] = ()
    """Further flags of the compiler."""

    @property
    def tag(self) -> str:
        """The tag of its wheels (PEP 600), of the glibc that `target` names."""
        return f"manylinux_{'_'.join(self.target.rpartition('gnu')[2].split('.')[1:])}_{self.name}"


@dataclass(frozen=True)
class Headers:
    """Debian's package with the headers of a CPython for a platform."""

    python: str
    platform: str
    path: str
    """Below a mirror of Debian."""
    sha256: str
    sha1: str
    """What snapshot.debian.org calls the file."""


@dataclass(frozen=True, eq=False)
class Dependency:
    """How wheels of a package are built where PyPI has none; `pylock.toml` has its version and its sdist."""

    name: str
    programs: Sequence[str] = ()
    """What must be on the machine to build it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further variables for its build; {triplet} is the platform's."""
    is_pure: bool = False
    """One wheel without extensions serves all."""


@dataclass(frozen=True)
class Recipe:
    """All of it."""

    tools: Sequence[str]
    """The requirements that `tools.txt` pins."""
    platforms: Mapping[str, Platform]
    headers: Mapping[tuple[str, str], Headers]
    """By version of CPython and platform."""
    dependencies: Mapping[str, Dependency]
    """By name."""
    proof_tools: Sequence[str] = ()
    """The requirements that `proof/tools.txt` pins."""

    def pythons(self, platform: str) -> list[str]:
        """The versions of CPython whose headers there are for a platform."""
        return [python for python, name in self.headers if name == platform]


@cache
def recipe() -> Recipe:
    """The recipe of this tree."""
    return parse(RECIPE.read_text(encoding="utf-8"), RECIPE)


def parse(text: str, path: Path) -> Recipe:
    """A recipe. Raises UsageError, beginning with the path, if a key is missing, unknown or names nothing."""
    try:
        data = tomllib.loads(text)
        platforms = {name: Platform(name, **rows) for name, rows in data.pop("platforms").items()}
        headers = {(row["python"], row["platform"]): Headers(**row) for row in data.pop("headers")}
        dependencies = {name: Dependency(name, **rows) for name, rows in data.pop("dependencies").items()}
        read = Recipe(platforms=platforms, headers=headers, dependencies=dependencies, **data)
    except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: {_reason(error)}") from None
    for python, platform in headers:
        if platform not in platforms:
            raise UsageError(f"{path}: headers of {python} for {platform}: no such platform")
    return read


def _reason(error: Exception) -> str:
    """What is wrong, in words that the constructors of data classes and TOML have."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error).rpartition("__init__() ")[2]
