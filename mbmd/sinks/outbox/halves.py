"""Which items go together after some were refused: halves of halves, until the bad one is found."""

MOST = 32
"""Refusals of a chunk until what is refused further goes as a whole: its items may all be bad."""


class Halves:
    """The sizes of the next parts of `count` items."""

    def __init__(self, count: int) -> None:
        self._parts = [count]
        self._refusals = 0

    @property
    def next(self) -> int:
        """How many items go next; 0 when all went."""
        return self._parts[-1] if self._parts else 0

    def taken(self) -> None:
        """They were taken."""
        self._parts.pop()

    def refused(self) -> int:
        """They were refused: how many of them, the first, are to be dropped; 0 if a smaller part is to be tried."""
        part = self._parts.pop()
        self._refusals += 1
        if part == 1 or self._refusals > MOST:
            return part
        self._parts += [part - part // 2, part // 2]
        return 0
