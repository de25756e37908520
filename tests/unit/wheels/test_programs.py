"""A program that is missing or fails is named, with what it said last."""

import sys

import pytest

from mbmd.errors import MbmdError
from wheels.programs import demand, run


def test_what_a_program_prints_is_given() -> None:
    assert run([sys.executable, "-c", "print('built')"], "building") == "built\n"


def test_a_program_that_fails_is_told_by_its_last_lines() -> None:
    script = "import sys; print(*range(50), sep='\\n'); print('no such header', file=sys.stderr); sys.exit(3)"
    with pytest.raises(MbmdError, match=r"^building failed \(exit code 3\):\n") as caught:
        run([sys.executable, "-c", script], "building")
    lines = str(caught.value).splitlines()
    assert len(lines) == 16
    assert lines[-1] == "no such header"


def test_missing_programs_are_named_once() -> None:
    demand(["sh"])
    with pytest.raises(MbmdError, match=r"^not found: no-such-1, no-such-2: install with: apt-get install no-such-1 "):
        demand(["no-such-1", "sh", "no-such-2", "no-such-1"])
