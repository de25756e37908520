"""What a request wants of an answer: `?measurement=` and `?fields=`."""

import re
from collections.abc import Callable, Collection, Iterable
from fnmatch import translate

from sanic import Request
from sanic.exceptions import BadRequest

from mbmd.config.values import did_you_mean
from mbmd.measurements import CATALOGUE
from mbmd.readings.hub import Hub
from mbmd.web.routes import Parameter

MEASUREMENT = Parameter(
    "measurement",
    "only these measurements: names, or patterns such as Power*; several by comma, or by repeating it",
    example="Power*",
)
FIELDS = Parameter(
    "fields",
    "exactly these members of the object: Timestamp, Unix, names of measurements or patterns; several by comma, or by"
    " repeating it",
    example="Unix,Power",
)
MOMENTS = ("Timestamp", "Unix")
"""Members of an object of readings that are no measurements."""
LONGEST = 100
"""Characters of a name that is asked for."""
MOST_PATTERNS = 20
_SIGNS = frozenset("*?[")


class Names:
    """Names and patterns that a key of a query lists."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = dict.fromkeys(words)
        patterns = [word for word in self._words if _SIGNS.intersection(word)]
        self._told: dict[str, bool] = {}
        if len(patterns) > MOST_PATTERNS:
            raise BadRequest(f"{len(patterns)} patterns are too many: give up to {MOST_PATTERNS}")
        for word in self._words:
            if len(word) > LONGEST:
                raise BadRequest(f"{word[:LONGEST]!r}... is too long for a name")
        # Not by fnmatch itself, which keeps 32,768 of them: who asks for ever new ones would fill the memory.
        self._patterns = {word: re.compile(translate(word)).match for word in patterns}

    def have(self, name: str) -> bool:
        """Whether a name is among them."""
        told = self._told.get(name)
        if told is None:
            told = name in self._words or any(fits(name) for fits in self._patterns.values())
            self._told[name] = told
        return told

    def unknown(self, names: Collection[str]) -> list[str]:
        """Those that are none of the names, and patterns that fit none."""
        plain = [word for word in self._words if word not in self._patterns and word not in names]
        return plain + [word for word, fits in self._patterns.items() if not any(map(fits, names))]


class Choice:
    """Which members an answer has."""

    def __init__(self, measurements: Names | None, fields: Names | None) -> None:
        self._measurements = measurements
        self._fields = fields

    def takes(self, member: str) -> bool:
        """Whether a member of an object of readings is wanted."""
        if self._fields is not None and not self._fields.have(member):
            return False
        return self._measurements is None or member in MOMENTS or self._measurements.have(member)


def words(texts: Iterable[str]) -> list[str]:
    """What texts list that hold some words each, parted by commas."""
    return [word for text in texts for piece in text.split(",") if (word := piece.strip())]


def listed(request: Request, key: str) -> list[str]:
    """What a key of the query lists, by comma or by repeating it."""
    return words(request.args.getlist(key, []))


def chosen(request: Request, hub: Hub) -> Choice | None:
    """What a request wants; None if all. Raises BadRequest for what is no measurement at all."""
    if not request.query_string:
        return None
    measurements = named(MEASUREMENT.name, listed(request, MEASUREMENT.name), hub)
    fields = named(FIELDS.name, listed(request, FIELDS.name), hub, MOMENTS)
    return None if measurements is None and fields is None else Choice(measurements, fields)


def named(key: str, given: Collection[str], hub: Hub, more: Collection[str] = ()) -> Names | None:
    """Measurements that a key of the query lists, or `more`; None if it lists none. Raises BadRequest for others."""
    if not given:
        return None
    names = Names(given)
    if names.unknown({*CATALOGUE, *more}):
        _check(key, names, {*CATALOGUE, *_own(hub), *more})
    return names


def _check(key: str, names: Names, known: Collection[str]) -> None:
    for word in names.unknown(known):
        near = did_you_mean(word, known)
        hint = near if near.startswith(": did") else ": /api/measurements lists them"
        raise BadRequest(f"{key}: there is no measurement {word}{hint}")


def _own(hub: Hub) -> set[str]:
    """Names of the measurements that devices have, those of their own tables among them."""
    return set().union(*(device.slots for device in hub.devices.values()))


def taking(given: Collection[str]) -> Callable[[str], bool]:
    """Whether a measurement is among those that are listed, by its name; if nothing is, all are."""
    return Names(given).have if given else lambda _: True
