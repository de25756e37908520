"""Who is polled next; pure, `now` is an argument."""

import random
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mbmd.backoff import LONGEST_PAUSE, pause_after

PROBE_SHARE = 0.02
"""Share of a bus that vain probes of dead devices may take from the live ones."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Turn(Generic[Key]):
    key: Key
    due: float
    earliest: float = 0.0
    latest: float = 0.0
    failures: int = 0
    lives: bool = False
    was_heard: bool = False


class Scheduler(Generic[Key]):
    """Fair turns: the one who has waited longest is next. Polls that are late are merged.

    Who fails is probed after a growing pause: once soon, as it may only have missed a request. While others live,
    further probes of all the dead together take no more than PROBE_SHARE of the time, unless each has waited for
    LONGEST_PAUSE. `chance` gives numbers from 0 to 1.
    """

    def __init__(self, keys: Iterable[Key], now: float, chance: Callable[[], float] = random.random) -> None:
        self._turns = {key: _Turn(key, now) for key in keys}
        self._chance = chance
        self._probes_from = now

    def add(self, key: Key, now: float) -> None:
        """One more, whose first poll is due now."""
        self._turns[key] = _Turn(key, now)

    def remove(self, key: Key) -> None:
        """One less; nothing may end for it any more."""
        del self._turns[key]

    def next(self) -> tuple[Key, float]:
        """The key whose turn is next and when it is due; a moment in the past means now."""
        if len(self._turns) == 1:
            (turn,) = self._turns.values()
        else:
            turn = min(self._turns.values(), key=self._order)
        return turn.key, self._order(turn)[0]

    def succeeded(self, key: Key, due: float) -> None:
        """A poll brought something; the next one is wanted at `due`."""
        turn = self._turns[key]
        turn.failures = 0
        turn.lives = True
        turn.was_heard = False
        turn.due = max(turn.earliest, due)

    def heard(self, key: Key) -> None:
        """It is there again, but has brought nothing yet: pauses begin anew, once until it does."""
        turn = self._turns[key]
        turn.failures = turn.failures if turn.was_heard else 0
        turn.was_heard = True

    def postpone(self, key: Key, until: float) -> None:
        """Not before `until`, however the poll that is under way ends."""
        turn = self._turns[key]
        turn.earliest = until
        turn.due = max(turn.due, until)

    def failed(self, key: Key, now: float, took: float) -> int:
        """A poll of `took` seconds ended at `now` without anything; returns how many have in a row.

        One that took no time was not asked: it is no more dead than it was.
        """
        turn = self._turns[key]
        if turn.failures and any(other.lives for other in self._turns.values()):
            self._probes_from = now + took / PROBE_SHARE
        turn.lives = turn.lives and not took
        turn.failures += 1
        turn.due = max(now + pause_after(turn.failures, self._chance()), turn.earliest)
        turn.latest = now + LONGEST_PAUSE
        return turn.failures

    def _order(self, turn: _Turn[Key]) -> tuple[float, float]:
        """When it is due, and how long it has been: probes that wait for each other go in turn."""
        if turn.lives or turn.failures < 2:
            return turn.due, turn.due
        return max(turn.due, min(self._probes_from, turn.latest)), turn.due
