"""How a connection that comes and goes is told of: once each change, and no more often than it helps."""

import logging
from collections.abc import Callable

from mbmd.readings.health import SinkHealth

QUIET = 60.0
"""Seconds in which the same trouble of a connection that comes and goes is told of but once."""
MOST_TOLD = 32
"""Troubles of one outage that are remembered for longer than that."""

log = logging.getLogger(__name__)


class Outage:
    """Tells of the connection of `name` in the log and in the health of its sink."""

    def __init__(self, name: str, health: SinkHealth, clock: Callable[[], float]) -> None:
        self._name = name
        self._health = health
        self._clock = clock
        self._trouble = ""
        self._told: dict[str, float] = {}
        self._loud = True

    def begin(self, trouble: str) -> None:
        """The connection is gone, or did not come."""
        now, before = self._clock(), self._trouble
        if not before or len(self._told) > MOST_TOLD:
            self._told = {text: when for text, when in self._told.items() if now - when < QUIET}
        loud = trouble not in self._told
        if loud:
            self._told[trouble] = now
        self._loud = loud or (self._loud and bool(before))
        self._trouble = self._health.trouble = trouble
        self._health.connected = False
        self._health.failures += 1
        log.log(logging.WARNING if loud else logging.DEBUG, "%s: %s", self._name, trouble)

    def end(self) -> None:
        """The connection stands."""
        again = " again" if self._trouble else ""
        log.log(logging.INFO if self._loud else logging.DEBUG, "%s: connected%s", self._name, again)
        self._trouble = self._health.trouble = ""
        self._health.connected = True
