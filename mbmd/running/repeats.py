"""What is logged again and again, as of a device on a bad wire, is told some times an hour and counted beyond that."""

import logging
from collections.abc import Callable
from copy import copy
from time import monotonic

MOST = 10
"""Times that the same is told within an hour."""
HOUR = 3600.0
MOST_TEXTS = 2000
"""Texts that are remembered: beyond them all are forgotten, and told again."""


class Repeats:
    """Keeps the same text from being told for ever; frames and failed requests are not its business."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def thin(self, record: logging.LogRecord) -> logging.LogRecord | None:
        """The record, perhaps with a note, or None if it was told often enough."""
        if record.levelno <= logging.DEBUG or record.name == "mbmd.raw":
            return record
        text = record.getMessage()
        now = self._clock()
        since, times = self._told.get(text, (now, 0))
        if now - since >= HOUR:
            note = f" (and {times - MOST} times more in the hour before)" if times > MOST else ""
            since, times = now, 0
        else:
            note = " (that often: not told again within the hour)" if times == MOST - 1 else ""
        if len(self._told) >= MOST_TEXTS and text not in self._told:
            self._told.clear()
        self._told[text] = since, times + 1
        if times >= MOST:
            return None
        return _noted(record, text + note) if note else record


def _noted(record: logging.LogRecord, text: str) -> logging.LogRecord:
    noted = copy(record)
    noted.msg, noted.args = text, None
    return noted
