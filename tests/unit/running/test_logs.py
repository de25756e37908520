"""What is logged at which level, and what becomes of it where nobody reads."""

import asyncio
import io
import logging
import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from mbmd.config.log import LEVELS, Log
from mbmd.running import logs, repeats
from mbmd.running.log_lines import FORMATTERS
from mbmd.running.logs import Handler, change, error_prefix, form, is_journal, set_up
from mbmd.running.repeats import MOST
from tests import virtual_time

LONG = "x" * 3000


class Pipe:
    """A pipe, whose end that is written is a stream."""

    def __init__(self) -> None:
        self.reads, writes = os.pipe()
        self.stream = os.fdopen(writes, "w")

    def read(self) -> str:
        """All that waits."""
        data = b""
        while select.select([self.reads], [], [], 0)[0]:
            data += os.read(self.reads, 1 << 16)
        return data.decode()

    def close(self) -> None:
        """Nobody reads any more."""
        if self.reads >= 0:
            os.close(self.reads)
            self.reads = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()
    made.stream.close()


def handler(stream: TextIO, patience: float | None = 0.001) -> Handler:
    made = Handler(stream, patience)
    made.setFormatter(logging.Formatter("%(message)s"))
    return made


def emit(one: Handler, text: str) -> None:
    one.emit(logging.makeLogRecord({"msg": text}))


@pytest.mark.parametrize(
    ("level", "own", "others"),
    [
        ("error", {"error"}, {"error"}),
        ("warning", {"error", "warning"}, {"error", "warning"}),
        ("info", {"error", "warning", "info"}, {"error", "warning"}),
        ("debug", set(LEVELS), {"error", "warning"}),
    ],
)
def test_of_other_libraries_only_what_is_wrong_is_logged(level: str, own: set[str], others: set[str]) -> None:
    change(Log(level=level))
    for name, expected in (("mbmd.bus.poller", own), ("asyncio", others), ("sanic.root", others), ("paho", others)):
        enabled = {word for word in LEVELS if logging.getLogger(name).isEnabledFor(getattr(logging, word.upper()))}
        assert enabled == expected, name
    assert logging.getLogger("mbmd.raw").isEnabledFor(logging.INFO)


def test_every_library_writes_by_the_same_handler(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", pipe.stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up(Log(format="journal"), 0.001)
    for name in ("mbmd.web.app", "asyncio", "sanic.error", "urllib3", "websockets"):
        logging.getLogger(name).warning("told by %s", name)
    change(Log(level="debug", format="text"))
    logging.getLogger("mbmd").debug("more")
    *first, last = pipe.read().splitlines()
    assert len(first) == 5
    assert all(line.startswith("<4>told by ") for line in first)
    assert last.endswith(" DEBUG   more")


def test_the_journal_is_known_by_what_systemd_says_of_it(
    pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, status = pipe.stream.fileno(), os.fstat(pipe.stream.fileno())
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert not is_journal(number)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    assert is_journal(number)
    with (tmp_path / "redirected").open("w") as file:
        assert not is_journal(file.fileno())
    assert not is_journal(-1)


@pytest.mark.parametrize(("there", "expected", "prefix"), [(True, "journal", "<3>"), (False, "text", "")])
def test_auto_is_what_fits(there: bool, expected: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "is_journal", lambda _: there)
    assert form(Log()) == expected
    assert all(form(Log(format=name)) == name for name in FORMATTERS)
    assert error_prefix() == prefix


def test_a_reader_that_has_gone_harms_nobody(pipe: Pipe) -> None:
    one = handler(pipe.stream)
    emit(one, "heard")
    assert pipe.read() == "heard\n"
    pipe.close()
    for _ in range(1000):
        emit(one, "lost")
    pipe.stream.close()
    emit(one, "lost too")
    assert one._lost == 1001


def test_a_reader_that_sleeps_holds_up_nobody_and_is_told_what_it_missed(pipe: Pipe) -> None:
    one = handler(pipe.stream)
    for number in range(1000):
        emit(one, f"{number} {LONG}")
    before = pipe.read().splitlines()
    assert 10 < len(before) < 1000
    emit(one, "back")
    whole = [line for line in before if len(line) > len(LONG)]
    assert [int(line.split()[0]) for line in whole] == list(range(len(whole)))
    assert pipe.read().splitlines()[-2:] == [f"lines lost here: {1000 - len(whole)}", "back"]
    emit(one, "on")
    assert pipe.read() == "on\n"


def test_a_line_that_was_cut_does_not_spoil_the_next(pipe: Pipe) -> None:
    one = handler(pipe.stream)
    emit(one, LONG * 1000)
    cut = pipe.read()
    assert set(cut) == {"x"}
    emit(one, "whole")
    assert pipe.read() == "\nlines lost here: 1\nwhole\n"


def test_a_full_disk_harms_nobody() -> None:
    with Path("/dev/full").open("w") as full:
        one = handler(full)
        for _ in range(100):
            emit(one, "lost")
    assert one._lost == 100


def test_without_patience_who_reads_is_waited_for(pipe: Pipe) -> None:
    one = handler(pipe.stream, None)
    for number in range(10):
        emit(one, str(number))
    assert pipe.read().split() == list("0123456789")


def test_a_stream_that_is_no_file_is_written_too() -> None:
    stream = io.StringIO()
    one = handler(stream)
    emit(one, "half \udcff")
    assert stream.getvalue() == "half \\udcff\n"
    stream.close()
    emit(one, "lost")


def test_a_record_that_cannot_be_made_a_line_is_told(pipe: Pipe, capsys: pytest.CaptureFixture[str]) -> None:
    one = handler(pipe.stream)
    one.emit(logging.makeLogRecord({"msg": "%d", "args": ("no number",)}))
    assert "Logging error" in capsys.readouterr().err
    assert pipe.read() == ""


def test_what_a_daemon_tells_again_and_again_is_thinned_out_unless_all_is_asked_for(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", pipe.stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up(Log(), 0.001)
    log = logging.getLogger("mbmd.bus.poller")

    def lines() -> int:
        for _ in range(50):
            log.warning("SDM1.1: offline")
        return len(pipe.read().splitlines())

    assert lines() == MOST
    change(Log(level="debug"))
    assert lines() == 50


def test_what_was_thinned_out_is_told_when_its_hour_is_over(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", pipe.stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up(Log(format="journal"), 0.001)
    (one,) = logging.getLogger().handlers
    assert isinstance(one, Handler)
    owed = logging.makeLogRecord({"msg": "SDM1.1: offline", "levelno": logging.WARNING})
    monkeypatch.setattr(repeats.Repeats, "owed", lambda _: iter([owed, owed]))

    async def main() -> None:
        task = asyncio.create_task(logs.settle())
        await asyncio.sleep(logs.OWED * 1.5)
        task.cancel()

    virtual_time.run(main())
    assert pipe.read() == 2 * "<4>SDM1.1: offline\n"


def test_a_command_shows_all(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", pipe.stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up(Log())
    for _ in range(50):
        logging.getLogger("mbmd").info("the same")
    assert len(pipe.read().splitlines()) == 50
