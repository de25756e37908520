"""Options of devices, on one or on the adapter of many: read from the query of a URL and written as one."""

import difflib
import math
import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

from mbmd.config.values import (
    DURATION_PART,
    did_you_mean,
    format_duration,
    format_number,
    parse_duration,
    small_number,
)
from mbmd.errors import UsageError

MAX_READ = 125
"""Most registers in one read, MODBUS Application Protocol Specification V1.1b3, section 6.3."""


MOST_BASE = 65533
"""Last address at which the marker of a SunSpec device leaves room for a model."""


class PollClass(StrEnum):
    """How often a measurement is read: with every poll, now and then, or once for what never changes."""

    FAST = "fast"
    SLOW = "slow"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """What was asked for a device; None or empty where nothing was.

    `timeout`, `pause` (rest before each request), `rate` (no more often polled) and `slow_rate` are seconds.
    `rating` is the most power in kW that the device can measure; `bases` are addresses where the marker of a SunSpec
    device is looked for, in that order; `plausibility` says whether its values must be
    plausible. The tuples are patterns of measurement names, as `matches` takes them.
    """

    timeout: float | None = None
    pause: float | None = None
    max_registers: int | None = None
    holes: bool | None = None
    rate: float | None = None
    slow_rate: float | None = None
    rating: float | None = None
    bases: tuple[int, ...] = ()
    plausibility: bool | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fast: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    once: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The query that `parse_query` reads back."""
        return render_query(self, NO_OPTIONS, DEVICE_OPTIONS)


NO_OPTIONS = DeviceOptions()


def check_patterns(options: DeviceOptions, known: Collection[str]) -> None:
    """Refuse patterns that match none of the measurements that are known where the options count.

    UsageError begins with the option.
    """
    for key in PATTERN_OPTIONS:
        for pattern in getattr(options, key):
            if not any(matches(name, [pattern]) for name in known):
                near = difflib.get_close_matches(pattern.strip("*")[:40], known, n=1, cutoff=0.0)[0]
                raise UsageError(f"{key} {pattern!r} matches no measurement: did you mean {near}?")


def matches(name: str, patterns: Iterable[str]) -> bool:
    """A measurement's name fits one of the patterns, such as `Import*`; upper and lower case differ."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


class Option(NamedTuple):
    """How one option is read and written.

    `parse` raises UsageError about the value alone; `render` gives text that needs no more quoting in a query.
    One that adds up may be repeated. `schema` is what JSON Schema can say of the text, as YAML has it.
    """

    parse: Callable[[str], Any]
    render: Callable[[Any], str]
    adds_up: bool = False
    schema: Mapping[str, Any] = MappingProxyType({"type": ["string", "number", "boolean"]})


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """The parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= small_number(text) <= high):
            raise UsageError(f"{text!r} is not a number from {low} to {high}")
        return int(text)

    return parse


def number(low: int, high: int) -> Option:
    """The option of whole numbers within bounds."""
    return Option(whole_number(low, high), str, schema={"type": "integer", "minimum": low, "maximum": high})


# All that YAML 1.1 knows: people who write configuration files are used to it.
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.lower())
    if flag is None:
        raise UsageError(f"{text!r} is neither true nor false")
    return flag


def _positive_duration(text: str) -> float:
    seconds = parse_duration(text)
    if seconds <= 0:
        raise UsageError(f"{text!r} must be longer than nothing, as in 300ms")
    return seconds


def _kilowatts(text: str) -> float:
    number = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text) else 0.0
    if not 0 < number < math.inf:
        raise UsageError(f"{text!r} is not a number of kW above 0, as in 100")
    return number


def _patterns(text: str) -> tuple[str, ...]:
    patterns = tuple(text.split())  # in a query + is a space
    if not patterns:
        raise UsageError(f"{text!r} names no measurement: write it as Power+Import*")
    return patterns


def _addresses(text: str) -> tuple[int, ...]:
    addresses = tuple(map(whole_number(0, MOST_BASE), text.split()))
    if not addresses or len(set(addresses)) < len(addresses):
        raise UsageError(f"{text!r} is not a list of different addresses: write it as 40000+0+50000")
    return addresses


def _join(patterns: Iterable[str]) -> str:
    return "+".join(quote(pattern, safe="*?[]!") for pattern in patterns)


_DURATION_SCHEMA = {"type": ["string", "integer"], "pattern": f"^(0|({DURATION_PART})+)$", "minimum": 0, "maximum": 0}

FLAG = Option(_flag, lambda flag: str(flag).lower(), schema={"type": "boolean"})
DURATION = Option(parse_duration, format_duration, schema=_DURATION_SCHEMA)
POSITIVE_DURATION = Option(_positive_duration, format_duration, schema=_DURATION_SCHEMA | {"type": "string"})
_PATTERNS = Option(_patterns, _join, adds_up=True)

DEVICE_OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "timeout": POSITIVE_DURATION,
        "pause": DURATION,
        "max_registers": number(1, MAX_READ),
        "holes": FLAG,
        "rate": DURATION,
        "slow_rate": POSITIVE_DURATION,
        "rating": Option(_kilowatts, format_number, schema={"type": "number", "exclusiveMinimum": 0}),
        "bases": Option(_addresses, lambda bases: "+".join(map(str, bases)), schema={"type": ["string", "integer"]}),
        "plausibility": FLAG,
        "include": _PATTERNS,
        "exclude": _PATTERNS,
        "fast": _PATTERNS,
        "slow": _PATTERNS,
        "once": _PATTERNS,
    }
)
"""The fields of DeviceOptions."""
PATTERN_OPTIONS = tuple(key for key, option in DEVICE_OPTIONS.items() if option is _PATTERNS)


def parse_option(key: str, text: str, known: Mapping[str, Option]) -> Any:
    """The value of one option; UsageError begins with its name."""
    try:
        return known[key].parse(text)
    except UsageError as error:
        raise UsageError(f"{key} {error}") from None


def parse_query(query: str, known: Mapping[str, Option], owner: str, of_adapter: Container[str] = ()) -> dict[str, Any]:
    """The values of a query such as `rate=10s&slow=Import*`; UsageError begins with `owner`, whose options they are.

    `of_adapter` are options that a device has only by its adapter.
    """
    values: dict[str, Any] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        if key in of_adapter:
            raise UsageError(f"{owner}: {key} is an option of the adapter: write it in the URL behind the @")
        if key not in known:
            raise UsageError(f"{owner} has unknown option {key!r}{did_you_mean(key, known)}")
        if key in values and not known[key].adds_up:
            raise UsageError(f"{owner}: {key} is given twice: give it once")
        try:
            value = parse_option(key, text, known)
        except UsageError as error:
            raise UsageError(f"{owner}: {error}") from None
        values[key] = values[key] + value if key in values else value
    return values


def render_query(thing: object, plain: object, known: Mapping[str, Option]) -> str:
    """The query of what `thing` has otherwise than `plain`; `known` names the fields."""
    values = {key: getattr(thing, key) for key in known if getattr(thing, key) != getattr(plain, key)}
    return "&".join(f"{key}={known[key].render(value)}" for key, value in values.items())
