"""Device specs of the command line, and the ids that users know devices by."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mbmd.config.adapter import ADAPTER_OPTIONS, Adapter
from mbmd.config.options import DEVICE_OPTIONS, NO_OPTIONS, DeviceOptions, parse_query
from mbmd.errors import UsageError

_FORM = "TYPE:UNIT[.SUBDEVICE][?OPTIONS][@ADAPTER]"
_SPEC = re.compile(
    r"(?P<type>[^:@?]+):(?P<unit>\d{1,9})(?:\.(?P<subdevice>\d{1,9}))?"
    r"(?:\?(?P<options>[^@]*))?(?:@(?P<adapter>.+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device as the user named it, on its adapter."""

    type: str
    unit: int
    subdevice: int
    adapter: Adapter
    options: DeviceOptions = NO_OPTIONS


@dataclass(frozen=True, slots=True)
class Device:
    """A device with its id, such as `SDM1.21` or `SMA2.126.1`.

    `name` is another id that the user gave it, `place` says where it stands; empty if not given.
    """

    id: str
    spec: DeviceSpec
    name: str = ""
    place: str = ""


def parse_specs(
    texts: Iterable[str], parse_adapter: Callable[[str], Adapter], default: Adapter | None
) -> list[DeviceSpec]:
    """The devices of `TYPE:UNIT[.SUBDEVICE][?OPTIONS][@ADAPTER]` texts, several in one text separated by commas."""
    return [
        _parse_spec(part.strip(), parse_adapter, default) for text in texts for part in text.split(",") if part.strip()
    ]


def _parse_spec(text: str, parse_adapter: Callable[[str], Adapter], default: Adapter | None) -> DeviceSpec:
    match = _SPEC.fullmatch(text)
    if match is None or not text.isprintable():
        raise UsageError(f"device {text!r} is not {_FORM}, as in SDM:1 or SMA:126@10.0.0.4:502")
    adapter = parse_adapter(match["adapter"]) if match["adapter"] else default
    if adapter is None:
        raise UsageError(f"device {text!r} has no adapter: give one with -a, or write {text}@/dev/ttyUSB0")
    unit = int(match["unit"])
    if unit not in adapter.units:
        span = f"{adapter.units[0]} to {adapter.units[-1]}"
        raise UsageError(f"device {text!r}: unit {unit} is outside {span} on {adapter.address}")
    options = parse_query(match["options"] or "", DEVICE_OPTIONS, f"device {text!r}", ADAPTER_OPTIONS)
    return DeviceSpec(match["type"], unit, int(match["subdevice"] or 0), adapter, DeviceOptions(**options))


def assign_ids(specs: Iterable[DeviceSpec]) -> list[Device]:
    """Devices with their ids: `<TYPE><adapter>.<unit>[.<subdevice>]`.

    `<adapter>` counts from 1 over the adapters in use, sorted by address. Refuses two devices on one
    unit of one adapter, and one address with two settings.
    """
    specs = list(specs)
    _check_adapters(specs)
    _check_units(specs)
    number = {address: n for n, address in enumerate(sorted({spec.adapter.address for spec in specs}), 1)}
    return [Device(_id(spec, number[spec.adapter.address]), spec) for spec in specs]


def _id(spec: DeviceSpec, number: int) -> str:
    subdevice = f".{spec.subdevice}" if spec.subdevice else ""
    return f"{spec.type.upper()}{number}.{spec.unit}{subdevice}"


def _check_adapters(specs: list[DeviceSpec]) -> None:
    seen: dict[str, Adapter] = {}
    for spec in specs:
        first = seen.setdefault(spec.adapter.address, spec.adapter)
        if first != spec.adapter:
            raise UsageError(f"adapter {first.address} is given with two settings: {first} and {spec.adapter}")


def _check_units(specs: list[DeviceSpec]) -> None:
    seen: dict[tuple[str, int, int], str] = {}
    for spec in specs:
        place = (spec.adapter.address, spec.unit, spec.subdevice)
        if place in seen:
            where = f"unit {spec.unit} of {spec.adapter.address}"
            if seen[place].upper() == spec.type.upper():
                subdevice = f".{spec.subdevice}" if spec.subdevice else ""
                raise UsageError(f"device {spec.type}:{spec.unit}{subdevice} is given twice for {where}")
            raise UsageError(f"two meters on {where}: {seen[place]} and {spec.type}")
        seen[place] = spec.type
