"""From what was asked for to devices that can be polled: their tables and settings, all checked; no I/O but tables."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

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
    results += _differing_bases([result for result in results if isinstance(result, Prepared)])
    problems = [str(result) for result in results if isinstance(result, Problem)]
    if problems:
        raise UsageError("\n".join(problems))
    return [result for result in results if isinstance(result, Prepared)]


def check(config: RunConfig, types: Registry) -> Iterator[Prepared | Problem]:
    """Each device of a run as it can be polled, or why it cannot."""
    run = DeviceOptions(rate=config.rate, timeout=config.timeout, plausibility=config.plausibility)
    checked: set[Adapter] = set()
    for device in config.devices:
        adapter = device.spec.adapter
        try:
            if adapter not in checked:
                checked.add(adapter)
                _check_adapter(adapter, types)
            yield _prepare(device, types, run)
        except UsageError as error:
            yield Problem(device, str(error))


def _differing_bases(devices: Sequence[Prepared]) -> Iterator[Problem]:
    """Subdevices of one unit that are looked for at other places than the first: it is asked once for all."""
    first: dict[tuple[str, int], Prepared] = {}
    for prepared in devices:
        spec = prepared.device.spec
        if is_sunspec(spec.type):
            other = first.setdefault((spec.adapter.address, spec.unit), prepared)
            if other.settings.bases != prepared.settings.bases:
                yield Problem(prepared.device, f"bases must be those of {other.device.id}, which is of the same unit")


def _check_adapter(adapter: Adapter, types: Registry) -> None:
    """Refuse patterns that fit no type at all: each device has only some measurements."""
    try:
        if adapter.options != NO_OPTIONS:
            check_patterns(adapter.options, types.measurements())
    except UsageError as error:
        raise UsageError(f"adapter {adapter.address}: {error}") from None


def _prepare(device: Device, types: Registry, run: DeviceOptions) -> Prepared:
    spec = device.spec
    if spec.subdevice and not is_sunspec(spec.type):
        raise UsageError("only SunSpec devices have subdevices")
    device_type = sunspec_type(spec.type) if is_sunspec(spec.type) else types.get(spec.type)
    return Prepared(device, device_type, resolve(device_type, spec.options, spec.adapter.options, run))
