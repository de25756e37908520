"""The kernels' benchmark: that all ways do the same, and what becomes of what is not installed."""

import math
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks import kernels
from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.kernel import clock, instructions
from benchmarks.kernel.cases import Case, Way, cases

HERE = [(case, way) for case in cases() for way in case.ways if way != "fastcrc" or find_spec("fastcrc")]
ROW = {"mbmd": 10.0, "oracle": 1000.0, "pymodbus": 300.0}
CASE = Case("a case", {name: Way("pass", "pass") for name in ROW}, 20.0)


def made(way: Way) -> Any:
    names: dict[str, Any] = {}
    exec(f"{way.setup}\n{way.statement}", names)  # noqa: S102 - as the benchmark does
    return names.get("made")


def plain(value: Any) -> Any:
    return [None if math.isnan(number) else number for number in value] if isinstance(value, Sequence) else value


def test_names_are_unique() -> None:
    names = [case.name for case in cases()]
    assert len(names) == len({*names})


@pytest.mark.parametrize(("case", "way"), HERE, ids=[f"{case.name}: {way}" for case, way in HERE])
def test_every_way_makes_the_same(case: Case, way: str) -> None:
    theirs, ours = made(case.ways[way]), made(case.ways["mbmd"])
    if way == "pymodbus" and isinstance(theirs, int):
        theirs = int.from_bytes(theirs.to_bytes(2, "little"))
    assert ours is not None or way == "mbmd"
    assert plain(theirs) == plain(ours)


@pytest.mark.parametrize("framing", ["RTU", "MBAP", "ASCII"])
def test_a_whole_answer_comes_to_its_doubles(framing: str) -> None:
    (case,) = (case for case in cases() if case.name == f"{framing} answer to 40 doubles")
    assert [*made(case.ways["mbmd"])] == [230 + slot / 8 for slot in range(40)]


def rows(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Make times up, of the k-th row k times as long, and let valgrind be missing; what is returned gets the orders."""
    orders: list[list[str]] = []

    def time_row(ways: dict[str, Way], seconds: float) -> dict[str, float]:
        assert seconds == 0.001
        orders.append([*ways])
        return {name: len(orders) * ROW[name.removeprefix("a case: ")] for name in ways}

    monkeypatch.setattr(kernels, "cases", lambda: iter([CASE]))
    monkeypatch.setattr(clock, "time_row", time_row)
    monkeypatch.setattr(clock, "is_there", lambda: True)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return orders


def test_rows_are_timed_there_and_back_and_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = rows(monkeypatch)
    effort = Effort(1.0, 2)
    assert [*kernels.run(effort)] == [
        Figure("a case: mbmd", "ns", (10.0, 20.0), "lower"),
        Figure("a case: oracle", "ns", (1000.0, 2000.0)),
        Figure("a case: pymodbus", "ns", (300.0, 600.0)),
        Figure("a case: mbmd beside pymodbus", "x", (30.0, 30.0), "higher", 20.0),
    ]
    assert orders == [[f"a case: {name}" for name in names] for names in (ROW, reversed(ROW))]
    assert effort.left_out == {"instructions of kernels": instructions.MISSING}


def test_a_quick_run_leaves_the_oracle_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows(monkeypatch)
    names = [figure.name for figure in kernels.run(Effort(1.0, 1, quick=True))]
    assert names == ["a case: mbmd", "a case: pymodbus", "a case: mbmd beside pymodbus"]


@pytest.mark.parametrize(("quick", "aims"), [(False, [None, 20.0]), (True, [None])])
def test_instructions_are_compared_where_there_is_an_aim(
    quick: bool, aims: list[float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows(monkeypatch)
    monkeypatch.setattr(instructions, "count", lambda ways: [100.0 * (1 + number) for number in range(len(ways))])
    figures = [*kernels.run(Effort(1.0, 1, quick))][-len(aims) :]
    assert [figure.aim for figure in figures] == aims
    assert figures[0] == Figure("a case: instructions", "instructions", (100.0,), "lower")
    assert [figure.values for figure in figures[1:]] == [(2.0,)] * (len(aims) - 1)


def test_what_is_not_installed_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    crc = next(case for case in cases() if "fastcrc" in case.ways)
    monkeypatch.setattr(kernels, "cases", lambda: iter([crc]))
    monkeypatch.setattr(kernels, "find_spec", lambda _: None)
    monkeypatch.setattr(clock, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    effort = Effort()
    assert [*kernels.run(effort)] == []
    assert effort.left_out.keys() == {"fastcrc", "times of kernels", "instructions of kernels"}
    assert all("install" in why for why in effort.left_out.values())


def test_a_time_is_the_median_of_those_after_the_warm_up() -> None:
    assert clock._median([(1, 9.0), (2, 8.0), (4, 7.0), (4, 3.0), (4, 1.0), (4, 2.0)]) == 2.0


def test_valgrind_that_writes_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = shutil.which("true")
    monkeypatch.setattr(shutil, "which", lambda _: idle)
    with pytest.raises(instructions.CannotCountError, match="in another way"):
        instructions.count([instructions.NOTHING])


def test_valgrind_that_does_not_work_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = shutil.which("false")
    monkeypatch.setattr(shutil, "which", lambda _: broken)
    with pytest.raises(instructions.CannotCountError, match="valgrind cannot run Python here"):
        instructions.count([instructions.NOTHING])
