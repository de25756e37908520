"""Running benchmarks: what fails does not take the others with it."""

import signal
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from types import ModuleType

import pytest

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.suite import BENCHMARKS, Measured, measure, reason
from tests.unit.benchmarks.results_made import CPU, RATE

Run = Callable[[Effort], Iterator[Figure]]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], Measured]:
    def run(benchmark: Run) -> Measured:
        module = ModuleType("benchmarks.made_up")
        module.run = benchmark  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "benchmarks.made_up", module)
        result = Measured()
        measure("made_up", Effort(), result)
        return result

    return run


def test_figures_are_kept_with_what_was_left_out(measured: Callable[[Run], Measured]) -> None:
    def run(effort: Effort) -> Iterator[Figure]:
        effort.left_out["libmodbus"] = "not installed"
        yield RATE
        yield CPU

    result = measured(run)
    assert (result.figures, result.left_out, result.failed) == ([RATE, CPU], {"libmodbus": "not installed"}, None)
    assert result.seconds > 0


def test_a_failure_keeps_what_was_measured_before(measured: Callable[[Run], Measured]) -> None:
    def run(_: Effort) -> Iterator[Figure]:
        yield RATE
        raise RuntimeError("no answer\n  from:\nhere")

    result = measured(run)
    assert result.figures == [RATE]
    assert result.failed is not None
    assert "Traceback" in result.failed
    assert reason(result.failed) == "RuntimeError: no answer"


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ((RATE, RATE), "ValueError: 64 devices: mbmd: measured twice"),
        ((Figure("x", "s", ()),), "ValueError: x: no figure can be made of ()"),
        ((Figure("x", "s", (1.0, float("nan"))),), "ValueError: x: no figure can be made of (1.0, nan)"),
    ],
)
def test_what_is_no_figure_fails(figures: tuple[Figure, ...], said: str, measured: Callable[[Run], Measured]) -> None:
    failed = measured(lambda _: iter(figures)).failed
    assert failed is not None
    assert reason(failed) == said


def test_what_interrupts_goes_on(measured: Callable[[Run], Measured]) -> None:
    def run(effort: Effort) -> Iterator[Figure]:
        yield RATE
        signal.raise_signal(signal.SIGINT)
        yield CPU

    with pytest.raises(KeyboardInterrupt):
        measured(run)


def test_a_module_that_does_not_load_fails() -> None:
    result = Measured()
    measure("no_such_benchmark", Effort(), result)
    assert result.failed is not None
    assert reason(result.failed) == "ModuleNotFoundError: No module named 'benchmarks.no_such_benchmark'"


def test_each_benchmark_that_is_there_says_what_it_measures() -> None:
    for name in BENCHMARKS:
        if find_spec(f"benchmarks.{name}") is not None:
            __import__(f"benchmarks.{name}")
            assert sys.modules[f"benchmarks.{name}"].__doc__
