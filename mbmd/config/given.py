"""What was given for the configuration, before anyone asks what it means, and where it was given."""

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from mbmd.errors import UsageError

_LONGEST = 300
"""Characters of a complaint: who gives a megabyte does not want to read it again."""
_CREDENTIALS = re.compile(r"(?<=//)[^/\s]*@")
MASK = "********"


class Origin(NamedTuple):
    """Where a value was given: a file with its line, a variable of the environment, or a flag (line 0)."""

    place: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.place}:{self.line}" if self.line else self.place


DEFAULT = Origin("default")


class Given(NamedTuple):
    """A text, several, keys with values, or None where a key stands without a value; all as written."""

    value: "Value"
    origin: Origin


Value: TypeAlias = str | list[Given] | dict[str, Given] | None


def nested(leaves: Iterable[tuple[str, Given]], origin: Origin) -> Given:
    """Values by key, such as `mqtt.broker`, as sections that hold keys."""
    top: dict[str, Given] = {}
    sections: dict[str, dict[str, Given]] = {"": top}
    for key, given in leaves:
        section, _, name = key.rpartition(".")
        sections.setdefault(section, {})[name] = given
    return Given(top | {name: Given(keys, origin) for name, keys in sections.items() if name}, origin)


class Problem(NamedTuple):
    """What is wrong with a value; `key` is its place in the configuration, such as `adapters[0].baudrate`."""

    origin: Origin
    key: str
    text: str

    def __str__(self) -> str:
        text = mask(self.text)
        text = f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 2 :]}" if len(text) > _LONGEST else text
        where = f"{self.origin}: " if self.origin.place else ""
        return where + (f"{self.key}: {text}" if self.key and self.origin.line else text)


def mask(text: str) -> str:
    """The text without the user and password of URLs in it."""
    return _CREDENTIALS.sub(f"{MASK}@", text)


def printable(text: str) -> str:
    """The text with what no terminal and no log should be sent as escapes, such as ends of lines."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def usage_error(problems: Iterable[Problem]) -> UsageError:
    """All problems, each in a line: those of files in order of their lines, then the others."""
    ordered = sorted(problems, key=lambda problem: (not problem.origin.line, problem.origin.line))
    return UsageError("\n".join(dict.fromkeys(map(str, ordered))))
