"""What differs between two configurations, bus by bus; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple, TypeAlias

from mbmd.config.adapter import Adapter, Medium
from mbmd.config.options import NO_OPTIONS
from mbmd.prepare import Prepared


class Bus(NamedTuple):
    """An adapter and the devices on it."""

    adapter: Adapter
    devices: tuple[Prepared, ...]


Buses: TypeAlias = Mapping[str, Bus]
"""All buses by address, in alphabetical order."""


class Fate(StrEnum):
    """What becomes of a device or bus; in the order in which it is told."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True)
class Changes:
    """The way from one configuration to another.

    `closed` are the addresses of buses that go, `opened` are buses that come: one whose adapter has other settings is
    in both. `kept` go on with their connection, among them `altered` with other devices, or another name or place of
    one. `fresh` are all devices that begin anew, on whichever bus; the others
    go on, be it under another name or at another place.
    """

    closed: tuple[str, ...]
    opened: tuple[Bus, ...]
    kept: tuple[Bus, ...]
    altered: tuple[Bus, ...]
    fresh: tuple[Prepared, ...]
    devices: tuple[Fate, ...]
    buses: tuple[Fate, ...]

    def __str__(self) -> str:
        """In words: `devices: 2 added, 1 removed, 30 untouched; buses: 1 added`."""
        counts = f"devices: {count(self.devices)}"
        news = [fate for fate in self.buses if fate is not Fate.UNTOUCHED]
        return f"{counts}; buses: {count(news)}" if news else counts


def by_bus(devices: Iterable[Prepared]) -> Buses:
    """The devices of a run on their buses."""
    ordered = sorted(devices, key=lambda prepared: prepared.device.spec.adapter.address)
    groups = groupby(ordered, key=lambda prepared: prepared.device.spec.adapter)
    return {adapter.address: Bus(adapter, tuple(group)) for adapter, group in groups}


def difference(before: Buses, after: Buses) -> Changes:
    """What has to be done so that `before` becomes `after`."""
    bus_fates = {address: _fate_of_bus(before.get(address), after.get(address)) for address in {**before, **after}}
    kept = {address for address, fate in bus_fates.items() if fate is Fate.UNTOUCHED}
    old, new = _by_id(before), _by_id(after)
    fates = {name: _fate_of_device(old.get(name), new.get(name), kept) for name in {**old, **new}}
    return Changes(
        closed=tuple(address for address in before if address not in kept),
        opened=tuple(bus for address, bus in after.items() if address not in kept),
        kept=tuple(bus for address, bus in after.items() if address in kept),
        altered=tuple(bus for name, bus in after.items() if name in kept and _is_altered(before[name], bus, fates)),
        fresh=tuple(p for name, p in new.items() if fates[name] in (Fate.ADDED, Fate.CHANGED)),
        devices=tuple(fates.values()),
        buses=tuple(bus_fates.values()),
    )


def _is_altered(before: Bus, after: Bus, fates: Mapping[str, Fate]) -> bool:
    """Whether something has become of the devices of a bus that goes on, be it their order."""
    names = [prepared.device.id for prepared in after.devices]
    is_same = names == [prepared.device.id for prepared in before.devices]
    return not is_same or any(fates[name] is not Fate.UNTOUCHED for name in names)


def _fate_of_bus(before: Bus | None, after: Bus | None) -> Fate:
    """Options of an adapter act through its devices, so a connection stands as long as all else is the same.

    The mock adapter is made for its devices.
    """
    if before is None or after is None:
        return Fate.ADDED if before is None else Fate.REMOVED
    if replace(before.adapter, options=NO_OPTIONS) != replace(after.adapter, options=NO_OPTIONS):
        return Fate.CHANGED
    if after.adapter.medium is Medium.MOCK and _mocked(before) != _mocked(after):
        return Fate.CHANGED
    return Fate.UNTOUCHED


def _fate_of_device(before: Prepared | None, after: Prepared | None, kept: set[str]) -> Fate:
    """What a device was asked for counts by what it leads to: a default may be written out."""
    if before is None or after is None:
        return Fate.ADDED if before is None else Fate.REMOVED
    if _address(before) not in kept or _polled(before) != _polled(after):
        return Fate.CHANGED
    one, other = before.device, after.device
    return Fate.UNTOUCHED if (one.name, one.place) == (other.name, other.place) else Fate.RENAMED


def _polled(prepared: Prepared) -> tuple[object, ...]:
    spec = prepared.device.spec
    where = (spec.adapter.address, spec.unit, spec.subdevice)
    return *where, spec.type.upper(), prepared.type, prepared.settings


def _mocked(bus: Bus) -> list[tuple[object, ...]]:
    return [(prepared.type, prepared.device.spec.unit) for prepared in bus.devices]


def _address(prepared: Prepared) -> str:
    return prepared.device.spec.adapter.address


def _by_id(buses: Buses) -> dict[str, Prepared]:
    return {prepared.device.id: prepared for bus in buses.values() for prepared in bus.devices}


def count(fates: Iterable[Fate]) -> str:
    """How many there are of each, as `2 added, 1 removed`."""
    counts = Counter(fates)
    return ", ".join(f"{counts[fate]} {fate}" for fate in Fate if counts[fate])
