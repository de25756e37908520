"""Why something was not delivered, and what happens next."""


class AwayError(Exception):
    """The other side cannot be reached, or has no time: it is tried again, `pause` seconds later at the earliest."""

    def __init__(self, text: str, pause: float = 0.0) -> None:
        super().__init__(text)
        self.pause = pause


class RefusedError(Exception):
    """The other side will never take it: it is dropped and counted."""
