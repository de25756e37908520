"""The benchmark of start-up and size, as briefly as it goes."""

from importlib import import_module

import pytest

from benchmarks.effort import Effort
from benchmarks.startup import run


def test_all_that_is_promised_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(import_module("benchmarks.startup.memory"), "SETTLED", 0.1)
    effort = Effort(seconds=0.1, repeat=1, quick=True)
    figures = {figure.name: figure for figure in run(effort)}
    units = {name: figure.unit for name, figure in figures.items()}
    assert (
        units.items()
        >= {
            "start: python -c pass": "ms",
            "start: mbmd --help": "ms",
            "start: mbmd --help, beside python -c pass": "x",
            "start: import of the daemon and the web server": "ms",
            "first reading over REST": "ms",
            "memory: the interpreter": "MiB",
            "memory: with the daemon imported": "MiB",
            "memory: a daemon with one device": "MiB",
            "memory: a daemon with one device, no web server": "MiB",
            "memory: each 100 devices more": "MiB",
            "size: installed mbmd": "MiB",
            "size: installed in all": "MiB",
            "size: installed uvloop": "MiB",
        }.items()
    )
    assert all(value > 0 for figure in figures.values() for value in figure.values)
    resident = [figures[f"memory: {part}"].median for part in ("the interpreter", "with the daemon imported")]
    assert resident == sorted(resident)
    assert list(effort.left_out) == ["size: the wheel"]
