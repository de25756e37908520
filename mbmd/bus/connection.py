"""One life of the line of a bus."""

from collections.abc import Callable


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
        """Do not tell of its end."""
        self._lost = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the line when it has ended."""
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(exc)
