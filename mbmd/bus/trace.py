"""What `--raw` shows: frames, though a serial line brings them a few characters at a time."""

from collections.abc import Callable

Trace = Callable[[str, bytes], None]
"""Told of a frame: '>' sent or '<' received, and its bytes."""

LONGEST = 512
"""Bytes after which what was received is shown, even if nobody knows what it is."""


class FrameTrace:
    """Gathers what is received until it is something or the next request goes out."""

    def __init__(self, tell: Trace) -> None:
        self._tell = tell
        self._heard = bytearray()

    def sent(self, frame: bytes) -> None:
        """A request goes out."""
        self.ended()
        self._tell(">", frame)

    def heard(self, data: bytes) -> None:
        """Some bytes came."""
        self._heard += data
        if len(self._heard) > LONGEST:
            self.ended()

    def ended(self) -> None:
        """What came so far is a frame, or all that will come."""
        if self._heard:
            self._tell("<", bytes(self._heard))
            self._heard.clear()
