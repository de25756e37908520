"""What of all that there is a client wants to hear: the parts of queries that several routes share."""

import difflib
from collections.abc import Collection, Iterable

from sanic.exceptions import BadRequest

from mbmd.config.options import matches

MOST_PATTERNS = 16
"""Patterns in one query: trying many on all names would hold up the buses."""
LONGEST = 64
"""Characters of a name or pattern."""


def listed(texts: Iterable[str]) -> list[str]:
    """The words of texts that hold some each, parted by commas."""
    return [word for text in texts for part in text.split(",") if (word := part.strip())]


def measurements(texts: Iterable[str], known: Collection[str]) -> frozenset[str]:
    """The names and patterns such as `Power*` in the values of `measurement=`; empty means all.

    Each of them fits at least one of the names that are known. Raises BadRequest.
    """
    texts = list(texts)
    words = frozenset(listed(texts))
    if texts and not words:
        raise BadRequest("measurement names none: leave it out to get all")
    patterns = [word for word in words if word not in known]
    if len(patterns) > MOST_PATTERNS:
        raise BadRequest(f"measurement has {len(patterns)} patterns: give at most {MOST_PATTERNS}, or names")
    for pattern in patterns:
        if len(pattern) > LONGEST or not any(matches(name, (pattern,)) for name in known):
            raise BadRequest(f"measurement {pattern[:LONGEST]!r} is none{_near(pattern, known)}")
    return words


def _near(pattern: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(pattern.strip("*")[:LONGEST], known, n=1, cutoff=0.0)
    return f": did you mean {near[0]}?" if near else ""
