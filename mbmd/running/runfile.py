"""What a running daemon says of itself in a file: who it is, and what became of its last reload.

The file is one line of JSON, locked as long as its daemon lives (a record lock, which tells its holder's process
id): one that nobody locks was left behind by a daemon that was killed. A reader may meet it half written, which is no
JSON then, and reads it again.
"""

import contextlib
import fcntl
import logging
import os
import stat
import struct
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from mbmd.folders import make_folder

LARGEST = 1 << 20
"""Bytes of the file at most."""
_PREFIX, _SUFFIX = "daemon-", ".run"
_FLOCK = "hhqqi"
"""struct flock of fcntl(2): type, whence, start, length, process id."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What a daemon says of itself.

    `config` is its configuration file, empty for none; `started` and `reloaded` are Unix times. Reloads are numbered
    from 1: `begun` is the latest, `done` the latest that is over. That one was refused for `errors`, or made the
    changes of `summary`; `notes` are what it could not change.
    """

    pid: int
    config: str
    started: float
    begun: int = 0
    done: int = 0
    reloaded: float = 0.0
    summary: str = ""
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RunFile:
    """The file of this process, made in the first folder where it can be when something is to be said.

    If it cannot be made or written, that is one warning.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._fd = -1
        self._path: Path | None = None
        self._given_up = False
        self._lock = threading.Lock()

    def write(self, report: Report) -> None:
        """Replace what was said before, unless it is closed; it may wait for the disk."""
        with self._lock:
            if self._path is None and not self._given_up:
                self._open()
            if self._given_up:
                return
            data = msgspec.json.encode(report) + b"\n"
            try:
                os.pwrite(self._fd, data, 0)
                os.ftruncate(self._fd, len(data))
            except OSError as error:
                self._give_up(f"{self._path}: {error.strerror or error}")
                self._remove()

    def close(self) -> None:
        """Remove the file for good, whatever a thread may still want to say."""
        with self._lock:
            self._given_up = True
            self._remove()

    def _remove(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._fd)
            self._fd, self._path = -1, None

    def _open(self) -> None:
        troubles = []
        for folder in self._folders:
            try:
                self._make(folder)
            except OSError as error:
                troubles.append(f"{folder}: {error.strerror or error}")
            else:
                return
        self._give_up("; ".join(troubles) or "no folder for it, neither $XDG_RUNTIME_DIR nor a home")

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        log.warning("mbmd reload will not find this daemon, as its file cannot be written: %s", reason)

    def _make(self, folder: Path) -> None:
        make_folder(folder)
        _remove_stale(folder)
        fd, name = tempfile.mkstemp(prefix=".new-", dir=folder)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(fd, 0o644)
            path = Path(name).rename(folder / f"{_PREFIX}{Path(name).name.removeprefix('.new-')}{_SUFFIX}")
        except BaseException:
            os.close(fd)
            Path(name).unlink(missing_ok=True)
            raise
        self._fd, self._path = fd, path


class Found(NamedTuple):
    """A daemon that runs: the process that holds the lock of `path`, 0 in another container."""

    path: Path
    pid: int


def find(folder: Path) -> list[Found]:
    """The daemons that run with their file in a folder; none if there is no such folder.

    Raises PermissionError for a folder or file that may not be read.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return [Found(path, pid) for path in _files(folder) if (pid := holder(path)) is not None]
    return []


def holder(path: Path) -> int | None:
    """The process that holds the lock of a file; None if nobody does or it is no file, 0 for one in another container.

    Raises PermissionError if it may not be read.
    """
    fd = _opened(path)
    if fd is None:
        return None
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    finally:
        os.close(fd)
    return None if kind == fcntl.F_UNLCK else pid


def read(path: Path) -> Report | None:
    """What a daemon says; None if it is not (yet) to be understood."""
    try:
        fd = _opened(path)
        if fd is None:
            return None
        with os.fdopen(fd, "rb") as file:
            return msgspec.json.decode(file.read(LARGEST), type=Report)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _opened(path: Path) -> int | None:
    """A descriptor to read a file; None if there is none, be it that a link, a folder or a FIFO has its name."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY)
    except PermissionError:
        raise
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    return fd


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.name.startswith(_PREFIX) and path.suffix == _SUFFIX)


def _remove_stale(folder: Path) -> None:
    """Remove what daemons left behind that were killed."""
    for path in _files(folder):
        with contextlib.suppress(OSError):
            if holder(path) is None:
                path.unlink()
