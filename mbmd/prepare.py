"""From what was asked for to devices that can be polled: their tables and settings, all checked; no I/O but tables."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from mbmd.config.adapter import Adapter
from mbmd.config.devices import Device
from mbmd.config.options import NO_OPTIONS, DeviceOptions, check_patterns
from mbmd.config.run import RunConfig
from mbmd.devices.registry import Registry
from mbmd.devices.schema import DeviceType
from mbmd.devices.settings import Settings, resolve
from mbmd.errors import UsageError
from mbmd.sunspec.device_type import device_type as sunspec_type
from mbmd.sunspec.device_type import is_sunspec

Settle: TypeAlias = Callable[[str, DeviceOptions, DeviceOptions], tuple[DeviceType, Settings]]
"""The type of that name, and the settings of one that was asked for with options of its own and of its adapter."""


class Prepared(NamedTuple):
    """A device with its type and the settings that count for it."""

    device: Device
    type: DeviceType
    settings: Settings


class Problem(NamedTuple):
    """What keeps a device from being polled."""

    device: Device
    text: str

    def __str__(self) -> str:
        return f"device {self.device.id}: {self.text}"


def prepare(config: RunConfig, types: Registry) -> list[Prepared]:
    """The devices of a run. Raises UsageError with a line for each that cannot be polled."""
    results = list(check(config, types))
    problems = [str(result) for result in results if isinstance(result, Problem)]
    if problems:
        raise UsageError("\n".join(problems))
    return [result for result in results if isinstance(result, Prepared)]


def check(config: RunConfig, types: Registry) -> Iterator[Prepared | Problem]:
    """Each device of a run as it can be polled, or why it cannot."""
    run = DeviceOptions(rate=config.rate, timeout=config.timeout, plausibility=config.plausibility)
    settle = cache(partial(_settle, types, run))  # devices that were asked for alike have one object in common
    checked: set[Adapter] = set()
    units: dict[tuple[str, int], Prepared] = {}
    for device in config.devices:
        adapter = device.spec.adapter
        try:
            if adapter not in checked:
                checked.add(adapter)
                _check_adapter(adapter, types)
            prepared = _prepare(device, settle)
            _check_unit(prepared, units.setdefault((adapter.address, device.spec.unit), prepared))
            yield prepared
        except UsageError as error:
            yield Problem(device, str(error))


def _check_unit(prepared: Prepared, first: Prepared) -> None:
    """Refuse what cannot be together on a unit with the first device there: it is asked for its models once for all."""
    spec, other = prepared.device.spec, first.device.spec
    if spec.subdevice != other.subdevice and is_sunspec(spec.type) is not is_sunspec(other.type):
        raise UsageError(f"two meters on unit {spec.unit} of {spec.adapter.address}: {other.type} and {spec.type}")
    if prepared.settings.bases != first.settings.bases:
        raise UsageError(f"bases must be those of {first.device.id}, which is of the same unit")


def _check_adapter(adapter: Adapter, types: Registry) -> None:
    """Refuse patterns that fit no type at all: each device has only some measurements."""
    try:
        if adapter.options != NO_OPTIONS:
            check_patterns(adapter.options, types.measurements())
    except UsageError as error:
        raise UsageError(f"adapter {adapter.address}: {error}") from None


def _prepare(device: Device, settle: Settle) -> Prepared:
    spec = device.spec
    if spec.subdevice and not is_sunspec(spec.type):
        raise UsageError("only SunSpec devices have subdevices")
    if spec.options.bases and not is_sunspec(spec.type):
        raise UsageError("only SunSpec devices have bases")
    return Prepared(device, *settle(spec.type, spec.options, spec.adapter.options))


def _settle(
    types: Registry, run: DeviceOptions, name: str, of_device: DeviceOptions, of_adapter: DeviceOptions
) -> tuple[DeviceType, Settings]:
    device_type = sunspec_type(name) if is_sunspec(name) else types.get(name)
    return device_type, resolve(device_type, of_device, of_adapter, run)
