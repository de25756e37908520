"""The kernels' benchmark with little effort, on few of its cases."""

import math
import shutil

import pytest

from benchmarks import kernels
from benchmarks.effort import Effort
from benchmarks.kernel.cases import cases

NAMES = ("CRC16 of 8 bytes", "MBAP request", "80 registers of float64", "hour, mean")
TINY = Effort(seconds=0.1, repeat=1, quick=True)


def test_times_and_instructions_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyperf")
    monkeypatch.setattr(kernels, "cases", lambda: (case for case in cases() if case.name in NAMES))
    figures = {figure.name: figure for figure in kernels.run(TINY)}
    assert all(math.isfinite(value) and value > 0 for figure in figures.values() for value in figure.values)
    for name in NAMES:
        assert figures[f"{name}: mbmd"].unit == "ns"
        assert (f"{name}: mbmd beside pymodbus" in figures) == (name != NAMES[-1])
        if shutil.which("valgrind"):
            assert figures[f"{name}: instructions"].unit == "instructions"
