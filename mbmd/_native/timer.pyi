class TimerFd:
    """A file descriptor that becomes readable at a moment of `time.monotonic()`, to well under a millisecond.

    The event loop's own timers count in milliseconds, which is too coarse for the silence between frames.
    """

    def fileno(self) -> int:
        """The descriptor, -1 after close."""
    def arm(self, when: float, /) -> None:
        """Ring once at `when` (a `time.monotonic()` value); a moment in the past rings at once.

        Raises ValueError for a moment beyond 2e9, OSError after close.
        """
    def disarm(self) -> None:
        """Do not ring."""
    def acknowledge(self) -> bool:
        """Take notice of a ring, so that the descriptor is no longer readable; whether it had rung."""
    def close(self) -> None:
        """Give the descriptor back; the timer cannot be used again."""
