"""Which SunSpec type a device is given by the manufacturer that it names; pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ANY = "SUNSPEC"
"""The type of those by other manufacturers."""

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "fronius": "FRONIUS",
        "kaco": "KACO",
        "kostal": "KOSTAL",
        "sma": "SMA",
        "solaredge": "SE",
        "steca": "STECA",
    }
)
"""By the first word of a manufacturer's name."""
_WORD = re.compile(r"[^\W\d_]+")


def type_of(manufacturer: str) -> str:
    """The type of the devices of a manufacturer, as model 1 names it."""
    word = _WORD.match(manufacturer.strip().casefold())
    return _TYPES.get(word[0], ANY) if word else ANY
