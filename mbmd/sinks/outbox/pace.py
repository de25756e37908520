"""How fast what has waited may go out; pure, `now` is an argument."""

HEADWAY = 1.25
"""What may go out for each reading that comes in, when they come faster than the pace: else the backlog never ends."""
BURST = 1.0
"""Seconds whose readings may go out at once after a silence."""
WINDOW = 10.0
"""Seconds over which it is seen how fast readings come."""


class Pace:
    """At most so many readings a second, or HEADWAY times those that come in, if that is more."""

    def __init__(self, readings: int, now: float) -> None:
        self._pace = readings
        self._begun = now
        self._left = readings * BURST
        self._came = 0
        self._went = 0

    def came(self, readings: int) -> None:
        """Readings came in."""
        self._came += readings

    def wait(self, now: float) -> float:
        """Seconds until the next may go, unless more come in meanwhile; 0 for now."""
        if now - self._begun >= WINDOW:
            self._left = min(self._leave(now), self._pace * BURST)
            self._begun = now
            self._came = self._went = 0
        return max(-self._leave(now) / self._pace, 0.0)

    def went(self, readings: int) -> None:
        """Readings go out, after `wait` was 0; they may be more than there was leave for, the next wait longer then."""
        self._went += readings

    def _leave(self, now: float) -> float:
        return self._left + max(self._pace * (now - self._begun), HEADWAY * self._came) - self._went
