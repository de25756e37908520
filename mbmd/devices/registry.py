"""Device types by name: the built-in ones, and those of users in folders of their own."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.devices.schema import DeviceType, parse
from mbmd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

SUNSPEC = frozenset({"FRONIUS", "KACO", "KOSTAL", "SE", "SMA", "SOLAREDGE", "STECA", "SUNS", "SUNSPEC"})

# The package has native modules and so never runs from a zip: importlib.resources would only cost start time.
_TABLES = Path(__file__).parent / "tables"


class Registry:
    """The built-in types, and those of the tables in `directories`; each table is read when it is first wanted."""

    def __init__(self, directories: Iterable[Path] = ()) -> None:
        self._paths = {
            path.stem.upper(): path for folder in (_TABLES, *directories) for path in sorted(folder.glob("*.toml"))
        }
        self._types: dict[str, DeviceType] = {}

    def names(self) -> tuple[str, ...]:
        """All types in upper case, sorted; reads no table."""
        return tuple(sorted(self._paths))

    def get(self, name: str) -> DeviceType:
        """The device type of that name, in any case.

        Raises UsageError for a type that is unknown or not supported, DeviceTableError for a wrong table.
        """
        key = name.upper()
        if key in SUNSPEC:
            raise UsageError(
                f"device type {name!r}: SunSpec devices are not supported by this version yet, leave it out"
            )
        if key not in self._paths:
            raise UsageError(f"unknown device type {name!r}: {self._hint(key)}")
        if key not in self._types:
            path = self._paths[key]
            self._types[key] = parse(path.read_text(encoding="utf-8"), path.name)
        return self._types[key]

    def _hint(self, key: str) -> str:
        near = difflib.get_close_matches(key, self.names())
        return f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(self.names())}"


BUILT_IN = Registry()
"""The types that mbmd brings along."""
