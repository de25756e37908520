"""A run of the benchmarks as a file."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figure import Figure
from benchmarks.results import SCHEMA, parse, read, write
from mbmd.errors import UsageError
from tests.unit.benchmarks.results_made import CPU, RATE, made

RESULTS = made(RATE, CPU, Figure("none better", "", (1.0,)), libmodbus="not installed: apt-get install libmodbus-dev")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old.json"
    write(RESULTS, path)
    return path


def test_what_is_written_is_read(file: Path) -> None:
    assert read(file) == RESULTS


def test_the_file_says_its_version_and_has_all_values(file: Path) -> None:
    document = json.loads(file.read_bytes())
    assert document["schema"] == SCHEMA
    assert document["benchmarks"]["tcp"]["figures"][0]["values"] == list(RATE.values)


def test_another_version_is_refused(file: Path) -> None:
    file.write_text(file.read_text().replace(f'"schema": {SCHEMA}', '"schema": 99'))
    with pytest.raises(UsageError, match=f"^{re.escape(str(file))}: .*: its version is 99, and this one reads 1"):
        read(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json: No such file or directory$"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"2026-11-23T12:00:00Z"', '"yesterday"', r"\$\.date"),
        ("13000.0", '"fast"', r"\$\.benchmarks\[\.\.\.\]\.figures\[0\]\.values\[0\]"),
        ("13000.0", "1e999", "out of range"),
        ('"higher"', '"faster"', r"figures\[0\]\.better"),
        ('"schema": 1', '"schema": "1"', r"\$\.schema"),
        ('"schema": 1', '"scheme": 1', "schema"),
        ("}\n", "", ""),
    ],
)
def test_what_is_broken_is_told_in_one_line(before: str, after: str, said: str, file: Path) -> None:
    content = file.read_text()
    assert before in content
    head, _, tail = content.rpartition(before)
    file.write_text(head + after + tail)
    with pytest.raises(UsageError, match=f"^[^\n]*old.json: not what python -m benchmarks writes: [^\n]*{said}[^\n]*$"):
        read(file)


def test_a_figure_without_values_is_none(file: Path) -> None:
    document = json.loads(file.read_bytes())
    document["benchmarks"]["tcp"]["figures"][0]["values"] = []
    with pytest.raises(ValueError, match=r"length >= 1"):
        parse(json.dumps(document).encode())


@given(st.binary())
def test_no_bytes_do_harm(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse(content)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b'{"schema": 1, "x": ' + b"[" * 100_000])
def test_depth_does_no_harm(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse(content)
