"""Device types and their files, as the commands of this folder need them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mbmd.devices import registry
from mbmd.devices.schema import DeviceType, parse
from mbmd.errors import DeviceTableError
from mbmd.measurements import CATALOGUE, Measurement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mbmd.devices.registry import Registry


class Table(NamedTuple):
    """A device type with its file."""

    type: DeviceType
    path: Path
    is_built_in: bool


class Broken(NamedTuple):
    """A file that does not say what its device type is, and why."""

    name: str
    path: Path
    problems: str


def tables(types: Registry) -> Iterator[Table | Broken]:
    """All types by name."""
    for name in types.names():
        try:
            yield find(types, name)
        except DeviceTableError as error:
            yield Broken(name, types._paths[name], str(error))


def find(types: Registry, name: str) -> Table:
    """The device type of that name, or of that file if it has a folder or the suffix of a table.

    Raises UsageError for an unknown type, DeviceTableError for a wrong table.
    """
    if "/" in name or name.endswith(".toml"):
        return Table(load(types, Path(name)), Path(name), False)
    device_type = types.get(name)
    path = types._paths[name.upper()]
    return Table(device_type, path, path.parent == registry._TABLES)


def load(types: Registry, path: Path) -> DeviceType:  # noqa: ARG001
    """The device type of a file. Raises DeviceTableError with a line for each thing that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DeviceTableError(f"{path}: cannot be read: {reason}") from None
    return parse(text, str(path))


def measurements(device_type: DeviceType) -> Mapping[str, Measurement]:
    """The measurements of a type by name, in the order of its table."""
    return {register.measurement: CATALOGUE[register.measurement] for register in device_type.registers}
