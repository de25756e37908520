"""What command lines do: which run until they are stopped, what shows that they are at work, what they ask."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple
from urllib.request import urlopen

REPLIES: Mapping[str, str] = MappingProxyType(
    {
        r"password: |once more: |Enter host password for user '\w+':": "correct horse battery staple",
        r"\[y/N\] ": "y",
    }
)
"""What is typed at the questions of commands."""

SHELLS: Mapping[str, str] = MappingProxyType({"| source": "fish"})
"""Shells other than bash whose command lines a page shows, by a part of the line."""

_BROKER = re.compile(r"mosquitto|localhost:1883|mqtts?://|\bbroker\b")
_PROGRAMS = ("curl", "fish", "jq", "make", "mosquitto_sub", "mosquitto_pub", "openssl", "pgrep")
"""Programs of the system that pages use and that may be missing."""

PROMISED: Mapping[tuple[str, str], int] = MappingProxyType(
    {("docs/api.md", "?measurement=Powr"): 22},
)
"""Exit codes that a page shows by what it prints, not by a comment: by page and a part of the line."""

TOLERATED: Mapping[str, str] = MappingProxyType(
    {
        "everyone who reaches the web server may read it": "as most examples are, for they are about something else",
        "reach the web server as plain text": "the page tells of certificates later",
    }
)
"""Warnings in the log of a command that are as they should be, and why."""

_TROUBLE = re.compile(r"^Traceback \(most recent call last\).*|^\S+ \S+ (?:WARNING|ERROR|CRITICAL) .*", re.MULTILINE)


def trouble(shown: str) -> str:
    """The first line by which a command says that something is wrong, if there is one."""
    lines = (match[0] for match in _TROUBLE.finditer(shown))
    return next((line for line in lines if not any(re.search(known, line) for known in TOLERATED)), "")


class Part(Enum):
    """What a command that runs until it is stopped is to the page; there is one of each kind at a time."""

    METERS = "meters"
    DAEMON = "daemon"
    WATCH = "watch"
    """Somebody who looks on: enough is seen with the first line."""


class Lasting(NamedTuple):
    """Commands that run until they are stopped; `is_at_work` tells that by what they have shown."""

    pattern: re.Pattern[str]
    part: Part
    is_at_work: Callable[[str], bool]
    interrupted: int = 0
    """The exit code after Ctrl-C."""


def _shows(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern)
    return lambda text: found.search(text) is not None


def _polls(text: str) -> bool:
    """Whether a daemon has heard of all its devices, and its broker of it."""
    devices = re.search(r" devices: (\d+)", text)
    if devices is None or ("MQTT broker" in text and not re.search(r"MQTT broker \S+: connected", text)):
        return False
    return len(re.findall(r": online$", text, re.MULTILINE)) >= int(devices[1])


def _answers(_: str) -> bool:
    """Whether a daemon that logs little, or in another form, has asked all its devices."""
    try:
        with urlopen("http://127.0.0.1:8080/api/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


LASTING = (
    Lasting(re.compile(r"\bmbmd simulate\b"), Part.METERS, _shows("poll with: ")),
    Lasting(re.compile(r"\bmbmd demo\b"), Part.DAEMON, _shows("stop with Ctrl-C")),
    Lasting(re.compile(r"\bmbmd run\b.* --log-"), Part.DAEMON, _answers),
    Lasting(re.compile(r"\bmbmd run\b"), Part.DAEMON, _polls),
    Lasting(re.compile(r"\bmbmd read\b.* --watch\b"), Part.WATCH, _shows(r"\d\n"), 130),
    Lasting(re.compile(r"\bcurl\b.* (?:-N|--no-buffer)\b"), Part.WATCH, _shows(r"data: .*\n"), 130),
    Lasting(re.compile(r"\bmosquitto_sub\b(?!.* -[CW]\b)"), Part.WATCH, _shows(r"\n")),
    Lasting(re.compile(r"\b(?:journalctl|tail)\b.* (?:-f|--follow)\b"), Part.WATCH, _shows(r"\n"), 130),
)
_ENDS_AT_ONCE = re.compile(r"--help\b|^timeout ")
_ASKS_DAEMON = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]):8080|\bmosquitto_sub\b|\bmbmd reload\b")
_WANTS_LINE = re.compile(r"\bmbmd (?:scan|read|write|inspect|devices try)\b")


def missing(text: str) -> list[str]:
    """Programs without which a command line cannot be run here."""
    bare = _without_comment(text)
    wanted = [program for program in _PROGRAMS if re.search(rf"\b{program}\b", bare)]
    wanted += ["mosquitto", "openssl"] if _BROKER.search(bare) else []
    wanted += [shell for part, shell in SHELLS.items() if part in bare]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    return [program for program in dict.fromkeys(wanted) if shutil.which(program, path=path) is None]


def lasting(text: str) -> Lasting | None:
    """How a command line is that runs until it is stopped, else None."""
    bare = _without_comment(text)
    if _ENDS_AT_ONCE.search(bare):
        return None
    return next((rule for rule in LASTING if rule.pattern.search(bare)), None)


def writes(shown: str) -> bool:
    """Whether a daemon has said that readings go to a database."""
    return "sink influx: readings go to" in shown


def asks_daemon(text: str) -> bool:
    """Whether a command line needs a daemon that runs."""
    rule = lasting(text)
    is_client = rule is None or rule.part is Part.WATCH
    return is_client and _ASKS_DAEMON.search(_without_comment(text)) is not None


def wants_line(text: str) -> bool:
    """Whether a command line opens a line that a daemon may have for itself."""
    return _WANTS_LINE.search(_without_comment(text)) is not None


def _without_comment(text: str) -> str:
    return re.sub(r"(?:^|\s)#.*", "", text)
