"""The benchmark of what holds the event loop, at its smallest."""

from math import isfinite

from benchmarks import holds
from benchmarks.effort import Effort


def test_each_situation_has_its_longest_turn() -> None:
    told: list[str] = []
    figures = list(holds.run(Effort(seconds=0.1, repeat=1, quick=True, tell=told.append)))
    assert all(figure.name.startswith("100 devices: ") for figure in figures)
    names = [figure.name.partition(": ")[2] for figure in figures]
    assert names[:2] == ["start, until all are online", "nobody asks"]
    assert {"GET /metrics", "GET /api/status, gzip", "reload, nothing changed"} <= set(names)
    assert len(set(names)) == len(names)
    assert names[: len(told)] == told
    assert {"start, garbage", "garbage"} <= set(names[len(told) :])
    assert {figure.unit for figure in figures} == {"ms"}
    assert {figure.better for figure in figures} == {"lower"}
    assert all(isfinite(figure.median) and figure.median >= 0 for figure in figures)
    assert figures[0].median > 0
