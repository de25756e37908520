"""How a device is polled: what was asked for it, for its adapter and for the run, over what its table says; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mbmd.config.defaults import DEFAULT_RATE, DEFAULT_TIMEOUT
from mbmd.config.options import MAX_READ, DeviceOptions, PollClass, check_patterns, matches
from mbmd.config.values import parse_duration
from mbmd.devices.schema import DeviceType, Register
from mbmd.errors import UsageError

# The largest low-voltage switchboards carry 4000 A, at 400 V on three phases 2800 kW.
DEFAULT_RATING = 3000.0
DEFAULT_SLOW_RATE = 60.0
MOST_NAMES = 5
"""Measurements that an error names."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the engine needs to know of a device; times are seconds, `rating` is kW.

    `registers` are those to read, in the order of the table, each with the class that counts for it. `bases` are
    addresses where a SunSpec device may begin, empty for the usual ones.
    """

    registers: tuple[Register, ...]
    timeout: float
    pause: float
    max_registers: int
    holes: bool
    rate: float
    slow_rate: float
    rating: float
    plausibility: bool
    bases: tuple[int, ...] = ()


def resolve(device_type: DeviceType, device: DeviceOptions, adapter: DeviceOptions, run: DeviceOptions) -> Settings:
    """What counts for a device of that type.

    The nearest wins: device, adapter, table, run, default; but the table's timeout is a least one for the run's.
    For `pause`, `max_registers` and `holes` the device's options replace its table, the stricter of device and
    adapter counts, and `run` has no say. Exclusions add up. Of the classes that a layer gives, the rarest wins.

    Raises UsageError when a pattern of the device matches no measurement of its type or of the catalogue, nothing is
    left to read regularly, or a value has more registers than a read may have.
    """
    check_patterns(device, device_type.known)
    layers = (device, adapter, run)
    registers = _registers(device_type, layers)
    default_timeout = max(_given(device_type.timeout, run.timeout), default=parse_duration(DEFAULT_TIMEOUT))
    settings = Settings(
        registers=registers,
        timeout=_first(device.timeout, adapter.timeout, default=default_timeout),
        pause=max(_first(adapter.pause, default=0.0), _first(device.pause, default=device_type.pause)),
        max_registers=min(
            _first(adapter.max_registers, default=MAX_READ),
            _first(device.max_registers, default=device_type.max_registers),
        ),
        holes=_first(adapter.holes, default=True) and _first(device.holes, default=device_type.holes),
        rate=_first(device.rate, adapter.rate, run.rate, default=parse_duration(DEFAULT_RATE)),
        slow_rate=_first(device.slow_rate, adapter.slow_rate, run.slow_rate, default=DEFAULT_SLOW_RATE),
        rating=_first(device.rating, adapter.rating, device_type.rating, run.rating, default=DEFAULT_RATING),
        plausibility=_first(device.plausibility, adapter.plausibility, run.plausibility, default=True),
        bases=device.bases or adapter.bases,
    )
    _check_sizes(device_type, settings)
    return settings


def _given(*values: _T | None) -> Iterable[_T]:
    return (value for value in values if value is not None)


def _first(*values: _T | None, default: _T) -> _T:
    return next(iter(_given(*values)), default)


def _registers(device_type: DeviceType, layers: Sequence[DeviceOptions]) -> tuple[Register, ...]:
    include = next((options.include for options in layers if options.include), ())
    exclude = tuple(pattern for options in layers for pattern in options.exclude)
    registers = tuple(
        _of_class(register, _poll_class(register, layers))
        for register in device_type.registers
        if not include or matches(register.measurement, include)
        if not matches(register.measurement, exclude)
    )
    if not registers:
        asked = " with ".join(f"{key}={'+'.join(p)}" for key, p in (("include", include), ("exclude", exclude)) if p)
        name = device_type.registers[0].measurement
        raise UsageError(
            f"device type {device_type.type}: {asked} leaves nothing to read: leave it some, such as {name}"
        )
    if all(register.poll is PollClass.ONCE for register in registers):
        names = [register.measurement for register in registers]
        shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if names[MOST_NAMES:] else "")
        raise UsageError(
            f"device type {device_type.type}: all that is left is read once ({shown}): "
            "at least one measurement must be read regularly, put it in slow"
        )
    return registers


def _of_class(register: Register, poll: PollClass) -> Register:
    return register if register.poll is poll else replace(register, poll=poll)


def _poll_class(register: Register, layers: Sequence[DeviceOptions]) -> PollClass:
    for options in layers:
        lists = ((PollClass.ONCE, options.once), (PollClass.SLOW, options.slow), (PollClass.FAST, options.fast))
        for poll, patterns in lists:
            if matches(register.measurement, patterns):
                return poll
    return register.poll


def _check_sizes(device_type: DeviceType, settings: Settings) -> None:
    in_registers = (register for register in settings.registers if not register.is_bit)
    largest = max(in_registers, key=lambda register: register.least, default=None)
    if largest is not None and settings.max_registers < largest.least:
        raise UsageError(
            f"device type {device_type.type}: max_registers {settings.max_registers} is too small for "
            f"{largest.measurement}: give at least {largest.least}, or exclude it"
        )
