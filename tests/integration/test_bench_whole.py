import math

import pytest

from benchmarks.effort import Effort
from benchmarks.play import broker
from benchmarks.whole.plan import Plan, measure

SMALL = Plan((4,), rate=0.1, listeners=3, connections=2)


def test_the_whole_way_is_measured() -> None:
    effort = Effort(seconds=0.1, repeat=1, quick=True)
    figures = {figure.name: figure for figure in measure(effort, SMALL)}
    units = {name: figure.unit for name, figure in figures.items()}
    assert all(name.startswith("4 devices") for name in figures)
    assert units["4 devices, polling alone: CPU"] == "µs/reading"
    assert units["4 devices, wire to REST: 99 % delay"] == "ms"
    assert units["4 devices, 3 websockets, single: CPU a message"] == "µs/message"
    assert units["4 devices, GET /metrics: answers"] == "answers/s"
    assert units["4 devices, everything on: CPU"] == "% of a core"
    assert all(math.isfinite(value) for figure in figures.values() for value in figure.values)
    delays = [name for name in figures if name.endswith("delay") and "MQTT" not in name]
    assert all(figures[name].median > -0.1 for name in delays)
    counts = [name for name in figures if name.endswith(("messages", "answers", "readings", "for a round"))]
    assert all(figures[name].median > 0 for name in counts)
    assert ("MQTT" in effort.left_out) == (broker.program() is None)
    assert ("4 devices flat out to MQTT: messages" in figures) == (broker.program() is not None)


def test_what_cannot_be_measured_without_a_broker_is_left_out_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.play.broker.program", lambda: None)
    for part in ("delivery.web", "clients.many", "requests.load"):
        monkeypatch.setattr(f"benchmarks.whole.{part}", lambda *_: iter(()))
    effort = Effort(seconds=0.1, repeat=1, quick=True)
    names = [figure.name for figure in measure(effort, SMALL)]
    assert effort.left_out == {"MQTT": broker.MISSING}
    assert "4 devices, everything on: CPU" in names
    assert not any("MQTT" in name for name in names)
