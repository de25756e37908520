"""What there is of the service before it is installed or removed."""

import grp
import os
import pwd
from pathlib import Path

from mbmd.service import layout
from mbmd.service.carry_out import SYSTEM, within
from mbmd.service.layout import SERIAL_GROUPS, Service
from mbmd.service.steps import Found


def found(root: Path, service: Service) -> Found:
    """The files and users that are there."""
    paths = (layout.UNIT_FILE, layout.WANTED, service.config, *layout.REMAINS)
    is_tree = root != SYSTEM
    return Found(
        frozenset(path for path in paths if os.path.lexists(within(root, path))),
        frozenset() if is_tree else frozenset(entry.pw_name for entry in pwd.getpwall()),
        layout.made_user(_text(within(root, layout.USERS_FILE))),
        is_tree,
    )


def installed(root: Path) -> Service:
    """The service that is installed, as far as its unit tells; the usual one if there is none."""
    text = _text(within(root, layout.UNIT_FILE))
    return Service((), layout.config_of(text), next(iter(layout.settings(text, "User")), layout.USER))


def package_unit(root: Path) -> Path | None:
    """The unit that a package of the distribution brings."""
    return next((path for path in layout.PACKAGED if within(root, path).exists()), None)


def group_of(user: str) -> str:
    """The first group of a user; that of one who is still to be made has the same name."""
    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return user


def serial_group(root: Path) -> str:
    """The group that serial ports belong to."""
    names = {line.partition(":")[0] for line in _text(within(root, Path("/etc/group"))).splitlines()}
    return next((name for name in SERIAL_GROUPS if name in names), SERIAL_GROUPS[0])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
