"""`python -m benchmarks`, with benchmarks that are made up."""

import errno
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.__main__ import main
from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.results import Results
from benchmarks.suite import BENCHMARKS

Run = Callable[[Effort], Iterator[Figure]]


def fine(effort: Effort) -> Iterator[Figure]:
    effort.tell("64 devices")
    effort.left_out["libmodbus"] = "not installed: apt-get install libmodbus-dev"
    yield Figure("64 devices", "sets/s", tuple(100.0 + n for n in range(effort.repeat)), "higher")


def failing(_: Effort) -> Iterator[Figure]:
    yield Figure("before", "ms", (1.0,), "lower")
    raise RuntimeError("no meter answers\nand more")


def interrupted_by(number: signal.Signals) -> Run:
    def interrupted(_: Effort) -> Iterator[Figure]:
        yield Figure("before", "ms", (1.0,), "lower")
        os.kill(os.getpid(), number)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            time.sleep(0.01)
        yield Figure("after", "ms", (1.0,), "lower")

    return interrupted


@pytest.fixture
def there_are(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes these the benchmarks that there are."""

    def make(**benchmarks: Run) -> None:
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        for name in reversed(list(BENCHMARKS)):  # what is deleted last comes back first: their order stays
            monkeypatch.delitem(BENCHMARKS, name)
        for name, run in benchmarks.items():
            module = ModuleType(f"benchmarks.{name}")
            module.run = run  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, module.__name__, module)
            monkeypatch.setitem(BENCHMARKS, name, f"what {name} measures")

    return make


def written(folder: Path) -> dict[str, Path]:
    return {path.suffix: path for path in folder.iterdir()}


def test_a_run_is_printed_and_written(
    there_are: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(tcp=fine)
    assert main(["--quick", "--repeat", "2", "--out", str(tmp_path / "a" / "b")]) == 0
    said = capsys.readouterr()
    assert re.search(r"^tcp +64 devices +100 +1\.00 +sets/s$", said.out, re.MULTILINE)
    assert "tcp: left out: libmodbus: not installed" in said.out
    assert "tcp: 64 devices\n" in said.err
    assert "tcp: 1 figure in 0 s\n" in said.err
    document = json.loads(written(tmp_path / "a" / "b")[".json"].read_bytes())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}", written(tmp_path / "a" / "b")[".json"].stem)
    assert document["effort"] == {"seconds": 1.0, "repeat": 2, "quick": True}


def test_one_that_fails_leaves_the_others_alone(
    there_are: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(serial=failing, tcp=fine)
    assert main(["--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "serial: failed: RuntimeError: no meter answers\n" in said.err
    assert "serial: failed: RuntimeError: no meter answers\n" in said.out
    assert "and more" not in said.out + said.err
    document = json.loads(written(tmp_path)[".json"].read_bytes())
    assert "Traceback" in document["benchmarks"]["serial"]["failed"]
    assert [len(measured["figures"]) for measured in document["benchmarks"].values()] == [1, 1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_measured_before_an_interruption_is_written(
    number: signal.Signals, there_are: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(serial=interrupted_by(number), tcp=fine)
    assert main(["--out", str(tmp_path)]) == 130
    assert "interrupted: what was measured until now is kept\n" in capsys.readouterr().err
    benchmarks = json.loads(written(tmp_path)[".json"].read_bytes())["benchmarks"]
    assert [figure["name"] for figure in benchmarks["serial"]["figures"]] == ["before"]
    assert "tcp" not in benchmarks
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_figures_are_printed_where_they_cannot_be_written(
    there_are: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    there_are(tcp=fine)
    monkeypatch.setattr("benchmarks.__main__.write", full)
    assert main(["--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "64 devices" in said.out
    assert re.search(r"^python -m benchmarks: \S+\.json: No space left on device: ", said.err, re.MULTILINE)


def test_runs_are_compared_at_once_and_later(
    there_are: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(tcp=fine)
    assert main(["--out", str(tmp_path)]) == 0
    old = str(written(tmp_path)[".json"])
    capsys.readouterr()
    row = r"^tcp +64 devices +102 +102 +sets/s +\+0\.0 % +same$"
    assert main(["--out", str(tmp_path), "--compare", old]) == 0
    assert re.search(row, capsys.readouterr().out, re.MULTILINE)
    assert main(["--from", old, "--compare", old]) == 0
    assert re.search(row, capsys.readouterr().out, re.MULTILINE)
    assert main(["--from", old, "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("| benchmark | figure | median |")


@pytest.mark.parametrize("option", ["--compare", "--from"])
def test_a_file_that_is_broken_is_told_before_anything_is_measured(
    option: str, there_are: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(tcp=failing)
    (tmp_path / "old.json").write_text("[]")
    assert main([option, str(tmp_path / "old.json")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"python -m benchmarks: .*old\.json: not what .* writes: .*\n", said.err)


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_measured(
    there_are: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(tcp=failing)
    (tmp_path / "file").touch()
    assert main(["--out", str(tmp_path / "file")]) == 2
    assert re.fullmatch(r"python -m benchmarks: --out .*file: File exists: .*\n", capsys.readouterr().err)


def test_a_folder_that_takes_no_files_is_told_before_anything_is_measured(
    there_are: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    there_are(tcp=failing)
    assert main(["--out", "/proc/self"]) == 2
    assert re.fullmatch(r"python -m benchmarks: --out /proc/self: .*: choose another folder\n", capsys.readouterr().err)


def test_what_was_measured_is_written_though_nobody_reads_what_is_printed(
    there_are: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(_: Results) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    there_are(tcp=fine)
    monkeypatch.setattr("benchmarks.__main__.print_report", unread)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    assert main(["--out", str(tmp_path)]) == 141
    assert json.loads(written(tmp_path)[".json"].read_bytes())["benchmarks"]["tcp"]["figures"]


def test_what_there_is_is_listed(there_are: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    there_are(tcp=failing)
    assert main(["--list"]) == 0
    assert capsys.readouterr().out == "tcp       what tcp measures\n"
