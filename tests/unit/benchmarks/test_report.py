"""The table of a run."""

import msgspec
import pytest

from benchmarks.figure import Figure
from benchmarks.report import markdown, print_report
from tests.unit.benchmarks.results_made import CPU, RATE, made

MACHINE = "Raspberry Pi 4, 4 cores, aarch64, 64 bit, 3.8 GiB, Linux 6.12"
ODD = Figure("a | b", "x", (1.5,), "higher", 1.0)


def test_the_table_has_aims_and_what_was_left_out_and_failed(capsys: pytest.CaptureFixture[str]) -> None:
    results = made(RATE, CPU, ODD, libmodbus="not installed: apt-get install libmodbus-dev")
    results.benchmarks["tcp"].failed = "OSError: too many\nTraceback"
    print_report(results)
    assert capsys.readouterr().out.splitlines() == [
        f"{MACHINE}, CPython 3.13.1, mbmd 0.1.0 at 0123456789ab, 5 times 3 s, 2026-11-23",
        "",
        "benchmark  figure            median  spread  unit             aim  reached",
        "tcp        64 devices: mbmd  13,000   2,000  sets/s      ≥ 10,000  yes",
        "tcp        64 devices: CPU     2.75   0.500  µs/reading       ≤ 2  no",
        "tcp        a | b               1.50          x                ≥ 1  yes",
        "",
        "tcp: left out: libmodbus: not installed: apt-get install libmodbus-dev",
        "tcp: failed: OSError: too many",
    ]


def test_markdown_is_a_table_for_a_readme() -> None:
    assert markdown(made(RATE, ODD)).splitlines()[:4] == [
        "| benchmark | figure | median | spread | unit | aim |",
        "| --- | --- | ---: | ---: | --- | ---: |",
        "| tcp | 64 devices: mbmd | 13,000 | 2,000 | sets/s | ≥ 10,000 |",
        "| tcp | a \\| b | 1.50 |  | x | ≥ 1 |",
    ]


def test_outside_a_checkout_there_is_no_commit() -> None:
    results = msgspec.structs.replace(made(RATE), commit=None)
    assert ", mbmd 0.1.0, 5 times 3 s" in markdown(results)


def test_a_run_that_does_not_tell_its_versions_or_why_it_failed_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    results = msgspec.structs.replace(made(RATE), versions={})
    results.benchmarks["tcp"].failed = ""
    print_report(results)
    said = capsys.readouterr().out
    assert "an unknown Python, mbmd unknown at 0123456789ab" in said
    assert "tcp: failed: \n" in said or said.endswith("tcp: failed:\n")
