"""The log of a daemon: what of it is written, and that no trouble of who reads it becomes one of the daemon."""

import asyncio
import contextlib
import logging
import os
import select
import sys
from collections.abc import Callable
from typing import TextIO

from mbmd.config.log import Log
from mbmd.running.log_lines import FORMATTERS, journal_prefix
from mbmd.running.repeats import Repeats

PATIENCE = 0.1
"""Seconds for which who reads the log may hold up a daemon; then lines are lost until it reads again."""
OWED = 60.0
"""Seconds between looks at what was thinned out and is to be told after all."""
RAW = "mbmd.raw"
"""The logger of frames: who asks for these gets them at any level."""


def set_up(log: Log, patience: float | None = None) -> None:
    """Log to standard error, by whatever library; with `patience` who reads it may hold it up for so many seconds."""
    handler = Handler(sys.stderr, patience)
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    change(log)


def change(log: Log) -> None:
    """Write what comes from now on as that says."""
    level = logging.getLevelNamesMapping()[log.level.upper()]
    root = logging.getLogger()
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("mbmd").setLevel(level)
    logging.getLogger(RAW).setLevel(logging.INFO)
    for handler in root.handlers:
        if isinstance(handler, Handler):
            handler.setFormatter(FORMATTERS[form(log)]())
            handler.shows_all = level <= logging.DEBUG


async def settle() -> None:
    """Tell now and then what was thinned out, until cancelled: what came last may have been the end of a device."""
    handlers = [handler for handler in logging.getLogger().handlers if isinstance(handler, Handler)]
    while True:
        await asyncio.sleep(OWED)
        for handler in handlers:
            handler.settle()


def form(log: Log) -> str:
    """The format of lines."""
    if log.format == "auto":
        return "journal" if is_journal(2) else "text"
    return log.format


def is_journal(descriptor: int) -> bool:
    """Whether what is written there goes to the journal of systemd, which tells services so (systemd.exec(5))."""
    with contextlib.suppress(OSError):
        status = os.fstat(descriptor)
        return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    return False


def error_prefix() -> str:
    """What lines about an error begin with where no log is set up yet: something in the journal only."""
    return journal_prefix(logging.ERROR) if is_journal(2) else ""


class Handler(logging.Handler):
    """Writes records to a stream. Those that cannot be written are lost; when others can be again it is told how many.

    Without `patience` it waits for who reads, for as long as that takes, and shows all; else, unless it `shows_all`,
    what is told again and again is thinned out.
    """

    shows_all = True

    def __init__(self, stream: TextIO, patience: float | None = None) -> None:
        super().__init__()
        self._write = _writer(stream, patience)
        self._repeats = None if patience is None else Repeats()
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """As of logging."""
        try:
            told = record if self._repeats is None or self.shows_all else self._repeats.thin(record)
            text = None if told is None else self.format(told)
        except Exception:
            self.handleError(record)
            return
        if text is not None:
            self._tell(text)

    def settle(self) -> None:
        """Tell what was thinned out in an hour that is over."""
        if self._repeats is None:
            return
        self.acquire()
        try:
            for record in self._repeats.owed():
                self._tell(self.format(record))
        finally:
            self.release()

    def _tell(self, text: str) -> None:
        if self._lost:
            text = f"{self.format(_loss(self._lost))}\n{text}"
        try:
            self._write(f"{text}\n".encode("utf-8", "backslashreplace"))
        except (OSError, ValueError):  # as of a stream that is closed
            self._lost += 1
        else:
            self._lost = 0


def _loss(lines: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": f"lines lost here: {lines}"}
    )


def _writer(stream: TextIO, patience: float | None) -> Callable[[bytes], None]:
    """How to write to a stream: without what Python would keep of a line that cannot be written, and try again."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):

        def write(data: bytes) -> None:
            stream.write(data.decode())
            stream.flush()

        return write
    return _Descriptor(descriptor, patience).write


class _Descriptor:
    """Where lines go, be it a pipe that nobody empties."""

    def __init__(self, number: int, patience: float | None) -> None:
        self._number = number
        self._poll = select.poll()
        self._poll.register(number, select.POLLOUT)
        self._patience = self._most = None if patience is None else patience * 1000
        self._is_cut = False

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError if that cannot be, or not in time."""
        rest = b"\n" + data if self._is_cut else data
        whole = len(rest)
        try:
            while rest:
                if not self._poll.poll(self._patience):
                    raise TimeoutError
                rest = rest[os.write(self._number, rest[: select.PIPE_BUF]) :]
        except OSError:
            self._patience = self._most and 0.0
            self._is_cut = self._is_cut or len(rest) < whole
            raise
        self._patience, self._is_cut = self._most, False
