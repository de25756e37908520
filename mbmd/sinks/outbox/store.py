"""The file of what waits: an SQLite database with a row for each chunk.

Its calls wait for the disk, so they belong in threads, one at a time.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from mbmd.folders import make_folder
from mbmd.sinks.outbox.chunk import LARGEST, MOST_BYTES, MOST_READINGS, Chunk, pack, unpack
from mbmd.sinks.outbox.damage import DamagedError, GoneError, UnusableError

APPLICATION = 0x6D626D64
"""What the file says it is of: `mbmd`."""
VERSION = 1
SHRINK = 2**20
"""Bytes of an empty file that are worth giving back."""
WAL = 4 * 2**20
"""Bytes that the log beside the file is cut to."""
ROWS_AT_ONCE = 1000
"""Rows that a write may remove to make room: more are left to the next ones."""
_ASIDE = 9
"""Broken files that are kept; a further one takes the place of the last."""
_MAGIC = b"SQLite format 3\0"
_WRITE_VERSION = 18
"""Where the header has the format that one must know to write the file, 1 or 2 (sqlite.org/fileformat2.html, 1.3.3)."""

_TABLE = """
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    born REAL NOT NULL,
    readings INTEGER NOT NULL,
    size INTEGER NOT NULL,
    all_readings INTEGER NOT NULL,
    all_size INTEGER NOT NULL,
    data BLOB NOT NULL
)
"""
"""`all_readings` and `all_size` count on from row to row, so what a range holds is known from its ends."""


class Held(NamedTuple):
    """What lies in rows: readings, bytes before packing, Unix time of the oldest and the last row (0 for none)."""

    readings: int = 0
    size: int = 0
    oldest: float = 0.0
    row: int = 0


class Bounds(NamedTuple):
    """What may stay: bytes of the file, and nothing older than the Unix time `born`."""

    size: int
    born: float


class Written(NamedTuple):
    """What a write did: ids of the new rows, what is held now, and what was removed through the row `trimmed_to`."""

    rows: list[int]
    held: Held
    trimmed_to: int
    trimmed: Held


class Loaded(NamedTuple):
    """The oldest rows, and what they hold; no items if that cannot be read."""

    held: Held
    chunk: Chunk


class Store:
    """The open file, locked against others.

    Raises UnusableError if another daemon has it or a newer one made it, DamagedError, sqlite3.Error and OSError;
    a write GoneError too, as SQLite would go on in a file that nobody finds again.
    Rows get ids above `after` and above all that ever were.
    """

    def __init__(self, path: Path, after: int = 0) -> None:
        make_folder(path.parent)
        self._path = path
        self._lock = _locked(path)
        try:
            self._db = _connect(path)
            try:
                self._inode = _inode(path)
                self._last = max(_number(self._db, "SELECT coalesce(max(id), 0) FROM chunk"), after)
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            os.close(self._lock)
            raise

    def write(self, chunks: Sequence[Chunk], done: int, bounds: Bounds, together: int = 0) -> Written:
        """Remove the rows through `done`, add chunks and remove the oldest beyond the bounds, all or nothing.

        What was added is on the disk then, also if the power fails. If the row `together` must go, all before go too.
        """
        if _inode(self._path) != self._inode:
            raise GoneError("it was removed")
        packed = [pack(chunk) for chunk in chunks]
        # What is removed may come back when the power fails: it would be sent twice, and no sync is spent on it.
        self._db.execute(f"PRAGMA synchronous = {'FULL' if chunks else 'NORMAL'}")
        with self._transaction():
            self._db.execute("DELETE FROM chunk WHERE id <= ?", (done,))
            rows = [self._add(chunk, data) for chunk, data in zip(chunks, packed, strict=True)]
            trimmed_to, trimmed = self._trim(bounds, together)
        written = Written(rows, self.held(done), trimmed_to, trimmed)
        if not written.held.row:
            self._shrink()
        return written

    def replace(self, row: int, chunk: Chunk) -> None:
        """Put a chunk in the place of a row and all before it."""
        self._db.execute("PRAGMA synchronous = FULL")
        with self._transaction():
            self._db.execute("DELETE FROM chunk WHERE id < ?", (row,))
            self._db.execute(
                "UPDATE chunk SET readings = ?, size = ?, data = ? WHERE id = ?",
                (chunk.readings, chunk.size, pack(chunk), row),
            )

    def load(self, after: int, most_readings: int, span: float, since: float) -> Loaded | None:
        """The oldest rows behind a row, as many as make a chunk and were put within `span` seconds; None for none."""
        query = "SELECT id, born, readings, size, data FROM chunk WHERE id > ? ORDER BY id"
        loaded: Loaded | None = None
        with contextlib.closing(self._db.execute(query, (after,))) as found:
            for row, *values in _in_order(found, after):
                held, part = _read(row, values, since)
                if loaded is None:
                    loaded = Loaded(held, part)
                elif not part.items or not loaded.chunk.items or not _fits(loaded.chunk, part, most_readings, span):
                    break
                else:
                    loaded.chunk.extend(part)
                    loaded = Loaded(_sum(loaded.held, held), loaded.chunk)
        return loaded

    def held(self, after: int) -> Held:
        """What lies in the rows behind a row."""
        first = self._db.execute(
            "SELECT born, readings, size, all_readings, all_size FROM chunk WHERE id > ? ORDER BY id LIMIT 1", (after,)
        ).fetchone()
        if first is None:
            return Held()
        born, readings, size, all_readings, all_size = _checked(first)
        end_readings, end_size = self._counts()
        # A damaged row must not make it less than nothing.
        behind = (max(end_readings - all_readings, 0), max(end_size - all_size, 0))
        return Held(readings + behind[0], size + behind[1], born, self._last)

    def close(self) -> None:
        """Close and unlock the file; what lies in the log beside it is moved into it."""
        try:
            self._db.close()
        finally:
            os.close(self._lock)

    def _add(self, chunk: Chunk, data: bytes) -> int:
        readings, size = self._counts()
        self._last += 1
        self._db.execute(
            "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self._last,
                chunk.born,
                chunk.readings,
                chunk.size,
                readings + chunk.readings,
                size + chunk.size,
                data,
            ),
        )
        return self._last

    def _counts(self) -> tuple[int, int]:
        """`all_readings` and `all_size` of the newest row."""
        query = "SELECT all_readings, all_size FROM chunk ORDER BY id DESC LIMIT 1"
        readings, size = _checked(self._db.execute(query).fetchone() or (0, 0))
        return readings, size

    def _trim(self, bounds: Bounds, together: int) -> tuple[int, Held]:
        """Remove the oldest beyond the bounds: through which row, and what it was."""
        before = self.held(0)
        through = self._remove_through(self._last_older_than(bounds.born), together)
        for _ in range(ROWS_AT_ONCE):
            if self._used() <= bounds.size:
                break
            through = self._remove_through(_number(self._db, "SELECT coalesce(min(id), 0) FROM chunk"), together)
        after = self.held(0)
        return through, Held(before.readings - after.readings, before.size - after.size)

    def _remove_through(self, row: int, together: int) -> int:
        if row:
            row = max(row, together)
            self._db.execute("DELETE FROM chunk WHERE id <= ?", (row,))
        return row

    def _last_older_than(self, born: float) -> int:
        """The last of the rows at the beginning that are all older; 0 for none."""
        last = 0
        with contextlib.closing(self._db.execute("SELECT id, born FROM chunk ORDER BY id")) as found:
            for row, time in _in_order(found, 0):
                if time >= born:
                    break
                last = row
        return last

    def _used(self) -> int:
        """Bytes of the file that hold something: the others are used again before it grows."""
        pages = _number(self._db, "PRAGMA page_count") - _number(self._db, "PRAGMA freelist_count")
        return pages * _number(self._db, "PRAGMA page_size")

    def _shrink(self) -> None:
        """Give the bytes of an empty file back."""
        if _number(self._db, "PRAGMA page_count") * _number(self._db, "PRAGMA page_size") > SHRINK:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def move_aside(path: Path) -> str:
    """Rename a broken file, with its log: its new name."""
    fd = _locked(path)
    try:
        free = (path.with_name(f"{path.name}.broken-{n}") for n in range(1, _ASIDE + 1))
        target = next((name for name in free if not name.exists()), path.with_name(f"{path.name}.broken-{_ASIDE}"))
        path.rename(target)
        target.with_name(f"{target.name}-wal").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.with_name(f"{path.name}-wal").rename(target.with_name(f"{target.name}-wal"))
    finally:
        os.close(fd)
    return target.name


def _locked(path: Path) -> int:
    """A descriptor that holds the lock."""
    fd = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise UnusableError("another mbmd has it: give each its own outbox.folder") from None
    except OSError:
        pass  # some file systems cannot: SQLite's own lock has to do
    return fd


def _inode(path: Path) -> tuple[int, int] | None:
    """Which file it is; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    _check_writable(path)
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_writable(path: Path) -> None:
    """Make the file if there is none. SQLite would open one that it can only read, and tell that at the first write."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        header = os.read(fd, _WRITE_VERSION + 1)
    finally:
        os.close(fd)
    if header.startswith(_MAGIC) and header[_WRITE_VERSION:] > b"\2":
        raise DamagedError("it is of an SQLite that does not exist")


def _prepare(db: sqlite3.Connection) -> None:
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    db.text_factory = bytes
    # Exclusive: without it the log's index is a mapped file, and a full or failing disk kills who touches it.
    for pragma in ("locking_mode = EXCLUSIVE", "trusted_schema = OFF", "secure_delete = OFF"):
        db.execute(f"PRAGMA {pragma}")
    is_new = not _number(db, "SELECT count(*) FROM sqlite_master")
    version = _number(db, "PRAGMA user_version")
    if not is_new and _number(db, "PRAGMA application_id") != APPLICATION:
        raise DamagedError("it is no outbox of mbmd")
    if version > VERSION:
        raise UnusableError(f"version {version} is of a newer mbmd: update this one or delete it")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA journal_size_limit = {WAL}")
    if is_new:
        db.execute("BEGIN EXCLUSIVE")
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute(_TABLE)
        db.execute("COMMIT")


def _in_order(rows: Iterable[Sequence[Any]], after: int) -> Iterator[Sequence[Any]]:
    """Rows, whose ids come first, each behind the one before: in a damaged file they may go round for ever."""
    for row in rows:
        if not isinstance(row[0], int) or row[0] <= after:
            raise DamagedError("its rows are out of order")
        after = row[0]
        yield row


def _number(db: sqlite3.Connection, query: str) -> int:
    value = db.execute(query).fetchone()[0]
    if not isinstance(value, int):
        raise DamagedError("a number in it is none")
    return value


def _checked(values: Sequence[Any]) -> Sequence[Any]:
    """Values of a row that must be numbers: SQLite would hand out whatever lies there."""
    if not all(isinstance(value, float | int) and 0 <= value < inf for value in values):
        raise DamagedError("a number in it is none")
    return values


def _read(row: int, values: Sequence[Any], since: float) -> tuple[Held, Chunk]:
    """What a row says it holds and its chunk, which is empty if it cannot be read."""
    *numbers, data = values
    born, readings, size = _checked(numbers)
    held = Held(readings, size, born, row)
    try:
        chunk = unpack(data, born, since)
    except (ValueError, TypeError):
        return held, Chunk(born, since)
    return held, chunk if (chunk.readings, chunk.size) == (readings, size) else Chunk(born, since)


def _sum(older: Held, newer: Held) -> Held:
    return Held(older.readings + newer.readings, older.size + newer.size, older.oldest, newer.row)


def _fits(chunk: Chunk, part: Chunk, most_readings: int, span: float) -> bool:
    is_near = part.born - chunk.born <= span
    is_small = chunk.size + part.size <= MOST_BYTES
    return is_near and is_small and chunk.readings + part.readings <= min(most_readings, MOST_READINGS)
