"""Readings as lines of line protocol, https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

import orjson

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update

_ESCAPES_OF_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_ESCAPES = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})
_ESCAPES_IN_QUOTES = str.maketrans({'"': '\\"', "\\": "\\\\"})
_TAKEN = ("time", "device")
"""What databases call a point's time, and what its tag is called: no field can be called so."""
_NO_NUMBER = "null"
"""What orjson makes of NaN and infinities."""


class Block(NamedTuple):
    """Lines, and how many readings are in them."""

    lines: bytes
    readings: int


class _Names(NamedTuple):
    """What lines of a device begin with, and what stands before each of its values."""

    start: str
    heads: tuple[str, ...]


class Encoder:
    """Makes lines of updates, with the time of the poll in nanoseconds, exact to a microsecond.

    `points` is `reading` for a point each, with the name of the measurement as tag `type` and the number as field
    `value`, without texts, which a field of numbers cannot hold; or `device` for a point with a field each.
    """

    def __init__(self, measurement: str, points: str) -> None:
        self._measurement = _printable(measurement).translate(_ESCAPES_OF_MEASUREMENT)
        self._by_device = points == "device"
        self._names: WeakKeyDictionary[DeviceReadings, _Names] = WeakKeyDictionary()

    def encode(self, update: Update) -> Block:
        """The lines of an update; none of them is there for a value that is NaN or infinite."""
        names = self._names.get(update.device)
        if names is None:
            names = self._names[update.device] = self._names_of(update.device)
        values = [head + text for head, text in zip(names.heads, _numbers(update.values), strict=True) if text]
        if self._by_device:
            values += _texts(update.texts)
        if not values:
            return Block(b"", 0)
        end = f" {round(update.timestamp * 1e6) * 1000}\n"
        body = f"{names.start}{','.join(values)}{end}" if self._by_device else end.join(values) + end
        return Block(body.encode(), len(values))

    def _names_of(self, device: DeviceReadings) -> _Names:
        start = f"{self._measurement},device={_escaped(device.id)}"
        names = [measurement.name for measurement in device.measurements]
        if self._by_device:
            return _Names(f"{start} ", tuple(f"{_key(name)}=" for name in names))
        return _Names(start, tuple(f"{start},type={_escaped(name)} value=" for name in names))


def _numbers(values: Iterable[float]) -> Iterable[str]:
    """Shortest texts that are exactly these numbers, empty for those that are none."""
    texts = orjson.dumps(list(values)).decode()[1:-1]
    return (texts.replace(_NO_NUMBER, "") if _NO_NUMBER in texts else texts).split(",") if texts else ()


def _texts(texts: Mapping[str, str]) -> Iterable[str]:
    return (f'{_key(name)}="{_printable(text).translate(_ESCAPES_IN_QUOTES)}"' for name, text in texts.items())


def _key(name: str) -> str:
    return f"{name}_" if name in _TAKEN else _escaped(name)


def _escaped(name: str) -> str:
    """A name for a tag or field; a backslash, which each version of the database reads in its own way, is a slash."""
    return _printable(name).replace("\\", "/").translate(_ESCAPES)


def _printable(text: str) -> str:
    """The text with a space for all that would end a line, or is no character at all."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)
