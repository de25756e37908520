"""What `mbmd simulate` is to simulate: devices of types and of image files, each on its bus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.config.devices import DeviceSpec, assign_ids, parse_specs
from mbmd.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mbmd.devices.registry import Registry
    from mbmd.simulator.image_file import ImageFile
    from mbmd.simulator.kinds import Kind
    from mbmd.simulator.sun import Day

SHORTEST_DAY, LONGEST_DAY = "10s", "24h"

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class Standing(NamedTuple):
    """A device on a bus: one of a type, or the registers of a unit in an image file."""

    type: str
    unit: int
    subdevices: int = 1
    source: str = ""
    words: Mapping[int, int] | None = None
    base: int | None = None

    @property
    def names(self) -> list[str]:
        """It and its subdevices as `mbmd run -d` takes them."""
        options = "" if self.base is None else f"?bases={self.base}"
        numbers = ("", *(f".{number}" for number in range(1, self.subdevices)))
        return [f"{self.type}:{self.unit}{number}{options}" for number in numbers]


Buses: TypeAlias = "dict[Adapter, dict[int, Standing]]"
"""The devices of each bus by unit."""


def plan(
    adapters: Iterable[str],
    devices: Iterable[str],
    baudrate: int,
    comset: str,
    images: Sequence[ImageFile] = (),
) -> Buses:
    """Who stands where: a device that names no adapter stands on each, and so does one of an image file.

    UsageError when two claim one place.
    """
    given = {adapter.address: adapter for adapter in (parse_adapter(text, baudrate, comset) for text in adapters)}

    def adapter_of(text: str) -> Adapter:
        return given.get(text) or parse_adapter(text, baudrate, comset)

    specs = _specs(devices, adapter_of, tuple(given.values()) or (None,))
    if not specs and not images:
        raise UsageError("no devices: name them with -d, as in -d sdm:1, or an image file with --sunspec")
    buses: Buses = {}
    for spec in specs:
        _stand(buses, spec.adapter, _of_type(spec))
    for image in images:
        if not given:
            raise UsageError(f"{image.path}: its devices have no adapter: give one with -a, as in -a 127.0.0.1:5020")
        for unit, words in image.units.items():
            standing = _of_image(image.path, unit, words)
            for adapter in given.values():
                _stand(buses, adapter, standing)
    return buses


def _specs(
    devices: Iterable[str], adapter_of: Callable[[str], Adapter], defaults: Iterable[Adapter | None]
) -> dict[DeviceSpec, None]:
    """The devices of `-d` on each of the default adapters."""
    specs: dict[DeviceSpec, None] = {}
    for default in defaults:
        parsed = parse_specs(devices, adapter_of, default)
        assign_ids(parsed)
        specs.update(dict.fromkeys(parsed))
    assign_ids(specs)
    return specs


def kind(standing: Standing, types: Registry, day: Day) -> Kind:
    """The device itself. UsageError for a type that is unknown, DeviceTableError for a wrong table."""
    from mbmd.simulator.image_file import fixed
    from mbmd.simulator.inverter import inverter

    if standing.words is not None:
        return fixed(standing.words)
    return inverter(standing.type, standing.unit, day) if is_sunspec(standing) else types.get(standing.type)


def is_sunspec(standing: Standing) -> bool:
    """Whether a device has models and points."""
    from mbmd.devices.registry import SUNSPEC

    return standing.type in SUNSPEC


def parse_day(args: argparse.Namespace) -> Day:
    """The days of `--day` and `--time`."""
    from mbmd.config.values import parse_duration
    from mbmd.simulator.sun import Day

    try:
        seconds = parse_duration(args.day)
    except UsageError as error:
        raise UsageError(f"--day: {error}") from None
    if not parse_duration(SHORTEST_DAY) <= seconds <= parse_duration(LONGEST_DAY):
        raise UsageError(f"--day {args.day} is outside {SHORTEST_DAY} to {LONGEST_DAY}")
    time = _TIME.fullmatch(args.time)
    if time is None:
        raise UsageError(f"--time {args.time!r} is no time of a day, as in 22:30")
    return Day(seconds, (int(time[1]) + int(time[2]) / 60) / 24)


def _stand(buses: Buses, adapter: Adapter, standing: Standing) -> None:
    unit = standing.unit
    first = buses.setdefault(adapter, {}).setdefault(unit, standing)
    if first is not standing and (first.source or standing.source or first.type != standing.type):
        both = " and ".join(claim.source or claim.type for claim in (first, standing))
        raise UsageError(f"two meters on unit {unit} of {adapter.address}: {both}")
    try:
        adapter.check_unit(unit)
    except UsageError as error:
        raise UsageError(f"{standing.source or standing.type}: {error}") from None


def _of_type(spec: DeviceSpec) -> Standing:
    standing = Standing(spec.type.upper(), spec.unit)
    if not spec.subdevice and not is_sunspec(standing):
        return standing
    from mbmd.simulator.inverter import SUBDEVICES

    if not is_sunspec(standing):
        raise UsageError(f"device {spec.type}:{spec.unit}.{spec.subdevice}: simulated meters have no subdevices")
    if spec.subdevice >= SUBDEVICES:
        last = f"{spec.type}:{spec.unit}.{SUBDEVICES - 1}"
        raise UsageError(f"device {spec.type}:{spec.unit}.{spec.subdevice}: the last that is simulated is {last}")
    return standing._replace(subdevices=SUBDEVICES)


def _of_image(path: str, unit: int, words: Mapping[int, int]) -> Standing:
    from mbmd.simulator.borders import BASES, bases, subdevices

    base = next(iter(bases(words)), BASES[0])
    return Standing("SUNSPEC", unit, subdevices(words), path, words, None if base in BASES else base)
