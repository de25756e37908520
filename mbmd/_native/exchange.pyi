from array import array
from collections.abc import Callable

from mbmd._native.framing import Reader
from mbmd._native.query import Query

ROUND_TRIPS: int
"""Round trips that are known one by one."""

class RoundTrips:
    """How long answers took, in seconds."""

    count: int
    """How many there were."""
    total: float
    """What all of them took."""
    @property
    def kept(self) -> list[float]:
        """The latest, in no order."""
    def add(self, seconds: float) -> None:
        """One more answer."""

class Exchange:
    """Requests in a row on one connection: each goes out as soon as the one before was answered.

    `came` is told the code of what a chunk brought, but for WAITING, and for answers behind which the next request
    went out by itself. That happens where nobody has anything to do meanwhile: `heard` is None, and nothing else than
    the answer came. After any other answer it is for `came` to call `next`. `clock` gives seconds; how long each
    answer took goes to `trips`.
    """

    heard: Callable[[bytes], None] | None
    """Called with each chunk before it is read."""
    queries: tuple[Query, ...]
    """What is asked."""
    answered: int
    """How many of these were."""
    sent: float
    """When the last request went out."""

    def __init__(
        self, reader: Reader, came: Callable[[int], None], clock: Callable[[], float], trips: RoundTrips
    ) -> None: ...
    @property
    def is_done(self) -> bool:
        """Whether all were answered."""
    @property
    def begun(self) -> int:
        """How many of the requests were or are to be sent, as the one before was answered."""
    def begin(self, queries: tuple[Query, ...], column: array[float] | None = None) -> None:
        """Ask these from now on, and decode their answers into `column`; nothing is sent yet.

        Raises ValueError when a program does not fit the column.
        """
    def take_waited(self) -> float:
        """Seconds that the answers took which came since this was asked last."""
    def next(self, write: Callable[[bytes], None]) -> bytes:
        """The next frame to send, whose answer is waited for from now on; what follows by itself goes to `write`.

        Raises IndexError when all were answered.
        """
    def close(self) -> None:
        """Ask nothing and tell nobody any more."""
    def data_received(self, data: bytes) -> None:
        """Bytes from the wire, cut anywhere. Raises what `Reader.feed` raises."""
