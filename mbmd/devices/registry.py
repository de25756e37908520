"""The built-in device types, by name."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from mbmd.devices.schema import DeviceType, parse
from mbmd.errors import UsageError

SUNSPEC = frozenset({"FRONIUS", "KACO", "KOSTAL", "SE", "SMA", "SOLAREDGE", "STECA", "SUNS", "SUNSPEC"})

# The package has native modules and so never runs from a zip: importlib.resources would only cost start time.
_TABLES = Path(__file__).parent / "tables"


@cache
def names() -> tuple[str, ...]:
    """All built-in types in upper case, sorted; reads no table."""
    return tuple(sorted(path.stem.upper() for path in _TABLES.glob("*.toml")))


def get(name: str) -> DeviceType:
    """The device type of that name, in any case; reads its table the first time.

    Raises UsageError for a type that is unknown or not supported.
    """
    key = name.upper()
    if key in SUNSPEC:
        raise UsageError(f"device type {name!r}: SunSpec devices are not supported by this version yet, leave it out")
    if key not in names():
        raise UsageError(f"unknown device type {name!r}: {_hint(key)}")
    return _read(key)


def _hint(key: str) -> str:
    near = difflib.get_close_matches(key, names())
    return f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(names())}"


@cache
def _read(key: str) -> DeviceType:
    path = _TABLES / f"{key.lower()}.toml"
    return parse(path.read_text(encoding="utf-8"), path.name)
