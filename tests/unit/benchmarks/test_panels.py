"""Which figures matter most."""

from benchmarks.figure import Figure
from benchmarks.panels import MOST, PANELS, Panel, main_figures
from tests.unit.benchmarks.results_made import CPU, RATE, made

PANEL = Panel("Rates", "tcp", r"^64 devices flat out: ([^,]*)$", "sets/s")


def flat_out(way: str, *values: float, unit: str = "sets/s", aim: float | None = None) -> Figure:
    return Figure(f"64 devices flat out: {way}", unit, values, "higher", aim)


def test_a_panel_takes_figures_by_benchmark_name_and_unit() -> None:
    figures = (RATE, flat_out("mbmd", 2.0), flat_out("mbmd, CPU", 1.0), flat_out("bare loop", 3.0, unit="x"))
    assert [label for label, _ in PANEL.bars(made(*figures))] == ["mbmd"]
    assert PANEL.bars(made(*figures, name="serial")) == []


def test_a_panel_has_no_more_bars_than_can_be_read() -> None:
    figures = [flat_out(f"way {number}", 1.0) for number in range(2 * MOST)]
    assert [label for label, _ in PANEL.bars(made(*figures))] == [f"way {number}" for number in range(MOST)]


def test_what_matters_is_shown_in_a_panel_or_has_an_aim() -> None:
    other, shown = flat_out("mbmd, CPU of the meters", 1.0, unit="% of a core"), flat_out("bare loop", 3.0)
    assert list(main_figures(made(other, RATE, shown, CPU))) == [("tcp", RATE), ("tcp", shown), ("tcp", CPU)]


def test_of_what_holds_the_loop_only_the_longest_is_shown() -> None:
    figures = [Figure(f"situation {number}", "ms", (float(number),), "lower", 5.0) for number in range(2 * MOST)]
    run = made(*figures, name="holds")
    assert [figure for _, figure in main_figures(run)] == figures[MOST:]
    panel = next(panel for panel in PANELS if panel.benchmark == "holds")
    assert [label for label, _ in panel.bars(run)][:2] == [f"situation {2 * MOST - 1}", f"situation {2 * MOST - 2}"]


def test_panels_are_of_their_own() -> None:
    assert len({panel.title for panel in PANELS}) == len(PANELS)
