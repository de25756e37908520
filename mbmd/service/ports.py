"""Whether the user of the service may open serial ports."""

import grp
import os
import pwd
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def groups_of(user: str, more: Iterable[str] = ()) -> dict[int, str]:
    """The groups of a user by their ids, with those of the unit; empty for a user that does not exist."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return {}
    ids = set(os.getgrouplist(user, entry.pw_gid))
    for name in more:
        with suppress(KeyError):
            ids.add(grp.getgrnam(name).gr_gid)
    return {number: _group_name(number) for number in sorted(ids)}


def trouble(port: Path, user: str, groups: Iterable[int]) -> str:
    """What keeps a user from a serial port; empty if nothing does."""
    try:
        found = port.stat()
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if not stat.S_ISCHR(found.st_mode):
        return "no serial port"
    if _owner_name(found.st_uid) == user:
        needed = stat.S_IRUSR | stat.S_IWUSR
    elif found.st_gid in set(groups):
        needed = stat.S_IRGRP | stat.S_IWGRP
    else:
        needed = stat.S_IROTH | stat.S_IWOTH
    if found.st_mode & needed == needed:
        return ""
    group = _group_name(found.st_gid)
    return f"is of the group {group}, which {user} is not in, or may not use: sudo usermod -aG {group} {user}"


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _owner_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
