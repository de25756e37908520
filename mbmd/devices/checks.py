"""Checks of single values in device tables: each returns the value to keep, or says what it must be."""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from mbmd.config.options import PollClass
from mbmd.measurements import Kind

Check: TypeAlias = Callable[[object], Any]
"""Returns the value to keep, or raises RefusedError."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_RESERVED = ("timestamp", "unix")
"""What REST calls the time of readings, between them."""
_LONGEST_UNIT = 20


class RefusedError(Exception):
    """What a value must be, and what it is."""

    def __init__(self, demand: str, value: object) -> None:
        super().__init__(f"{demand}, not {shown(value)}")


class Shape(NamedTuple):
    """The keys of a table: those that must be there, with where they go, and the checks of all."""

    required: Mapping[str, str]
    checks: Mapping[str, Check]


def fields(raw: Mapping[str, object], shape: Shape, where: str, problems: list[str]) -> dict[str, Any]:
    """The values of `raw` that are good; what is wrong goes to `problems`."""
    good: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in shape.checks:
            near = nearest(key, shape.checks)
            problems.append(f"{where}unknown key {shown(key)}: did you mean {near!r}? Else remove it")
            continue
        try:
            good[key] = shape.checks[key](value)
        except RefusedError as refused:
            problems.append(f"{where}{key} {refused}")
    problems += [f"{where}{key} is missing: add it {place}" for key, place in shape.required.items() if key not in raw]
    return good


def shown(value: object) -> str:
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


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like another."""
    return difflib.get_close_matches(word[:40], known, n=1, cutoff=0.0)[0]


def line(value: object) -> str:
    """One line of text."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise RefusedError("must be one line of text in quotes", value)


def name(value: object) -> str:
    """A name of a type."""
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise RefusedError("must be a letter, then letters, digits or _", value)


def measurement_name(value: object) -> str:
    """A name that all who are told of readings can bear."""
    if name(value).lower() in _RESERVED:
        raise RefusedError("must be another: this one is the time of a reading", value)
    return str(value)


def unit(value: object) -> str:
    """A unit, empty for none."""
    if isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST_UNIT:
        return value.strip()
    raise RefusedError(f"must be a text of at most {_LONGEST_UNIT} characters in quotes", value)


def one_of(known: Iterable[str], what: str, or_else: str = "") -> Check:
    """A word out of those that are known; `or_else` is another way to be right."""
    known = tuple(known)

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise RefusedError(f"must be the name of a {what} in quotes", value)
        if value not in known:
            raise RefusedError(f"must be a known {what} such as {nearest(value, known)!r}{or_else}", value)
        return value

    return check


def integer(low: int, high: int) -> Check:
    """A whole number within bounds."""

    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise RefusedError(f"must be a whole number from {low} to {high}", value)

    return check


def number(good: Callable[[float], bool], demand: str) -> Check:
    """A number that is good."""

    def check(value: object) -> float:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool) and good(float(value)):
                return float(value)
        except OverflowError:
            pass  # a whole number beyond all floats
        raise RefusedError(demand, value)

    return check


divisor = number(lambda n: math.isfinite(n) and n != 0, "must be a number other than 0")
offset = number(math.isfinite, "must be a number")
seconds = number(lambda n: 0 <= n < math.inf, "must be seconds, 0 or more")
positive_seconds = number(lambda n: 0 < n < math.inf, "must be seconds, more than 0")
kilowatts = number(lambda n: 0 < n < math.inf, "must be kW, more than 0")


def raw_bits(value: object) -> int:
    """The marker of what is no value."""
    # Text, because a TOML number has 63 bits and a sign and could not hold 0xffffffffffffffff.
    if isinstance(value, str) and re.fullmatch(r"0x[0-9A-Fa-f]{1,16}", value):
        return int(value, 16)
    raise RefusedError('must be the raw bits as text such as "0xffff"', value)


def bit_field(value: object) -> tuple[int, int]:
    """The lowest bit of a field, and how many it has."""
    match = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", value) if isinstance(value, str) else None
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if low <= high <= 63:
        return low, high - low + 1
    raise RefusedError('must be a bit or bits as text, the lowest first, such as "3" or "4-7"', value)


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise RefusedError("must be true or false", value)


def poll_class(value: object) -> PollClass:
    """How often it is read."""
    if isinstance(value, str) and value in set(PollClass):
        return PollClass(value)
    raise RefusedError('must be "fast", "slow" or "once"', value)


def kind(value: object) -> Kind:
    """How a measurement moves."""
    if isinstance(value, str) and value in set(Kind):
        return Kind(value)
    raise RefusedError('must be "instant", "counter" or "text"', value)


def table_like(example: str) -> Check:
    """A table within the table."""

    def check(value: object) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        raise RefusedError(f"must be {example}", value)

    return check


def list_of(what: str) -> Check:
    """A list that is not empty."""

    def check(value: object) -> list[object]:
        if isinstance(value, list) and value:
            return value
        raise RefusedError(f"must be a list with at least one {what}", value)

    return check


def patterns(value: object) -> tuple[str, ...]:
    """Patterns of measurements' names."""
    if isinstance(value, list) and value and all(isinstance(pattern, str) and pattern for pattern in value):
        return tuple(value)
    raise RefusedError('must be a list of names or patterns such as ["THD*", "Cosphi"]', value)
