"""Register images of simulated inverters, and devices made of any registers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

CASES = Path(__file__).parents[2] / "cases" / "sunspec"
IMAGES = sorted(path.stem.removeprefix("image_") for path in CASES.glob("image_*.json"))


def image(name: str) -> dict[int, dict[int, int]]:
    """The registers of each unit of an image, by address."""
    units = json.loads((CASES / f"image_{name}.json").read_bytes())["units"]
    return {
        int(unit): {int(at) + i: word for at, words in blocks.items() for i, word in enumerate(words)}
        for unit, blocks in units.items()
    }


def words(data: bytes) -> list[int]:
    """The registers of some bytes."""
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def chained(*models: tuple[int, Sequence[int]], base: int = 40000, end: Sequence[int] = (0xFFFF, 0)) -> dict[int, int]:
    """A unit with these models, each with its id and the registers behind its header."""
    registers = words(b"SunS")
    for model, body in models:
        registers += [model, len(body), *body]
    return dict(enumerate([*registers, *end], base))


def common(manufacturer: str = "ACME", model: str = "One", serial: str = "S1") -> tuple[int, list[int]]:
    """Model 1."""
    texts: Mapping[str, int] = {manufacturer: 16, model: 16, "": 8, "1.0": 8, serial: 16}
    data = b"".join(text.encode().ljust(2 * size, b"\0") for text, size in texts.items())
    return 1, [*words(data), 1, 0x8000]
