"""Passwords and tokens out of files of their own."""

import stat
from pathlib import Path

from mbmd.config.secret import Secret
from mbmd.errors import UsageError

_MAX_BYTES = 1 << 16


def read_secret(path: Path) -> tuple[Secret, str | None]:
    """What a file holds without the end of its line, and a warning if everyone may read it."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
            mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise UsageError(f"{path} is larger than {_MAX_BYTES >> 10} KiB: it should hold one secret and nothing else")
    try:
        secret = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no UTF-8 text") from None
    if not secret:
        raise UsageError(f"{path} is empty")
    is_open = stat.S_ISREG(mode) and mode & stat.S_IROTH
    return Secret(secret), f"{path} can be read by everyone: chmod o-r {path}" if is_open else None
