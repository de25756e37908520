"""What Debian packages are made for, and what is in them."""

import re
from dataclasses import dataclass
from types import MappingProxyType

from wheels.recipe import recipe

PACKAGE = "mbmd"
MAINTAINER = "the authors of mbmd <mbmd@example.org>"
"""Debian wants an address, and pyproject.toml names none, as it names no homepage: who publishes puts theirs here."""
LIBRARY = "usr/lib/mbmd"
"""The folder of Python's packages, of which nobody else imports anything."""
CONFIG = "etc/mbmd.yaml"

MACHINES = MappingProxyType({platform.architecture: name for name, platform in recipe().platforms.items()})
"""Architectures of Debian, and what wheels call them."""

LEFT_OUT = frozenset({"setuptools"})
"""Distributions that others ask for, and of which nothing is used when they run."""

_BEFORE = ((re.compile(r"\.?(dev\d)"), r"~~~\1"), (re.compile(r"(?<=\d)((a|b|rc)\d)"), r"~~\1"))
"""What comes before a release, and what puts it there: the ~deb of a release is a ~ already."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian: its number, its Python, and where its packages have units of systemd."""

    number: int
    python: str
    units: str


RELEASES = MappingProxyType(
    {
        "bookworm": Release(12, "3.11", "lib/systemd/system"),
        "trixie": Release(13, "3.13", "usr/lib/systemd/system"),
    }
)


def debian_version(version: str, release: Release) -> str:
    """A version as Debian compares it: 1.0rc1 comes before 1.0, a package for Debian 12 before that for 13."""
    for pattern, lower in _BEFORE:
        version = pattern.sub(lower, version)
    return f"{version}~deb{release.number}"
