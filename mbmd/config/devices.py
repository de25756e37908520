"""Device specs of the command line, and the ids that users know devices by."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

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
    try:
        adapter.check_unit(unit)
    except UsageError as error:
        raise UsageError(f"device {text!r}: {error}") from None
    options = parse_query(match["options"] or "", DEVICE_OPTIONS, f"device {text!r}", ADAPTER_OPTIONS)
    given = DeviceOptions(**options) if options else NO_OPTIONS
    return DeviceSpec(match["type"], unit, int(match["subdevice"] or 0), adapter, given)


def assign_ids(specs: Iterable[DeviceSpec]) -> list[Device]:
    """Devices with their ids: `<TYPE><adapter>.<unit>[.<subdevice>]`.

    `<adapter>` is the id of the adapter; those without one count from 1 over the adapters in use, sorted by address,
    and leave out what is taken. Raises UsageError with a line for each device that cannot stand beside the others.
    """
    specs = list(specs)
    problems = [text for _, text in conflicts(specs)]
    if problems:
        raise UsageError("\n".join(problems))
    return [Device(name, spec) for name, spec in zip(ids(specs), specs, strict=True)]


def ids(specs: Sequence[DeviceSpec]) -> list[str]:
    """The ids of devices, see `assign_ids`."""
    adapters = {spec.adapter.address: spec.adapter for spec in specs}
    taken = {adapter.id for adapter in adapters.values()}
    free = (number for number in count(1) if number not in taken)
    numbers = {address: adapters[address].id or next(free) for address in sorted(adapters)}
    return [_id(spec, numbers[spec.adapter.address]) for spec in specs]


def _id(spec: DeviceSpec, number: int) -> str:
    subdevice = f".{spec.subdevice}" if spec.subdevice else ""
    return f"{spec.type.upper()}{number}.{spec.unit}{subdevice}"


def conflicts(specs: Sequence[DeviceSpec]) -> Iterator[tuple[int, str]]:
    """Devices that cannot stand beside an earlier one, by their number in `specs`, and why."""
    found = [*_adapter_conflicts(specs), *_unit_conflicts(specs)]
    yield from found
    told = {index for index, _ in found}
    seen: dict[str, int] = {}
    for index, name in enumerate(ids(specs)):
        first = seen.setdefault(name, index)
        if first != index and index not in told:
            both = " and ".join(
                f"{spec.type}:{spec.unit} on {spec.adapter.address}" for spec in (specs[index], specs[first])
            )
            yield index, f"{both} would both be {name}: give one of the adapters another id"


def _adapter_conflicts(specs: Sequence[DeviceSpec]) -> Iterator[tuple[int, str]]:
    seen: dict[str, Adapter] = {}
    for index, spec in enumerate(specs):
        first = seen.setdefault(spec.adapter.address, spec.adapter)
        if first != spec.adapter:
            yield index, f"adapter {first.address} is given with two settings: {first} and {spec.adapter}"
    owners: dict[int, str] = {}
    for index, spec in enumerate(specs):
        number, address = spec.adapter.id, spec.adapter.address
        if number is not None and owners.setdefault(number, address) != address:
            yield index, f"adapters {owners[number]} and {address} have the same id {number}: give one of them another"


def _unit_conflicts(specs: Sequence[DeviceSpec]) -> Iterator[tuple[int, str]]:
    seen: dict[tuple[str, int, int], int] = {}
    for index, spec in enumerate(specs):
        first = seen.setdefault((spec.adapter.address, spec.unit, spec.subdevice), index)
        if first != index:
            yield index, _on_one_unit(specs[first].type, spec)


def _on_one_unit(first: str, spec: DeviceSpec) -> str:
    where = f"unit {spec.unit} of {spec.adapter.address}"
    if first.upper() != spec.type.upper():
        return f"two meters on {where}: {first} and {spec.type}"
    subdevice = f".{spec.subdevice}" if spec.subdevice else ""
    return f"device {spec.type}:{spec.unit}{subdevice} is given twice for {where}"
