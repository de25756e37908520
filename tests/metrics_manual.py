"""What metrics there are, as tables: for approval and for the manual."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from prometheus_client.parser import text_string_to_metric_families

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.web.metrics import accounts, names
from mbmd.web.metrics.process import Process
from mbmd.web.metrics.readings import Part
from mbmd.web.metrics.text import labelled

if TYPE_CHECKING:
    from mbmd.web.metrics.names import Family

MANUAL = Path(__file__).parents[1] / "docs" / "prometheus.md"
DASHBOARD = MANUAL.parent / "grafana" / "mbmd.json"


def mapping() -> str:
    """Each measurement of the catalogue, the series that it is, and what it is multiplied with."""
    return "".join(_mapped(name) for name in CATALOGUE)


def _mapped(name: str) -> str:
    its = names.series(CATALOGUE[name])
    assert its is not None
    times = "" if its.unit.is_base else f" * {its.unit.times:g} / {its.unit.parts:g}"
    labels = f"{{{labelled(its.labels)}}}" if its.labels else ""
    return f"{name:<18} {its.family.name}{labels}{times}\n"


def manual() -> str:
    """The manual of metrics, its tables out of the code."""
    text = MANUAL.read_text(encoding="utf-8")
    for title, rows in TABLES.items():
        table = "\n".join(rows())
        head = rf"(## {title}\n.*?\n\| --- [-| ]*\|\n)"
        text = re.sub(rf"{head}(?:\|.*?\n)*", rf"\g<1>{table}\n", text, count=1, flags=re.DOTALL)
    return text


def _readings() -> Iterator[str]:
    members: dict[Family, list[str]] = {}
    labels: dict[Family, dict[str, None]] = {}
    for name, measurement in CATALOGUE.items():
        its = names.series(measurement)
        assert its is not None
        members.setdefault(its.family, []).append(name)
        labels.setdefault(its.family, {}).update(dict.fromkeys(label for label, _ in its.labels))
    for family, called in members.items():
        of = ", ".join(f"`{label}`" for label in labels[family])
        yield f"| `{family.name}` | {family.text} | {of} | {_shortened(called)} |"


def _shortened(called: list[str]) -> str:
    """The first and the last of some measurements."""
    return f"`{called[0]}`" if len(called) == 1 else f"`{called[0]}` … `{called[-1]}`"


def _account(part: Part, common: str) -> Iterator[str]:
    """What an account tells; its labels are those of its first line but the one that all have."""
    for family, lines in zip(part.families, part.lines, strict=True):
        found = re.findall(r'[{,](\w+)="', lines.decode().partition("\n")[0])
        of = ", ".join(f"`{label}`" for label in found if label != common)
        yield f"| `{family.name}` | {family.type} | {family.text} | {of} |"


def _devices() -> Iterable[str]:
    device = DeviceReadings("SDM1.1", "SDM", [])
    device.health.last_seen = 1.0
    device.health.held_back["Power"] = 1
    return _account(accounts.device_part(device), "device")


def _buses() -> Iterable[str]:
    bus = BusHealth("/dev/ttyUSB0")
    bus.trips.add(1.0)
    return _account(accounts.bus_part(bus), "adapter")


def _sinks() -> Iterable[str]:
    return _account(accounts.sink_part(SinkHealth("mqtt")), "sink")


def _process() -> Iterator[str]:
    for family in text_string_to_metric_families(Process().text().decode()):
        name = family.samples[0].name
        of = ", ".join(f"`{label}`" for label in family.samples[0].labels)
        yield f"| `{name}` | {family.type} | {family.documentation} | {of} |"


TABLES: Mapping[str, Callable[[], Iterable[str]]] = {
    "Readings": _readings,
    "Devices": _devices,
    "Buses": _buses,
    "Sinks": _sinks,
    "The process": _process,
}
"""The tables of the manual, by the headings above them."""


def known_names() -> set[str]:
    """Every name that a query can ask for."""
    named = {row.split("`")[1] for rows in TABLES.values() for row in rows()}
    return named | {f"mbmd_bus_round_trip_seconds{ending}" for ending in ("_sum", "_count")}


def promql() -> list[str]:
    """The queries of the dashboard and of the manual."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    return asked + [text.strip() for text in blocks("promql")]


def rules() -> list[str]:
    """The conditions of the alerts in the manual."""
    groups = [group for text in blocks("yaml") for group in yaml.safe_load(text).get("groups", ())]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def blocks(language: str) -> list[str]:
    """The examples of the manual in a language."""
    return re.findall(rf"```{language}\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
