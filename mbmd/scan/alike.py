"""Whether two units are one device under two ids; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbmd.devices.evidence import physical_unit
from mbmd.sunspec.chain import End

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mbmd.scan.unit import Portrait
    from mbmd.sunspec.chain import Chain

NEAR = 0.0001
"""The share by which the counters of one device may differ, as they go on meanwhile."""
_COUNTED = ("kWh", "kvarh")
STEP = 0.5
"""What they may differ anyway, in kWh."""


def are_alike(one: Portrait, other: Portrait) -> bool:
    """Whether both are one SunSpec device, or of one type, refuse the same, and their counters stand at the same."""
    if one.sunspec is not None or other.sunspec is not None:
        return one.sunspec is not None and other.sunspec is not None and _is_one_chain(one.sunspec, other.sunspec)
    if not (one.is_known and other.is_known):
        return False
    if (one.types, _refused(one)) != (other.types, _refused(other)):
        return False
    mine, theirs = _counters(one), _counters(other)
    return all(abs(mine[name] - theirs[name]) <= STEP + NEAR * abs(mine[name]) for name in mine.keys() & theirs.keys())


def _is_one_chain(one: Chain, other: Chain) -> bool:
    """Whether both have the same models and names, serials among them, as far as a walk that was cut short went."""
    short, long = sorted((one, other), key=lambda chain: len(chain.models))
    models, names = len(short.models), len(short.commons)
    if models < len(long.models) and not (models and short.end is End.SILENT):
        return False
    return (short.base, short.commons, _ids(short)) == (long.base, long.commons[:names], _ids(long)[:models])


def _ids(chain: Chain) -> list[int]:
    return [model.id for model in chain.models]


def strangers(portraits: Iterable[Portrait]) -> list[list[Portrait]]:
    """Units that fit no type, those together that have said the very same: they may be one gateway."""
    groups: dict[object, list[Portrait]] = {}
    for portrait in portraits:
        groups.setdefault(frozenset(portrait.answers.items()), []).append(portrait)
    return list(groups.values())


def _refused(portrait: Portrait) -> set[object]:
    return {read for read, answer in portrait.answers.items() if isinstance(answer, int)}


def _counters(portrait: Portrait) -> dict[str, float]:
    values = portrait.matches[0].values if portrait.matches else {}
    return {name: number for name, number in values.items() if physical_unit(name) in _COUNTED}
