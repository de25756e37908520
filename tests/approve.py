"""Snapshots that a person approves: `python -m tests.approve` writes them anew and prints what changed."""

from __future__ import annotations

import contextlib
import difflib
import io
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.cli import main as main_command
from mbmd.config.example import example
from mbmd.config.log import Log
from mbmd.config.model import AdapterKeys, Config, DeviceKeys, Section, keys
from mbmd.config.options import PollClass
from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
from mbmd.config.show import shown
from mbmd.config.web import Web
from mbmd.devices.registry import BUILT_IN
from tests import meters_manual, metrics_manual, sizing_manual
from tests.simulated_units import confusions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from msgspec import Struct

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


def manual() -> str:
    """The manual of the configuration, its tables of keys out of the model."""
    lines: list[str] = []
    skipping = False
    for line in MANUAL.read_text(encoding="utf-8").splitlines():
        skipping = skipping and line.startswith("|")
        if not skipping:
            lines.append(line)
        if line.startswith("| key | meaning |"):
            section = next(word for word in reversed(lines) if word.startswith("## Keys of "))
            lines += ["| --- | --- | --- |", *_key_rows(TABLES[section.removeprefix("## Keys of ")])]
            skipping = True
    return "\n".join(lines) + "\n"


def _key_rows(kind: type[Struct]) -> Iterator[str]:
    for name, key in keys(kind).items():
        if isinstance(key, Section):
            yield f"| `{name}` | {key.description}; see below | |"
            continue
        default = "must be given" if key.required else shown(key, key.default)
        yield f"| `{name}` | {key.description} | {f'`{default}`' if default and not key.required else default} |"


def errors(case: Path) -> str:
    """What `mbmd config check` says of a broken file."""
    said = io.StringIO()
    with contextlib.chdir(case.parent), contextlib.redirect_stderr(said):
        code = main_command(["config", "check", case.name])
    assert code == 2, f"{case.name} is not broken"
    return said.getvalue()


MANUAL = Path(__file__).parents[1] / "docs" / "configuration.md"
TABLES: Mapping[str, type[Struct]] = {
    "the top": Config,
    "log": Log,
    "web": Web,
    "mqtt": Mqtt,
    "influx": Influx,
    "outbox": Outbox,
    "sinks": SinkKeys,
    "adapters": AdapterKeys,
    "devices": DeviceKeys,
}
BROKEN = sorted((CASES / "config").glob("*.yaml"))

SNAPSHOTS: Mapping[str, Callable[[], str]] = {
    "devices.snapshot": devices,
    "confusions.snapshot": confusions,
    "metrics.snapshot": metrics_manual.mapping,
    "../../docs/prometheus.md": metrics_manual.manual,
    "../../docs/meters.md": meters_manual.manual,
    "../../docs/performance.md": sizing_manual.manual,
    "../../mbmd.dist.yaml": example,
    "../../docs/configuration.md": manual,
    **{f"config/{case.stem}.errors": partial(errors, case) for case in BROKEN},
}


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
