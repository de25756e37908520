"""How a device table takes over what another one says: raw TOML to raw TOML, pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from mbmd.config.options import matches
from mbmd.devices.checks import nearest, shown

Raw: TypeAlias = Mapping[str, Any]


class Entry(NamedTuple):
    """A table in a list, complete with what it takes over; `where` names it in errors."""

    where: str
    raw: object


@dataclass(frozen=True, slots=True)
class Entries:
    """A list of tables that are known by the text at `key`; `what` is the word for one.

    `is_name` says whether the text is one that errors may tell.
    """

    what: str
    key: str
    is_name: Callable[[str], bool]

    def merge(
        self, given: Iterable[object], defaults: Raw, inherited: Iterable[Raw], origin: str, problems: list[str]
    ) -> list[Entry]:
        """Those of `origin`, changed in the keys that are given; behind them what is new, which has `defaults`."""
        merged = {row[self.key]: Entry(f"{self.what} {row[self.key]} of {origin}: ", row) for row in inherited}
        first: dict[str, int] = {}
        new = []
        for number, row in enumerate(given, 1):
            name = self._name(row)
            where = f"{self.what} {number} ({name}): " if name else f"{self.what} {number}: "
            if name and first.setdefault(name, number) != number:
                problems.append(f"{where}{self.key} is already that of {self.what} {first[name]}: remove one of them")
            if name in merged:
                merged[name] = Entry(where, _over(merged[name].raw, row))
            else:
                new.append(Entry(where, _over(defaults, row)))
        return [*merged.values(), *new]

    def _name(self, row: object) -> str | None:
        name = row.get(self.key) if isinstance(row, dict) else None
        return name if isinstance(name, str) and self.is_name(name) else None


def kept(registers: Sequence[Raw], remove: Iterable[str], origin: str, problems: list[str]) -> list[Raw]:
    """The registers of `origin` without those that a table takes away; a pattern that takes none is a problem."""
    names = [register["measurement"] for register in registers]
    for pattern in remove:
        if not any(matches(name, [pattern]) for name in names):
            near = nearest(pattern.strip("*"), names)
            problems.append(f"remove {shown(pattern)} is no measurement of {origin}: did you mean {near!r}?")
    return [register for register in registers if not matches(register["measurement"], remove)]


def _over(below: object, row: object) -> object:
    return {**below, **row} if isinstance(below, Mapping) and isinstance(row, Mapping) else row
