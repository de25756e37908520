"""Commands on the Pythons that are proved."""

import os
import sys
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from mbmd.errors import MbmdError
from wheels.proof import subjects
from wheels.proof.subjects import Emulated, Native, name_of, run, stop_all


@pytest.fixture
def native(tmp_path: Path) -> Native:
    return Native("x86_64", "3.11.2", sys.executable, tmp_path)


def test_a_command_runs_in_the_folder_without_our_python(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ours")
    assert run(native, "sh", "-c", "pwd; echo $PYTHONPATH") == str(native.work)
    assert name_of(native) == "x86_64 3.11.2"


def test_a_command_that_fails_is_told_with_its_last_lines(native: Native) -> None:
    with pytest.raises(MbmdError) as caught:
        run(native, "sh", "-c", f"seq {subjects.LAST_LINES + 2}; exit 3")
    assert str(caught.value).splitlines() == ["exit code 3", *map(str, range(3, subjects.LAST_LINES + 3))]


def test_a_command_that_does_not_end_is_ended(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "PATIENCE", 0.1)
    begin = monotonic()
    with pytest.raises(MbmdError, match=r"^sh did not end within 0 s$"):
        run(native, "sh", "-c", "sleep 60 & sleep 60")
    assert monotonic() - begin < 30


def test_all_that_runs_can_be_ended(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "_ending", Event())
    said: list[str] = []

    def waits() -> None:
        try:
            run(native, "sh", "-c", "echo $$ > pid; sleep 60 & sleep 60")
        except MbmdError as error:
            said.append(str(error))

    running = Thread(target=waits)
    running.start()
    pid = native.work / "pid"
    while not (pid.exists() and pid.read_text().strip()):
        sleep(0.01)
    stop_all()
    running.join(30)
    assert said in (["exit code -9\n"], ["interrupted"])  # ended while it ran, or before that was known
    with pytest.raises(MbmdError, match=r"^interrupted$"):
        run(native, "sh", "-c", "sleep 60")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_compiler_in_a_fresh_tree_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "trees" / "trixie-armhf" / "usr" / "bin" / "gcc"
    compiler.parent.mkdir(parents=True)
    compiler.touch(0o755)
    (tmp_path / "trees" / "trixie-armhf" / ".packages").write_text("gcc_12_armhf\n")
    monkeypatch.setattr(subjects, "WORK", tmp_path)
    with pytest.raises(MbmdError, match=r"there is a compiler in .*: gcc$"):
        Emulated("armv7l", "3.13", "/usr/bin/qemu-arm-static", tmp_path).prepare()
