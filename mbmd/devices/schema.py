"""What a device table (TOML) may say, and its checked result."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from mbmd.config.options import MAX_READ, PollClass
from mbmd.errors import DeviceTableError
from mbmd.measurements import CATALOGUE

_TYPES_BY_SIZE = {
    1: ("uint16", "int16"),
    2: ("uint32", "int32", "float32", "uint32_swapped", "int32_swapped", "float32_swapped"),
    4: ("uint64", "int64", "float64", "uint64_swapped", "int64_swapped", "float64_swapped"),
}
TYPES: Mapping[str, int] = MappingProxyType({name: size for size, names in _TYPES_BY_SIZE.items() for name in names})
"""Register types and how many registers each takes; `_swapped` has the lowest word first."""

ADDRESSES = 65536


@dataclass(frozen=True, slots=True)
class Register:
    """Where a device keeps one measurement: value = raw / divisor; raw bits equal to `nan` are no value."""

    measurement: str
    function: int
    address: int
    type: str
    divisor: float = 1.0
    nan: int | None = None
    poll: PollClass = PollClass.FAST

    @property
    def count(self) -> int:
        """Registers that the value takes."""
        return TYPES[self.type]

    @property
    def end(self) -> int:
        """The address behind the value."""
        return self.address + self.count


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A kind of meter.

    probe: what `scan` asks for; need not be one of the registers.
    max_registers: most registers that one read may have.
    holes: registers that are not in the table may be read along with their neighbours.
    pause: seconds of rest before each request.
    timeout: seconds that it may take to answer; None: no longer than others.
    rating: the most power in kW that it can measure; None: not known.
    """

    type: str
    description: str
    manufacturer: str
    manual: str | None
    registers: tuple[Register, ...]
    probe: Register | None
    max_registers: int = MAX_READ
    holes: bool = True
    pause: float = 0.0
    timeout: float | None = None
    rating: float | None = None


def parse(text: str, source: str) -> DeviceType:
    """The device type that a table describes; `source` names its file in errors.

    Raises DeviceTableError with a line for each thing that is wrong.
    """
    problems: list[str] = []
    device = _device(_toml(text, source), problems)
    if device is None:
        raise DeviceTableError("\n".join(f"{source}: {problem}" for problem in problems))
    return device


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DeviceTableError(f"{source}: tables or lists are nested too deeply: put registers in one list") from None
    except ValueError as error:
        raise DeviceTableError(f"{source}: this is not TOML, correct it there: {error}") from None


# A check returns the value to keep, or raises _RefusedError with what the value must be.
_Check: TypeAlias = Callable[[object], Any]


class _RefusedError(Exception):
    def __init__(self, demand: str, value: object) -> None:
        super().__init__(f"{demand}, not {_shown(value)}")


def _shown(value: object) -> str:
    """A value as its file has it, on one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 2**64 else "a number of more than 64 bits"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}...")
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return {dict: "a table", float: repr(value)}.get(type(value), "a date or time")


def _nearest(word: str, known: Iterable[str]) -> str:
    return difflib.get_close_matches(word[:40], known, n=1, cutoff=0.0)[0]


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise _RefusedError("must be one line of text in quotes", value)


def _name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", value):
        return value
    raise _RefusedError("must be a letter, then letters, digits or _", value)


def _one_of(known: Mapping[str, object], what: str) -> _Check:
    def check(value: object) -> str:
        if not isinstance(value, str):
            raise _RefusedError(f"must be the name of a {what} in quotes", value)
        if value not in known:
            raise _RefusedError(f"must be a known {what} such as {_nearest(value, known)!r}", value)
        return value

    return check


def _integer(low: int, high: int) -> _Check:
    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise _RefusedError(f"must be a whole number from {low} to {high}", value)

    return check


def _number(good: Callable[[float], bool], demand: str) -> _Check:
    def check(value: object) -> float:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool) and good(float(value)):
                return float(value)
        except OverflowError:
            pass  # a whole number beyond all floats
        raise _RefusedError(demand, value)

    return check


def _bits(value: object) -> int:
    # Text, because a TOML number has 63 bits and a sign and could not hold 0xffffffffffffffff.
    if isinstance(value, str) and re.fullmatch(r"0x[0-9A-Fa-f]{1,16}", value):
        return int(value, 16)
    raise _RefusedError('must be the raw bits as text such as "0xffff"', value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _RefusedError("must be true or false", value)


def _poll_class(value: object) -> PollClass:
    if isinstance(value, str) and value in set(PollClass):
        return PollClass(value)
    raise _RefusedError('must be "fast", "slow" or "once"', value)


def _table(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise _RefusedError("must be a register such as { measurement = ..., address = ..., type = ... }", value)


def _list(value: object) -> list[object]:
    if isinstance(value, list) and value:
        return value
    raise _RefusedError("must be a list with at least one register", value)


class _Shape(NamedTuple):
    """The keys of a table: those that must be there, with where they go, and the checks of all."""

    required: Mapping[str, str]
    checks: Mapping[str, _Check]


_AT_TOP = "at the top of the file"

_REGISTER = _Shape(
    {**dict.fromkeys(("measurement", "address", "type"), "here"), "function": f"here or {_AT_TOP}"},
    {
        "measurement": _one_of(CATALOGUE, "measurement"),
        "function": _integer(3, 4),
        "address": _integer(0, ADDRESSES - 1),
        "type": _one_of(TYPES, "register type"),
        "divisor": _number(lambda n: math.isfinite(n) and n != 0, "must be a number other than 0"),
        "nan": _bits,
        "class": _poll_class,
    },
)

_DEVICE = _Shape(
    dict.fromkeys(("type", "description", "manufacturer", "registers"), _AT_TOP),
    {
        "type": _name,
        "description": _text,
        "manufacturer": _text,
        "manual": _text,
        "max_registers": _integer(1, MAX_READ),
        "holes": _flag,
        "pause": _number(lambda n: 0 <= n < math.inf, "must be seconds, 0 or more"),
        "timeout": _number(lambda n: 0 < n < math.inf, "must be seconds, more than 0"),
        "rating": _number(lambda n: 0 < n < math.inf, "must be kW, more than 0"),
        "function": _integer(3, 4),
        "class": _poll_class,
        "probe": _table,
        "registers": _list,
    },
)


def _fields(raw: Mapping[str, object], shape: _Shape, where: str, problems: list[str]) -> dict[str, Any]:
    """The values of `raw` that are good; what is wrong goes to `problems`."""
    good: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in shape.checks:
            near = _nearest(key, shape.checks)
            problems.append(f"{where}unknown key {_shown(key)}: did you mean {near!r}? Else remove it")
            continue
        try:
            good[key] = shape.checks[key](value)
        except _RefusedError as refused:
            problems.append(f"{where}{key} {refused}")
    problems += [f"{where}{key} is missing: add it {place}" for key, place in shape.required.items() if key not in raw]
    return good


_DEFAULTS: Mapping[str, object] = {"function": 3, "class": PollClass.FAST}
"""Keys at the top that count for all registers, and what stands in for a wrong one, so that it is told only once."""


def _device(raw: Mapping[str, object], problems: list[str]) -> DeviceType | None:
    good: dict[str, Any] = {"manual": None, "probe": None, **_fields(raw, _DEVICE, "", problems)}
    defaults = {key: good.pop(key, stand_in) for key, stand_in in _DEFAULTS.items() if key in raw}
    rows = {_place(number, row): row for number, row in enumerate(good.get("registers", ()), 1)}
    registers = [_register(row, defaults, where, problems) for where, row in rows.items()]
    good["registers"] = tuple(filter(None, registers))
    if good["probe"] is not None:
        good["probe"] = _register(good["probe"], defaults, "probe: ", problems)
    _check_duplicates(rows, problems)
    _check_limit(good, problems)
    return None if problems else DeviceType(**good)


def _measurement_of(row: object) -> str | None:
    name = row.get("measurement") if isinstance(row, dict) else None
    return name if isinstance(name, str) and name in CATALOGUE else None


def _place(number: int, row: object) -> str:
    name = _measurement_of(row)
    return f"register {number} ({name}): " if name else f"register {number}: "


def _register(raw: object, defaults: Mapping[str, object], where: str, problems: list[str]) -> Register | None:
    before = len(problems)
    try:
        good = _fields({**defaults, **_table(raw)}, _REGISTER, where, problems)
    except _RefusedError as refused:
        problems.append(f"{where}{refused}")
    if len(problems) > before:
        return None
    poll = good.pop("class", PollClass.FAST)
    register = Register(**good, poll=poll)
    if register.end > ADDRESSES:
        problems.append(f"{where}address {register.address} is too high for {register.type}: correct one of them")
    if register.nan is not None and register.nan >= 1 << 16 * register.count:
        problems.append(f"{where}nan {register.nan:#x} is too wide for {register.type}: correct one of them")
    return register


def _check_duplicates(rows: Mapping[str, object], problems: list[str]) -> None:
    first: dict[str, int] = {}
    for number, (where, row) in enumerate(rows.items(), 1):
        name = _measurement_of(row)
        if name and first.setdefault(name, number) != number:
            problems.append(f"{where}measurement is already that of register {first[name]}: remove one of them")


def _check_limit(good: Mapping[str, Any], problems: list[str]) -> None:
    needed = max((register.count for register in (*good["registers"], good["probe"]) if register), default=1)
    if good.get("max_registers", MAX_READ) < needed:
        problems.append(f"max_registers must be at least {needed}, the size of the largest value")
