"""Files that cannot work: each has the complaints that were approved, with file, line and key."""

import re
from pathlib import Path

import pytest

from tests import approve


def test_there_are_many_broken_files() -> None:
    assert len(approve.BROKEN) >= 30


@pytest.mark.parametrize("case", approve.BROKEN, ids=lambda case: case.stem)
def test_a_broken_file_is_told_all_its_mistakes(case: Path) -> None:
    diff = approve.changes(f"config/{case.stem}.errors")
    assert not diff, f"complaints changed; if that is meant, run `python -m tests.approve`:\n{diff}"


@pytest.mark.parametrize("case", approve.BROKEN, ids=lambda case: case.stem)
def test_every_complaint_names_its_file_in_order_of_lines(case: Path) -> None:
    lines = case.with_suffix(".errors").read_text(encoding="utf-8").splitlines()
    complaints = [line for line in lines if not line.startswith("warning: ")]
    assert complaints
    assert all(line.startswith(f"{case.name}:") for line in complaints)
    numbers = [int(match[1]) for line in complaints if (match := re.match(r"[^:]+:(\d+):", line))]
    assert numbers == sorted(numbers)
    assert all(len(line) < 400 for line in complaints)
