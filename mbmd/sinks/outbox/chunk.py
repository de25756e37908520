"""Items that travel together, and how they lie on the disk."""

import zlib

import msgspec

MOST_READINGS = 5000
MOST_BYTES = 512 * 1024
LARGEST = 64 * 2**20
"""Bytes that an unpacked chunk of the disk may have: a damaged one could claim any size."""
_QUICK = 1
"""Level of compression: lines shrink to a tenth, and cost a microsecond for each hundred bytes."""


class Chunk:
    """Items in their order, with how many readings each has.

    The first was put at `born` (Unix time) and `since` (monotonic time).
    """

    __slots__ = ("born", "items", "readings", "since", "size", "weights")

    def __init__(self, born: float, since: float) -> None:
        self.born = born
        self.since = since
        self.items: list[bytes] = []
        self.weights: list[int] = []
        self.readings = 0
        self.size = 0

    @property
    def is_full(self) -> bool:
        """Whether it should leave at once."""
        return max(self.readings, len(self.items)) >= MOST_READINGS or self.size >= MOST_BYTES

    def add(self, item: bytes, readings: int) -> None:
        """Append an item."""
        self.items.append(item)
        self.weights.append(readings)
        self.readings += readings
        self.size += len(item)

    def cut(self, count: int) -> int:
        """Take the first items away; how many readings they had."""
        readings = sum(self.weights[:count])
        self.readings -= readings
        self.size -= sum(map(len, self.items[:count]))
        del self.items[:count], self.weights[:count]
        return readings

    def extend(self, other: "Chunk") -> None:
        """Append the items of another chunk."""
        self.items += other.items
        self.weights += other.weights
        self.readings += other.readings
        self.size += other.size

    def copy(self) -> "Chunk":
        """Another chunk with the same items."""
        copy = Chunk(self.born, self.since)
        copy.extend(self)
        return copy


def pack(chunk: Chunk) -> bytes:
    """A chunk as it lies on the disk; zlib adds a checksum."""
    return zlib.compress(msgspec.msgpack.encode((chunk.weights, chunk.items)), _QUICK)


def unpack(data: bytes, born: float, since: float) -> Chunk:
    """A chunk of the disk, whose bytes are not trusted. Raises ValueError for what is none."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, LARGEST)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("cut off, too large or followed by more")
    try:
        weights, items = msgspec.msgpack.decode(plain, type=tuple[list[int], list[bytes]])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if len(weights) != len(items) or min(weights, default=0) < 0:
        raise ValueError("numbers of readings that do not fit the items")
    chunk = Chunk(born, since)
    for item, readings in zip(items, weights, strict=True):
        chunk.add(item, readings)
    return chunk
