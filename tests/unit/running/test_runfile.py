"""What a daemon says of itself, from the view of other processes and of its own."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.running import runfile
from mbmd.running.runfile import Found, Report, RunFile, find, holder, read

ROOT = Path(__file__).parents[3]
REPORT = Report(pid=7, config="/etc/mbmd.yaml", started=1.5)

DAEMON = """
import sys
from pathlib import Path
from mbmd.running.runfile import Report, RunFile
file = RunFile([Path(sys.argv[1])])
file.write(Report(7, "", 1.5))
print("up", flush=True)
sys.stdin.read()
file.close()
"""


@contextmanager
def another_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A daemon of its own with a file in a folder; it ends when its standard input does."""
    with subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process


def the_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_a_daemon_is_found_by_the_lock_that_it_holds_until_it_ends(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        path = the_file(tmp_path)
        assert find(tmp_path) == [Found(path, process.pid)]
        assert holder(path) == process.pid
        assert read(path) == replace(REPORT, config="")
        process.communicate()
    assert find(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_daemon_left_behind_is_nobodys_and_removed_by_the_next(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
    stale = the_file(tmp_path)
    assert holder(stale) is None
    assert find(tmp_path) == []
    with another_process(tmp_path) as other:
        assert find(tmp_path) == [Found(the_file(tmp_path), other.pid)]
        assert not stale.exists()
        with another_process(tmp_path) as third:
            assert {found.pid for found in find(tmp_path)} == {other.pid, third.pid}
            third.communicate()
        other.communicate()


def test_a_report_replaces_the_one_before_be_it_longer_or_shorter(tmp_path: Path) -> None:
    file = RunFile([tmp_path])
    for errors in ((), ("one", "two" * 100), ("three",)):
        report = replace(REPORT, errors=errors, done=len(errors))
        file.write(report)
        assert read(the_file(tmp_path)) == report
        assert the_file(tmp_path).read_bytes().count(b"\n") == 1
    file.close()
    file.close()


def test_nothing_is_said_after_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = RunFile([tmp_path])
    file.write(REPORT)
    file.close()
    file.write(REPORT)
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []


def test_the_first_usable_folder_counts_and_is_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    file = RunFile([tmp_path / "file", Path("/proc/mbmd"), tmp_path / "a" / "b", tmp_path / "c"])
    assert not (tmp_path / "a").exists()
    file.write(REPORT)
    assert read(the_file(tmp_path / "a" / "b")) == REPORT
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "c").exists()
    file.close()
    assert caplog.records == []


@pytest.mark.parametrize("folders", [[], ["file", "file/below"]])
def test_a_daemon_that_can_write_nowhere_warns_once(
    folders: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    file = RunFile([tmp_path / folder for folder in folders])
    for _ in range(3):
        file.write(REPORT)
    file.close()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("mbmd reload will not find this daemon, as its file cannot be written: ")


def test_a_disk_that_is_full_later_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RunFile([tmp_path])
    file.write(REPORT)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    for _ in range(3):
        file.write(REPORT)
    assert len(caplog.records) == 1
    assert list(tmp_path.iterdir()) == []
    file.close()


def test_a_folder_that_is_not_there_has_no_daemons(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert find(tmp_path / "none") == find(tmp_path / "file" / "below") == []
    assert holder(tmp_path / "none") is None
    assert read(tmp_path / "none") is None


def test_other_files_in_the_folder_are_let_alone(tmp_path: Path) -> None:
    for name in ("learned.json", "daemon-x", "x.run", ".new-x"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "daemon-folder.run").mkdir()
    file = RunFile([tmp_path])
    file.write(REPORT)
    file.close()
    assert {path.name for path in tmp_path.iterdir()} == {
        "learned.json",
        "daemon-x",
        "x.run",
        ".new-x",
        "daemon-folder.run",
    }


def test_what_is_no_file_holds_nothing_up_and_hides_no_daemon(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        path = the_file(tmp_path)
        for name, target in (("loop", tmp_path / "daemon-loop.run"), ("link", path), ("tty", Path("/dev/tty"))):
            (tmp_path / f"daemon-{name}.run").symlink_to(target)
        os.mkfifo(tmp_path / "daemon-fifo.run")
        (tmp_path / "daemon-folder.run").mkdir()
        assert find(tmp_path) == [Found(path, process.pid)]
        assert [other for other in tmp_path.iterdir() if read(other) is not None] == [path]
        process.communicate()


@given(data=st.binary(max_size=40), cut=st.integers(0, 200))
def test_whatever_is_in_the_file_is_a_report_or_nothing(
    data: bytes, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run")
    file = RunFile([folder])
    file.write(REPORT)
    path = the_file(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + data)
    assert read(path) is None or isinstance(read(path), Report)
    path.write_bytes(whole + whole[cut:])
    assert read(path) == REPORT or cut < len(whole)
    file.close()


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b'{"pid":"7","config":"","started":1}',
        b'{"pid":7,"config":null}',
        b"1e999",
        b'{"pid":7,"config":"\xff"}',
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_report_is_nothing(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "daemon-x.run"
    path.write_bytes(data)
    assert runfile.read(path) is None
