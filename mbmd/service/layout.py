"""What a service is made of: its command, configuration and user, and the files that say so."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

UNIT = "mbmd.service"
UNIT_FILE = Path("/etc/systemd/system", UNIT)
WANTED = UNIT_FILE.with_name("multi-user.target.wants") / UNIT
"""The link that starts the service with the system."""
PACKAGED = (Path("/usr/lib/systemd/system", UNIT), Path("/lib/systemd/system", UNIT))
"""Where a package of the distribution has the unit."""
USERS_FILE = Path("/etc/sysusers.d/mbmd.conf")
"""Names the user that was made for the service: one that is not in it is somebody else's."""
CONFIG = Path("/etc/mbmd.yaml")
USER = "mbmd"
STATE = Path("/var/lib/mbmd")
REMAINS = (STATE, Path("/etc/mbmd"), UNIT_FILE.with_name(f"{UNIT}.d"), Path("/run/mbmd"))
"""Folders that systemd makes for the service, by the names in its unit, and the one that changes to the unit are in."""
SERIAL_GROUPS = ("dialout", "uucp")
"""Groups that serial ports belong to: of Debian, Fedora and others, and of Arch."""

_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Service:
    """What fills the unit: the words of the command, absolute paths, names of users and groups."""

    command: tuple[str, ...]
    config: Path = CONFIG
    user: str = USER
    group: str = USER
    serial_group: str = SERIAL_GROUPS[0]


def unit(service: Service) -> str:
    """The text of the unit."""
    return _template(UNIT).format(
        command=" ".join(map(_word, service.command)),
        config=_word(str(service.config)),
        user=service.user,
        group=service.group,
        serial_group=service.serial_group,
    )


def users(service: Service) -> str:
    """What systemd-sysusers makes the user of."""
    return _template("mbmd.sysusers").format(user=service.user, serial_group=service.serial_group)


def made_user(text: str) -> str:
    """The user that a file for systemd-sysusers makes; empty if it makes none."""
    return next((words[1] for line in text.splitlines() if (words := line.split())[:1] == ["u"] and len(words) > 1), "")


def is_user_name(name: str) -> bool:
    """A user may have this name everywhere."""
    return _USER.fullmatch(name) is not None


def settings(text: str, name: str) -> list[str]:
    """The values of a setting in the text of a unit."""
    return [value for key, _, value in (line.partition("=") for line in text.splitlines()) if key == name]


def config_of(text: str) -> Path:
    """The configuration that a unit names, be it that somebody has changed it; the usual one if it names none."""
    words = _words(next(iter(settings(text, "ExecStart")), ""))
    named = (Path(value) for option, value in pairwise(words) if option in ("-c", "--config"))
    return next((path for path in named if path.is_absolute() and ".." not in path.parts), CONFIG)


def _words(line: str) -> Sequence[str]:
    try:
        return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]
    except ValueError:
        return []


def _word(text: str) -> str:
    """A word of a command line, as systemd reads it."""
    text = text.replace("%", "%%").replace("$", "$$")
    return text if _PLAIN.fullmatch(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _template(name: str) -> str:
    return files("mbmd.service").joinpath(name).read_text(encoding="utf-8")
