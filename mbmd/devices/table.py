"""From the TOML of a device table to a device type, or to all that is wrong with it."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from mbmd.config.options import MAX_READ, PollClass
from mbmd.devices import checks
from mbmd.devices.checks import Shape, fields
from mbmd.devices.extend import Entries, Entry, Raw, kept
from mbmd.devices.rows import LOOKS, Kinds, read_measurement, read_register
from mbmd.devices.schema import DeviceType, Register
from mbmd.errors import DeviceTableError, UsageError
from mbmd.measurements import CATALOGUE, Measurement


class Table(NamedTuple):
    """A device type, and the TOML that it could have been written as without a base."""

    device: DeviceType
    raw: Raw


BaseOf: TypeAlias = Callable[[str], Table]
"""The table of the type that a table extends; UsageError if there is none."""

_AT_TOP = "at the top of the file"
_DEVICE = Shape(
    dict.fromkeys(("type", "description", "manufacturer", "registers"), _AT_TOP),
    {
        "type": checks.name,
        "extends": checks.name,
        "remove": checks.patterns,
        "description": checks.line,
        "manufacturer": checks.line,
        "manual": checks.line,
        "max_registers": checks.integer(1, MAX_READ),
        "holes": checks.flag,
        "pause": checks.seconds,
        "timeout": checks.positive_seconds,
        "rating": checks.kilowatts,
        "function": checks.integer(1, 4),
        "class": checks.poll_class,
        "probe": LOOKS,
        "measurements": checks.list_of("measurement"),
        "registers": checks.list_of("register"),
    },
)
_OF_THE_FILE = ("type", "extends", "remove")
"""Keys that no other table takes over."""
_OF_DEVICE = frozenset(
    ("type", "description", "manufacturer", "manual", "max_registers", "holes", "pause", "timeout", "rating")
)
"""Keys that the device type has as they are."""
_DEFAULTS: Mapping[str, object] = {"function": 3, "class": PollClass.FAST}
"""Keys at the top that count for all registers, and what stands in for a wrong one, so that it is told only once."""
_MEASUREMENTS = Entries("measurement", "name", lambda name: checks.NAME.fullmatch(name) is not None)
_KINDS: Kinds = {name: measurement.kind for name, measurement in CATALOGUE.items()}


def parse(text: str, source: str, base_of: BaseOf) -> Table:
    """The device type that a table describes; `source` names its file in errors.

    Raises DeviceTableError with a line for each thing that is wrong.
    """
    raw = _toml(text, source)
    extends = raw.get("extends")
    try:
        base = base_of(extends) if isinstance(extends, str) else None
    except DeviceTableError:
        raise
    except UsageError as error:
        raise DeviceTableError(f"{source}: extends: {error}") from None
    draft = _Draft(raw, base)
    table = draft.table()
    if table is None:
        raise DeviceTableError("\n".join(f"{source}: {problem}" for problem in draft.problems))
    return table


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DeviceTableError(f"{source}: tables or lists are nested too deeply: put registers in one list") from None
    except ValueError as error:
        raise DeviceTableError(f"{source}: this is not TOML, correct it there: {error}") from None


class _Draft:
    """A table while it is read; what `table` gives is of use only if there are no `problems`."""

    def __init__(self, raw: Raw, base: Table | None) -> None:
        self.problems: list[str] = []
        self._base: Raw = base.raw if base else {}
        self._origin = base.device.type if base else ""
        self._raw = raw
        self._top = {**self._base, **raw}
        self._good = fields(self._top, _DEVICE, "", self.problems)
        self._defaults = {key: self._good.pop(key, other) for key, other in _DEFAULTS.items() if key in self._top}

    def table(self) -> Table | None:
        """All of it; None if there are problems."""
        definitions = self._definitions()
        own = [read_measurement(entry, self.problems) for entry in definitions]
        kinds = {**_kinds(definitions, own), **_KINDS}
        rows = self._rows(kinds)
        registers = [read_register(entry, kinds, self.problems) for entry in rows]
        probe = self._probe()
        asked = read_register(probe, kinds, self.problems) if probe else None
        self._check_spelling(filter(None, own))
        self._check_limit([*filter(None, registers), *([asked] if asked else [])])
        if self.problems:
            return None
        keys = {key: value for key, value in self._good.items() if key in _OF_DEVICE}
        device = DeviceType(
            **{"manual": None, **keys, "registers": tuple(registers), "probe": asked, "own": tuple(own)}
        )
        complete = {
            "probe": probe and probe.raw,
            "registers": [row.raw for row in rows],
            "measurements": [row.raw for row in definitions],
        }
        raw = {key: value for key, value in self._top.items() if key not in _OF_THE_FILE}
        return Table(device, {**raw, **{key: value for key, value in complete.items() if value}})

    def _given(self, key: str) -> Sequence[Any]:
        """What this table itself has in a list."""
        return self._good.get(key, ()) if key in self._raw else ()

    def _definitions(self) -> list[Entry]:
        inherited = self._base.get("measurements", ())
        return _MEASUREMENTS.merge(self._given("measurements"), {}, inherited, self._origin, self.problems)

    def _rows(self, kinds: Kinds) -> list[Entry]:
        inherited = self._base.get("registers", ())
        if self._base:
            inherited = kept(inherited, self._good.get("remove", ()), self._origin, self.problems)
        elif "remove" in self._raw and "extends" not in self._raw:
            self.problems.append("remove takes away from the type that extends names: add extends, or remove it")
        given = self._given("registers")
        if self._base and not inherited and not given:
            self.problems.append(f"remove leaves nothing of {self._origin}: leave some registers, or add some")
        return Entries("register", "measurement", kinds.__contains__).merge(
            given, self._defaults, inherited, self._origin, self.problems
        )

    def _probe(self) -> Entry | None:
        probe = self._good.get("probe")
        return Entry("probe: ", {**self._defaults, **probe}) if probe is not None else None

    def _check_spelling(self, own: Iterable[Measurement]) -> None:
        first: dict[str, str] = {}
        for name in (measurement.name for measurement in own):
            if first.setdefault(name.lower(), name) != name:
                self.problems.append(f"measurement {name} is like {first[name.lower()]}: choose another name for one")

    def _check_limit(self, registers: Iterable[Register]) -> None:
        needed = max((register.least for register in registers if not register.is_bit), default=1)
        if self._good.get("max_registers", MAX_READ) < needed:
            self.problems.append(f"max_registers must be at least {needed}, the size of the largest value")


def _kinds(definitions: Iterable[Entry], own: Iterable[Measurement | None]) -> Kinds:
    """The measurements of a table, those that are wrong among them."""
    names = (entry.raw.get("name") if isinstance(entry.raw, Mapping) else None for entry in definitions)
    kinds = (made.kind if made is not None else None for made in own)
    return {name: kind for name, kind in zip(names, kinds, strict=True) if isinstance(name, str)}
