"""Snapshots that a person approves: `python -m tests.approve` writes them anew and prints what changed."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.config.options import PollClass
from mbmd.devices.registry import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mbmd.devices.schema import DeviceType, Register

CASES = Path(__file__).parent / "cases"


def devices() -> str:
    """All built-in device types, as the registry loads them; each line names its type, so a diff needs no context."""
    types = map(BUILT_IN.get, BUILT_IN.names())
    return "".join(f"{device.type:<11} {line}\n" for device in types for line in _lines(device))


def _lines(device: DeviceType) -> Iterator[str]:
    yield f"text  {device.description}; {device.manufacturer}; {device.manual or 'no manual'}"
    timeout = "" if device.timeout is None else f", timeout {device.timeout} s"
    rating = "" if device.rating is None else f", rating {device.rating} kW"
    limits = f"max_registers {device.max_registers}, holes {device.holes}, pause {device.pause} s"
    yield f"reads {limits}{timeout}{rating}"
    yield f"probe {_register(device.probe) if device.probe else 'none'}"
    yield from map(_register, device.registers)


def _register(register: Register) -> str:
    nan = "" if register.nan is None else f" nan {register.nan:#x}"
    poll = "" if register.poll is PollClass.FAST else f" {register.poll}"
    place = f"{register.function} {register.address:>5}+{register.count}"
    return f"{place} {register.type:<15} /{register.divisor:<6g} {register.measurement}{nan}{poll}"


SNAPSHOTS: Mapping[str, Callable[[], str]] = {"devices.snapshot": devices}


def changes(name: str) -> str:
    """What differs from the approved snapshot, as a unified diff; empty if nothing does."""
    path = CASES / name
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    new = SNAPSHOTS[name]()
    return "".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "approved", "now", n=0))


def main() -> None:
    """Write every snapshot that changed."""
    for name, render in SNAPSHOTS.items():
        diff = changes(name)
        sys.stdout.write(f"{name}: approved\n{diff}" if diff else f"{name}: unchanged\n")
        (CASES / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
