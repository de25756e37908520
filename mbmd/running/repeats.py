"""What is logged again and again, as of a device on a bad wire, is told some times an hour and counted beyond that."""

import logging
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from time import localtime, monotonic, strftime

MOST = 10
"""Times that the same is told within an hour."""
HOUR = 3600.0
MOST_TEXTS = 2000
"""Texts that are remembered: beyond them all are forgotten, and told again."""
ASKED_FOR = frozenset({"mbmd.raw", "mbmd.running.reload", "mbmd.cli.run"})
"""Loggers of what somebody asked for, who waits for it each time: frames, and what became of a reload."""


@dataclass(slots=True)
class _Told:
    """A text: when its hour began, how often it came since, and when and how it came last without being told."""

    since: float
    times: int = 0
    untold: logging.LogRecord | None = None
    last: float = 0.0


class Repeats:
    """Keeps the same text from being told for ever; frames and failed requests are not its business."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def thin(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """The record, perhaps with a note, or None if it was told often enough."""
        if record.levelno <= logging.DEBUG or record.name in ASKED_FOR:
            return record
        text, now = record.getMessage(), self._clock()
        if len(self._told) >= MOST_TEXTS and text not in self._told:
            self._told.clear()
        told = self._told.setdefault(text, _Told(now))
        note = ""
        if now - told.since >= HOUR:
            note = _more(told)
            told = self._told[text] = _Told(now)
        told.times += 1
        if told.times > MOST:
            told.untold, told.last = record, now
            return None
        if told.times == MOST:
            note = " (that often: not told again within the hour)"
        return _noted(record, text + note) if note else record

    def owed(self) -> Iterator[logging.LogRecord]:
        """What was not told in an hour that is over, in the order in which it came last: how things are now."""
        now = self._clock()
        over = [(text, told) for text, told in self._told.items() if now - told.since >= HOUR]
        for text, told in sorted(over, key=lambda one: one[1].last):
            del self._told[text]
            if told.untold is not None:
                when = strftime(", last at %H:%M:%S", localtime(told.untold.created))
                yield _noted(told.untold, text + _more(told, when))


def _more(told: _Told, when: str = "") -> str:
    return f" (and {told.times - MOST} times more in the hour before{when})" if told.times > MOST else ""


def _noted(record: logging.LogRecord, text: str) -> logging.LogRecord:
    noted = copy(record)
    noted.msg, noted.args = text, None
    return noted
