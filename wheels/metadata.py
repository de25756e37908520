"""What the metadata in a wheel says."""

from __future__ import annotations

import email
import zipfile
from typing import TYPE_CHECKING

from mbmd.errors import MbmdError
from wheels.recipe import recipe
from wheels.tags import targets

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

_PREFIX = "License :: OSI Approved :: "
_SPOKEN = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What old packages say instead of an SPDX expression."""


def metadata(wheel: Path) -> Message:
    """The metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name.split("/") for name in archive.namelist()]
        # Some carry the metadata of other packages further down.
        (name,) = ["/".join(parts) for parts in names if len(parts) == 2 and parts[1] == "METADATA"]
        return email.message_from_bytes(archive.read(name))


def licence(said: Message) -> str:
    """An SPDX expression for what the metadata says. Raises MbmdError if it says nothing that has one."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    for key in ("License-Expression", "License"):
        text = said.get(key, "")
        try:
            return str(canonicalize_license_expression(_SPOKEN.get(text, text)))
        except InvalidLicenseExpression:
            continue
    named = [text.removeprefix(_PREFIX) for text in said.get_all("Classifier", []) if text.startswith(_PREFIX)]
    if not named or not all(name in _SPOKEN for name in named):
        raise MbmdError(f"{said['Name']} {said['Version']}: no licence that has an SPDX expression: look at it")
    return " OR ".join(sorted(_SPOKEN[name] for name in named))


def needed(said: Message) -> tuple[str, ...]:
    """The names of what a package needs on any of the targets, of its metadata."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = map(Requirement, said.get_all("Requires-Dist", []))
    names = {canonicalize_name(row.name) for row in wanted if applies(None if row.marker is None else str(row.marker))}
    return tuple(sorted(names))


def applies(marker: str | None) -> bool:
    """Whether a package is needed on any of the targets."""
    from packaging.markers import Marker

    return marker is None or any(
        Marker(marker).evaluate(_environment(platform, python)) for platform, python in targets(recipe().platforms)
    )


def _environment(platform: str, python: str) -> dict[str, str]:
    return {
        "extra": "",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": platform,
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
