"""What changed between two runs of the benchmarks."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.compare import compared, notes, print_comparison, verdict
from benchmarks.figure import Figure
from tests.unit.benchmarks.results_made import CPU, MACHINE, RATE, made

VALUES = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([100, 101, 102, 103, 104], [110, 111, 112, 113, 114], "better"),
        ([100, 101, 102, 103, 104], [90, 91, 92, 93, 94], "worse"),
        ([100, 101, 102, 103, 104], [101, 102, 103, 104, 105], "same"),
        ([90, 95, 100, 105, 110], [100, 105, 110, 115, 120], "same"),
        ([90, 95, 100, 105, 110], [109, 112, 115, 118, 120], "better"),
        ([100, 100.1, 100.2], [101, 101.1, 101.2], "same"),
        ([100], [105], "same"),
        ([100], [115], "better"),
        ([100, 100, 100], [105], "same"),
        ([0, 0, 0], [1, 1, 1], "better"),
        ([0, 0], [0, 0], "same"),
    ],
)
def test_a_change_counts_when_it_is_more_than_chance(old: list[float], new: list[float], expected: str) -> None:
    assert verdict(old, new, "higher") == expected


def test_what_is_counted_needs_little() -> None:
    assert verdict([1000], [1010], "lower", "instructions") == "worse"
    assert verdict([1000], [1001], "lower", "instructions") == "same"


@given(VALUES, VALUES)
def test_the_other_way_round_it_is_the_opposite(old: list[float], new: list[float]) -> None:
    higher, lower = verdict(old, new, "higher"), verdict(old, new, "lower")
    assert {higher, lower} in ({"same"}, {"better", "worse"})
    assert verdict(old, new, None) == ("same" if higher == "same" else "changed")


@given(VALUES, st.sampled_from(["higher", "lower", None]))
def test_a_run_is_the_same_as_itself(values: list[float], better: str) -> None:
    assert verdict(values, values, better) == "same"  # type: ignore[arg-type]


def test_figures_are_found_by_benchmark_name_and_unit() -> None:
    old = made(RATE, CPU, Figure("gone", "ms", (1.0,)), Figure("unit", "s", (1.0,)))
    new = made(Figure("new", "ms", (1.0,)), CPU, RATE, Figure("unit", "ms", (1.0,)))
    assert [change.new.name for change in compared(old, new)] == [CPU.name, RATE.name]
    assert list(notes(old, new)) == [
        "only in the old run: tcp: gone (ms)",
        "only in the old run: tcp: unit (s)",
        "only in the new run: tcp: new (ms)",
        "only in the new run: tcp: unit (ms)",
    ]


def test_benchmarks_that_did_not_run_are_told_without_their_figures() -> None:
    assert list(notes(made(RATE, CPU), made(RATE, name="serial"))) == [
        "only in the old run: tcp",
        "only in the new run: serial",
    ]


def test_what_differs_beside_the_code_is_told() -> None:
    old = made(RATE)
    new = msgspec.structs.replace(
        old,
        machine=msgspec.structs.replace(MACHINE, cores=2, load=3.0),
        effort=msgspec.structs.replace(old.effort, quick=True),
        versions={"mbmd": "0.2.0", "python": "CPython 3.13.1", "uvloop": "1"},
    )
    assert list(notes(old, new)) == [
        "the machine differs: cores: 4, now 2",
        "the effort differs: quick: False, now True",
        "the versions differ: mbmd: 0.1.0, now 0.2.0",
        "the versions differ: uvloop: none, now 1",
    ]


def test_a_comparison_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    doubled = msgspec.structs.replace(RATE, values=tuple(2 * value for value in RATE.values))
    print_comparison(made(RATE, CPU, Figure("errors", "", (0.0,))), made(doubled, CPU, Figure("errors", "", (1.0,))))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "compared with 0123456789ab of 2026-11-23 12:00",
        "",
        "benchmark  figure               old     new  unit          change  verdict",
        "tcp        64 devices: mbmd  13,000  26,000  sets/s      +100.0 %  better",
        "tcp        64 devices: CPU     2.75    2.75  µs/reading    +0.0 %  same",
        "tcp        errors                 0    1.00                        changed",
    ]
