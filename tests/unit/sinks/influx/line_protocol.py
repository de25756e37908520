"""The oracle: line protocol read sign by sign, as its reference describes it."""

from typing import NamedTuple


class Point(NamedTuple):
    """A point; tags in the order of the line. A field that is a text in quotes is a str, a number a float."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: dict[str, float | str]
    timestamp: int


def parse(lines: bytes) -> list[Point]:
    """All points; raises ValueError for what is none."""
    text = lines.decode()
    if text and not text.endswith("\n"):
        raise ValueError("the last line has no end")
    reader = _Reader(text)
    points = []
    while not reader.at_end():
        points.append(_point(reader))
    return points


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def at_end(self) -> bool:
        return self.at == len(self.text)

    def peek(self) -> str:
        if self.at_end():
            raise ValueError("ends too early")
        return self.text[self.at]

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise ValueError(f"{self.peek()!r} in place of {sign!r}")
        self.at += 1

    def name(self, ends: str) -> str:
        """Up to one of some signs, each of which may be escaped; a backslash before others is one."""
        name = ""
        while self.peek() not in ends:
            if self.peek() == "\n":
                raise ValueError("a line ends in a name")
            if self.peek() == "\\" and self.text[self.at + 1] in ends:
                self.at += 1
            name += self.peek()
            self.at += 1
        if not name:
            raise ValueError("an empty name")
        return name

    def quoted(self) -> str:
        self.take('"')
        text = ""
        while self.peek() != '"':
            if self.peek() == "\\" and self.text[self.at + 1] in '"\\':
                self.at += 1
            text += self.peek()
            self.at += 1
        self.take('"')
        return text

    def until(self, ends: str) -> str:
        begin = self.at
        while self.peek() not in ends:
            self.at += 1
        return self.text[begin : self.at]


def _point(reader: _Reader) -> Point:
    if reader.peek() == "#":
        raise ValueError("a comment")
    measurement = reader.name(", ")
    tags: list[tuple[str, str]] = []
    while reader.peek() == ",":
        reader.take(",")
        key = reader.name(", =")
        reader.take("=")
        tags.append((key, reader.name(", =")))
    reader.take(" ")
    fields: dict[str, float | str] = {}
    while True:
        key = reader.name(", =")
        reader.take("=")
        if key in fields:
            raise ValueError(f"two fields {key!r}")
        fields[key] = reader.quoted() if reader.peek() == '"' else float(reader.until(", "))
        if reader.peek() == " ":
            break
        reader.take(",")
    reader.take(" ")
    timestamp = int(reader.until("\n"))
    reader.take("\n")
    return Point(measurement, tuple(tags), fields, timestamp)
