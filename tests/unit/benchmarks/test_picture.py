"""The main results on one page."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.figure import Figure
from benchmarks.picture import draw
from tests.unit.benchmarks.results_made import RATE, made


def flat_out(way: str, *values: float, unit: str = "sets/s", aim: float | None = None) -> Figure:
    return Figure(f"64 devices flat out: {way}", unit, values, "higher", aim)


def test_a_run_without_main_results_has_no_picture(tmp_path: Path) -> None:
    assert draw(made(RATE), tmp_path / "x") == []
    assert list(tmp_path.iterdir()) == []


def test_the_picture_is_drawn_as_png_and_svg(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figures = (flat_out("mbmd", 2.0, 3.0, 2.5, aim=2.0), flat_out("bare loop", 4.0, 4.5, 3.5))
    delay = Figure("64 devices, wire to REST: 99 % delay", "ms", (1.5, 2.5), "lower")
    results = made(*figures)
    results.benchmarks.update(made(delay, name="whole").benchmarks)
    png, svg = draw(results, tmp_path / "2026-11-23T120000")
    assert (png.name, svg.name) == ("2026-11-23T120000.png", "2026-11-23T120000.svg")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")  # noqa: S314
    drawn = svg.read_text()
    assert all(f"<!-- {text} -->" in drawn for text in ("mbmd", "bare loop", "64 devices, wire to REST", "2.50"))


def test_without_matplotlib_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="matplotlib"):
        draw(made(flat_out("mbmd", 2.0)), tmp_path / "x")
