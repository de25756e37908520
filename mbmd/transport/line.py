"""What a bus needs of its connection, whatever carries it.

A connection is an asyncio transport and its protocol, reduced to what polling uses, so that a TCP
connection of the event loop serves as it is.
"""

from typing import Protocol


class Line(Protocol):
    """The sending side of a connection."""

    def write(self, data: bytes) -> None:
        """Send `data` without waiting."""

    def close(self) -> None:
        """End the connection; nothing is received any more, and `connection_lost` follows from the event loop."""


class Receiver(Protocol):
    """Who is called from the event loop with what a line brings."""

    def data_received(self, data: bytes) -> None:
        """Some bytes, cut anywhere."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone; called once, after which it is silent."""
