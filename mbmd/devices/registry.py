"""Device types by name: the built-in ones, and those of users in folders of their own."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.devices.table import parse
from mbmd.errors import DeviceTableError, UsageError
from mbmd.measurements import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mbmd.devices.schema import DeviceType
    from mbmd.devices.table import Table
    from mbmd.measurements import Measurement

SUNSPEC = frozenset({"FRONIUS", "KACO", "KOSTAL", "SE", "SMA", "SOLAREDGE", "STECA", "SUNS", "SUNSPEC"})
LARGEST = 1 << 20
"""Bytes that a table may have."""
DEEPEST = 16
"""Tables of which each extends the next."""

# The package has native modules and so never runs from a zip: importlib.resources would only cost start time.
_TABLES = Path(__file__).parent / "tables"


class Registry:
    """The built-in types, and those of the tables in `directories`; each table is read when it is first wanted.

    A table is named after its type, in any case. The first folder that has a type wins, the built-in ones come last;
    a table may extend the one of its own name that it hides. Folders may be missing.
    """

    def __init__(self, directories: Iterable[Path] = ()) -> None:
        self._paths: dict[str, list[Path]] = {}
        self._troubles: list[str] = []
        for folder in (*directories, _TABLES):
            for path in self._tables_in(folder):
                self._paths.setdefault(path.stem.upper(), []).append(path)
        self._tables: dict[Path, Table] = {}

    def names(self) -> tuple[str, ...]:
        """All types in upper case, sorted; reads no table."""
        return tuple(sorted(self._paths.keys() - SUNSPEC))

    def get(self, name: str) -> DeviceType:
        """The device type of that name, in any case.

        Raises UsageError for a type that is unknown or not supported, DeviceTableError for a wrong table.
        """
        return self._table(self.path(name), ()).device

    def path(self, name: str) -> Path:
        """The table of a type. Raises UsageError as `get`."""
        return self._tables_of(name)[0]

    def is_built_in(self, name: str) -> bool:
        """Whether the type of that name is one that mbmd brings along. Raises UsageError as `get`."""
        return self.path(name).parent == _TABLES

    def load(self, path: Path) -> DeviceType:
        """The device type of any table, which may extend types of the registry. Raises DeviceTableError."""
        return self._table(path, ()).device

    def measurements(self) -> Mapping[str, Measurement]:
        """The catalogue, and what the users' tables define beside it; tables that are wrong are left out.

        Where two define one name, the first type by name counts here; each device has the one of its own table.
        """
        known = dict(CATALOGUE)
        for name in self.names():
            try:
                own = () if self.is_built_in(name) else self.get(name).own
            except DeviceTableError:
                continue
            for measurement in own:
                known.setdefault(measurement.name, measurement)
        return known

    def _tables_in(self, folder: Path) -> list[Path]:
        try:
            files = sorted(folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            self._troubles.append(f"the folder {folder} cannot be read ({error.strerror})")
            return []
        return [path for path in files if path.suffix.lower() == ".toml" and not path.name.startswith(".")]

    def _tables_of(self, name: str) -> Sequence[Path]:
        """The tables of a type, the one that counts first."""
        key = name.upper()
        if key in SUNSPEC and key in self._paths:
            raise DeviceTableError(_taken_by_sunspec(self._paths[key][0], key))
        if key in SUNSPEC:
            raise UsageError(
                f"device type {name!r}: SunSpec devices have no table, they tell themselves what they have"
            )
        if key not in self._paths:
            raise UsageError("; ".join((f"unknown device type {name!r}: {self._hint(key)}", *self._troubles)))
        first, *others = paths = self._paths[key]
        if twins := [path for path in others if path.parent == first.parent]:
            raise DeviceTableError(f"{first}: there is {twins[0].name} beside it for the same type: remove one of them")
        return paths

    def _hint(self, key: str) -> str:
        known = sorted(SUNSPEC.union(self.names()))
        near = difflib.get_close_matches(key, known)
        return f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(known)}"

    def _table(self, path: Path, extending: tuple[Path, ...]) -> Table:
        """The table at a path, which those in `extending` extend."""
        if path not in self._tables:
            source = path.name if path.parent == _TABLES else str(path)
            chain = (*extending, path)
            if path in extending or len(chain) > DEEPEST:
                raise DeviceTableError(_endless(chain))
            table = parse(_read(path, source), source, lambda name: self._table(self._below(path, name), chain))
            _check_type(table.device.type, path, source)
            self._tables[path] = table
        return self._tables[path]

    def _below(self, path: Path, name: str) -> Path:
        """The table that the one at `path` means by a type: for its own name the next one that it hides."""
        paths = self._tables_of(name)
        if name.upper() != path.stem.upper():
            return paths[0]
        here = [number for number, other in enumerate(paths, 1) if _is_same(other, path)]
        lower = paths[here[0] if here else 0 :]
        if not lower:
            raise UsageError(f"there is no other table of type {name!r} to extend")
        return lower[0]


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _read(path: Path, source: str) -> str:
    try:
        if not path.is_file():
            what = "this is no file" if path.exists() else "there is no such file"
            raise DeviceTableError(f"{source}: {what}")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise DeviceTableError(f"{source}: this is larger than {LARGEST >> 20} MiB, no table is")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise DeviceTableError(f"{source}: this cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DeviceTableError(f"{source}: this is not UTF-8 (at line {line}): save it as UTF-8") from None


def _check_type(name: str, path: Path, source: str) -> None:
    if name.upper() in SUNSPEC:
        raise DeviceTableError(_taken_by_sunspec(source, name))
    if name.upper() != path.stem.upper():
        raise DeviceTableError(
            f"{source}: type {name} is not that of its file: name the file {name.lower()}.toml, or correct the type"
        )


def _taken_by_sunspec(source: object, name: str) -> str:
    own = f"MY_{name.upper()}"
    return f"{source}: type {name} is that of SunSpec devices: choose another, such as {own} in {own.lower()}.toml"


def _endless(chain: Sequence[Path]) -> str:
    if chain[-1] in chain[:-1]:
        names = " extends ".join(path.stem.upper() for path in chain[chain.index(chain[-1]) :])
        return f"{chain[-1]}: extends goes round in a circle: {names}: take it out of one of them"
    return f"{chain[0]}: more than {DEEPEST} tables extend each other: let it extend one further down"


BUILT_IN = Registry()
"""The types that mbmd brings along."""
