"""What is known of devices, kept in a small file so that a restart starts well."""

import contextlib
import fcntl
import logging
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import sleep

import orjson

from mbmd.folders import make_folder

VERSION = 1
LARGEST = 4 * 2**20
"""Bytes of the file at most."""
DEEPEST = 8
"""Objects and lists that may lie within each other in an entry: indented, deep ones would grow without measure."""

log = logging.getLogger(__name__)

_Devices = dict[str, Mapping[str, object]]


class _UnusableError(Exception):
    """What lies at the path; `mine` says that it is a damaged file of ours, which may be replaced."""

    def __init__(self, reason: str, *, mine: bool = False) -> None:
        super().__init__(reason)
        self.mine = mine


class StateFile:
    """Devices by key, in a JSON file that several daemons may share; without a path in memory only.

    Troubles with the file are warnings, each told once until a `save` has worked: nothing in it is worth a stop.
    `loss` says what comes of them.
    """

    def __init__(self, path: Path | None, loss: str = "devices are learned anew at each start") -> None:
        self._path = path
        self._loss = loss
        self._found: _Devices = {}
        self._put: _Devices = {}
        self._dirty = False
        self._told: set[str] = set()

    def load(self) -> None:
        """Read the file; what cannot be read is as if nothing had been learned."""
        self._found = {}
        if self._path is None:
            return
        try:
            self._found = _read(self._path)
        except _UnusableError as error:
            if error.mine:
                self._tell_damaged(error)
            else:
                self._tell_unsaved(str(error))

    def get(self, key: str) -> Mapping[str, object]:
        """What is known of a device: a JSON object that anyone may have written; empty if nothing is."""
        return self._put.get(key, self._found.get(key, {}))

    def put(self, key: str, learned: Mapping[str, object]) -> None:
        """Replace what is known of a device, by nothing if `learned` is empty; `save` writes it.

        NaN becomes null. Raises TypeError or ValueError for what is no JSON object at most DEEPEST levels deep.
        """
        entry: Mapping[str, object] = orjson.loads(orjson.dumps({key: dict(learned)}))[key]
        if not _is_shallow(entry):
            raise ValueError(f"what was learned of {key} is nested deeper than {DEEPEST} levels")
        changed = entry != self.get(key)
        self._put[key] = entry
        if changed:
            self._dirty = True

    def save(self) -> None:
        """Write what was put since the last time; what other daemons have written of other devices stays.

        It waits for the disk, so it may run in a thread beside `get` and `put`.
        """
        if self._path is None or not self._dirty:
            return
        self._dirty = False
        try:
            self._write(self._path)
        except (_UnusableError, OSError) as error:
            self._dirty = True
            self._tell_unsaved(f"cannot be written: {_explain(error) if isinstance(error, OSError) else error}")
        else:
            self._told.clear()

    def _write(self, path: Path) -> None:
        target = Path(os.path.realpath(path))
        make_folder(target.parent)
        with _locked(target.parent):
            try:
                devices = _read(target)
            except _UnusableError as error:
                if not error.mine:
                    raise
                self._tell_damaged(error)
                devices = {}
            devices |= self._put
            _replace(target, _encode({key: entry for key, entry in devices.items() if entry}))

    def _tell_damaged(self, error: _UnusableError) -> None:
        self._tell("damaged", f"{error}: starting with nothing, the next save replaces it")

    def _tell_unsaved(self, reason: str) -> None:
        self._tell("unsaved", f"{reason}; until that is done, {self._loss}")

    def _tell(self, trouble: str, text: str) -> None:
        if trouble not in self._told:
            self._told.add(trouble)
            log.warning("%s: %s", self._path, text)


def _read(path: Path) -> _Devices:
    """The entries of a file, none if it is missing."""
    try:
        data = _content(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _UnusableError(f"cannot be read: {_explain(error)}") from None
    if len(data) > LARGEST:
        raise _UnusableError(f"larger than {LARGEST >> 20} MiB, so not of mbmd: name another file or delete it")
    return _decode(data)


def _content(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # asked before it is opened: a FIFO would wait for its other end
        raise _UnusableError("not a regular file: name another file")
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _explain(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{error.strerror}: let the user of mbmd read and write it and its folder"
    return f"{error.strerror or error}: see to it or name another file"


def _decode(data: bytes) -> _Devices:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _UnusableError(f"damaged ({error})", mine=True) from None
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, int | float) and version > VERSION:
        raise _UnusableError(f"version {version} is of a newer mbmd: update this one or name another file")
    devices = document.get("devices") if version == VERSION else None
    if not isinstance(devices, dict):
        raise _UnusableError(f"damaged (no devices of version {VERSION} in it)", mine=True)
    return {key: entry for key, entry in devices.items() if isinstance(entry, dict) and _is_shallow(entry)}


def _is_shallow(value: object, levels: int = DEEPEST) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(part, levels - 1) for part in inner)


def _encode(devices: _Devices) -> bytes:
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    data = orjson.dumps({"version": VERSION, "devices": devices}, option=options)
    if len(data) > LARGEST:
        raise _UnusableError(f"it would be larger than {LARGEST >> 20} MiB: delete it, as it is full of old devices")
    return data


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other daemons from writing between our reading and writing, and what was renamed on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(fd)
        yield
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(fd)
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    """Lock for a second at most: who holds it longer does not write a small file, and some file systems cannot."""
    with contextlib.suppress(OSError):
        for _ in range(100):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            sleep(0.01)


def _replace(path: Path, data: bytes) -> None:
    fd, new = tempfile.mkstemp(prefix=".mbmd-", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            with contextlib.suppress(OSError):  # who shared it still does
                old = path.stat()
                os.fchmod(fd, stat.S_IMODE(old.st_mode))
                os.fchown(fd, old.st_uid, old.st_gid)
            file.write(data)
            file.flush()
            os.fsync(fd)
        os.replace(new, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)  # noqa: PTH108
        raise
