"""Device types and their files, as the commands of this folder need them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mbmd.errors import DeviceTableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mbmd.devices.registry import Registry
    from mbmd.devices.schema import DeviceType


class SunSpec(NamedTuple):
    """A device type without a table, with all that its devices may have: each says itself what it has."""

    type: DeviceType


class Table(NamedTuple):
    """A device type with its file."""

    type: DeviceType
    path: Path
    is_built_in: bool


class Broken(NamedTuple):
    """A file that does not say what its device type is, and why; no file where two stand for one type."""

    name: str
    path: Path | None
    problems: str


def tables(types: Registry) -> Iterator[Table | SunSpec | Broken]:
    """All types by name."""
    from mbmd.devices.registry import SUNSPEC
    from mbmd.sunspec.device_type import device_type

    for name in sorted(SUNSPEC.union(types.names())):
        if name in SUNSPEC:
            yield SunSpec(device_type(name))
            continue
        path = None
        try:
            path = types.path(name)
            yield Table(types.get(name), path, types.is_built_in(name))
        except DeviceTableError as error:
            yield Broken(name, path, str(error))


def find(types: Registry, name: str) -> Table:
    """The device type of that name, or of that file if it has a folder or the suffix of a table.

    Raises UsageError for an unknown type, DeviceTableError for a wrong table.
    """
    if "/" in name or name.endswith(".toml"):
        return Table(types.load(Path(name)), Path(name), False)
    return Table(types.get(name), types.path(name), types.is_built_in(name))
