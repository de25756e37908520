"""How fast what has waited may go out; pure, `now` is an argument."""

HEADWAY = 1.25
"""What may go out for each reading that comes in, when they come faster than the pace: else the backlog never ends."""
BURST = 1.0
"""Seconds whose readings may go out at once after a silence."""


class Pace:
    """At most so many readings a second, or HEADWAY times those that come in, if that is more."""

    def __init__(self, readings: int, now: float) -> None:
        self._pace = readings
        self._level = readings * BURST
        self._filled = now
        self._came = 0

    def came(self, readings: int) -> None:
        """Readings came in."""
        self._came += readings

    def wait(self, now: float) -> float:
        """Seconds until the next may go; 0 for now."""
        gained = max(self._pace * (now - self._filled), HEADWAY * self._came)
        self._level = min(self._level + gained, max(self._pace * BURST, HEADWAY * self._came))
        self._filled = now
        self._came = 0
        return max(-self._level / self._pace, 0.0)

    def went(self, readings: int) -> None:
        """Readings go out, after `wait` was 0; they may be more than there was leave for, the next wait longer then."""
        self._level -= readings
