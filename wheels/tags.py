"""What pip installs where: the tags of wheels that a platform with some CPython takes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

PYTHONS = ("3.11", "3.12", "3.13")
"""What mbmd runs on."""
OLDEST_GLIBC, NEWEST_GLIBC = 17, 31
"""Minor versions of glibc 2: that which our wheels need, and that which every system with such a Python has."""


def platform_tags(platform: str) -> list[str]:
    """The tags of a platform, best first.

    A Raspberry Pi with 32 bit programs on a kernel of 64 bit, as Raspberry Pi OS has it, is `linux_armv8l` to pip,
    which takes the wheels of armv7l there.
    """
    versions = range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)
    return [*(f"manylinux_2_{minor}_{platform}" for minor in versions), f"manylinux2014_{platform}"]


def abis(python: str) -> tuple[str, ...]:
    """The ABIs that a CPython takes, its own first."""
    return (f"cp{python.replace('.', '')}", "abi3", "none")


def tags(platform: str, python: str) -> list[Tag]:
    """All tags that a platform with a CPython takes, best first."""
    from packaging.tags import compatible_tags, cpython_tags

    version = [int(number) for number in python.split(".")]
    platforms = platform_tags(platform)
    interpreter = abis(python)[0]
    own = cpython_tags(version, abis(python)[:1], platforms)
    return [*own, *compatible_tags(version, interpreter, platforms)]


def best(names: Iterable[str], platform: str, python: str) -> str | None:
    """Of names of wheels, that which pip would take; None if none fits."""
    from packaging.utils import parse_wheel_filename

    order = {tag: number for number, tag in enumerate(tags(platform, python))}
    ranked = [(order[tag], name) for name in names for tag in parse_wheel_filename(name)[3] if tag in order]
    return min(ranked)[1] if ranked else None


def targets(platforms: Iterable[str]) -> list[tuple[str, str]]:
    """Every platform with every CPython."""
    return list(product(platforms, PYTHONS))
