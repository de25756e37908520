"""Failed logins by client: who guesses has to wait. Pure: the time comes from outside."""

from dataclasses import dataclass

WINDOW = 60.0
"""Seconds in which failures are counted, from the first on."""
MOST = 10
"""Failures in that time, after which a client waits for its end."""
KEPT = 4096
"""Clients that are remembered: the oldest is forgotten."""


@dataclass(slots=True)
class _Failures:
    since: float
    count: int


class Attempts:
    """The failures of the last minute."""

    def __init__(self) -> None:
        self._clients: dict[str, _Failures] = {}

    def __bool__(self) -> bool:
        return bool(self._clients)

    def wait(self, client: str, now: float) -> float:
        """Seconds that a client has to wait before it may try again; 0: none."""
        failures = self._current(client, now)
        return failures.since + WINDOW - now if failures is not None and failures.count >= MOST else 0.0

    def add(self, client: str, now: float) -> bool:
        """Count a failure, or one that is only feared; True if it is the client's first in this minute."""
        failures = self._current(client, now)
        if failures is None:
            if len(self._clients) >= KEPT:
                del self._clients[next(iter(self._clients))]
            self._clients[client] = _Failures(now, 1)
            return True
        failures.count += 1
        return False

    def take_back(self, client: str) -> None:
        """Count one less, as it was none."""
        failures = self._clients.get(client)
        if failures is not None:
            failures.count -= 1
            if failures.count <= 0:
                del self._clients[client]

    def _current(self, client: str, now: float) -> _Failures | None:
        failures = self._clients.get(client)
        if failures is not None and now - failures.since >= WINDOW:
            del self._clients[client]
            return None
        return failures
