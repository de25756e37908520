"""Who is polled next; pure, `now` is an argument."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Turn(Generic[Key]):
    key: Key
    due: float
    earliest: float = 0.0
    failures: int = 0


_due = attrgetter("due")


class Scheduler(Generic[Key]):
    """Fair turns: the one who has waited longest is next, nobody more often than once in `rate` seconds.

    Who fails is asked again after a pause that doubles from 1 s to 60 s. Polls that are late are merged.
    """

    def __init__(self, keys: Iterable[Key], rate: float, now: float) -> None:
        self._rate = rate
        self._turns = {key: _Turn(key, now) for key in keys}

    def next(self) -> tuple[Key, float]:
        """The key whose turn is next and when it is due; a moment in the past means now."""
        turn = min(self._turns.values(), key=_due)
        return turn.key, turn.due

    def succeeded(self, key: Key, started: float) -> None:
        """A poll that began at `started` brought something."""
        turn = self._turns[key]
        turn.failures = 0
        turn.due = max(started + self._rate, turn.earliest)

    def postpone(self, key: Key, until: float) -> None:
        """Not before `until`, however the poll that is under way ends."""
        turn = self._turns[key]
        turn.earliest = until
        turn.due = max(turn.due, until)

    def failed(self, key: Key, now: float) -> int:
        """A poll ended at `now` without anything; returns how many have in a row."""
        turn = self._turns[key]
        pause = min(FIRST_PAUSE * 2**turn.failures, LONGEST_PAUSE)
        turn.failures = min(turn.failures + 1, 16)
        turn.due = max(now + max(pause, self._rate), turn.earliest)
        return turn.failures
