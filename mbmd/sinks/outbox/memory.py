"""What waits in memory."""

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, time

from mbmd.sinks.outbox.chunk import Chunk

MOST_BYTES = 16 * 2**20
"""What may wait in memory when the disk does not take it."""
_ITEM = 100
"""Bytes that an item costs beside its own."""


class Memory:
    """Chunks in their order; new items come into the last one until it is full, or `span` seconds old.

    `bulk` is what they take of the memory: many small items take more than their `size`.
    """

    def __init__(self, span: float) -> None:
        self._span = span
        self.chunks: deque[Chunk] = deque()
        self.readings = 0
        self.size = 0
        self._items = 0

    @property
    def bulk(self) -> int:
        """Bytes of memory, about."""
        return self.size + self._items * _ITEM

    def add(self, item: bytes, readings: int) -> bool:
        """Append an item; whether the chunks are others now, or one is full."""
        is_new = not self.chunks or self.chunks[-1].is_full or monotonic() - self.chunks[-1].since > self._span
        if is_new:
            self.chunks.append(Chunk(time(), monotonic()))
        chunk = self.chunks[-1]
        chunk.add(item, readings)
        self.readings += readings
        self.size += len(item)
        self._items += 1
        return is_new or chunk.is_full

    def take(self) -> Chunk:
        """Take the oldest chunk."""
        chunk = self.chunks.popleft()
        self._count(chunk, -1)
        return chunk

    def take_all(self) -> list[Chunk]:
        """Take all chunks."""
        return [self.take() for _ in range(len(self.chunks))]

    def put_back(self, chunks: Sequence[Chunk]) -> None:
        """Put chunks before all others."""
        for chunk in reversed(chunks):
            self.chunks.appendleft(chunk)
            self._count(chunk, 1)

    def take_while(self, is_too_much: Callable[[Chunk], bool]) -> int:
        """Take the oldest chunks as long as that says so; how many readings they had."""
        before = self.readings
        while self.chunks and is_too_much(self.chunks[0]):
            self.take()
        return before - self.readings

    def _count(self, chunk: Chunk, sign: int) -> None:
        self.readings += sign * chunk.readings
        self.size += sign * chunk.size
        self._items += sign * len(chunk.items)
