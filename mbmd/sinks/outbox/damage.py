"""What can be wrong with the file of what waits, and what of that no further try will mend."""

import sqlite3

_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_OK,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}
"""Errors that say nothing of what lies in the file; all others come of it, as the statements are right."""


class DamagedError(Exception):
    """The file is no outbox, or a broken one."""


class GoneError(DamagedError):
    """The file was removed under way."""


class UnusableError(Exception):
    """The file cannot be used, and is to stay as it is."""


def is_damage(error: Exception) -> bool:
    """Whether the file itself is broken, so that no further try will help.

    What is no text is a name in it, which an error of SQLite tells of.
    """
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return isinstance(error, DamagedError | UnicodeDecodeError) or code & 0xFF not in _PASSING


def is_full(error: Exception) -> bool:
    """Whether there is no room, though what lies there can be read."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
