"""One life of the line of a bus."""

from collections.abc import Callable


def _unheard(data: bytes) -> None:
    """What comes by a line that was given up."""


class Connection:
    """Who a line tells of what it brings; that it ends after it was given up does not concern anybody any more."""

    def __init__(self, received: Callable[[bytes], None], lost: Callable[[Exception | None], None]) -> None:
        self.data_received = received
        self._lost: Callable[[Exception | None], None] | None = lost

    @property
    def over(self) -> bool:
        """Whether it has ended, or was given up."""
        return self._lost is None

    def give_up(self) -> None:
        """Tell of nothing any more."""
        self._lost = None
        self.data_received = _unheard

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the line when it has ended."""
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(exc)
