"""The rest that a bus gives itself on a change of unit, when meters prove to need one; pure."""

STEP = 0.005
LONGEST = 0.08
ENOUGH = 40
"""Requests of each kind that are compared."""
ERRORS = 0.2
"""Share of requests after a change of unit that must fail before anything is done."""
TIMES = 3.0
"""How many times as often as others they must fail."""


class UnitPause:
    """Compares requests that follow a change of unit with those that do not.

    Some meters miss a request that follows the answer of another unit too soon. When such requests fail much more
    often than others, the pause is raised: 5 ms, then doubled up to 80 ms. Where that does not help either, it is
    no use and goes back to what was asked for.
    """

    def __init__(self, asked: float) -> None:
        self.seconds = asked
        self._asked = asked
        self.given_up = False
        self._begin()

    def observe(self, changed: bool, good: bool) -> bool:
        """Take one request to a device that lives; returns whether `seconds` changed."""
        if self.given_up:
            return False
        self._requests[changed] += 1
        self._failures[changed] += not good
        if self._requests[True] < ENOUGH:
            return False
        clustered = self._clustered()
        self._begin()
        if not clustered:
            return False
        self.seconds = min(max(2 * self.seconds, STEP), LONGEST) if self.seconds < LONGEST else self._asked
        self.given_up = self.seconds == self._asked
        return True

    def _clustered(self) -> bool:
        # The others may be few: one more that failed among two more keeps chance from passing for a pattern.
        changed = self._failures[True] / self._requests[True]
        same = (self._failures[False] + 1) / (self._requests[False] + 2)
        return changed >= ERRORS and changed >= TIMES * same

    def _begin(self) -> None:
        self._requests, self._failures = [0, 0], [0, 0]  # of requests in a row to one unit, and of those after a change
