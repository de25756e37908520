"""Files with the registers of SunSpec devices: {"units": {"126": {"40000": [21365, 28243, 1, 66]}}}, by JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbmd.config.values import small_number
from mbmd.devices.schema import ADDRESSES
from mbmd.errors import UsageError
from mbmd.simulator.borders import borders
from mbmd.simulator.device import Simulated

if TYPE_CHECKING:
    from mbmd.simulator.registers import Image

LARGEST = 16 << 20
"""Bytes that a file may have: dozens of units full of registers."""

_HIGHEST_UNIT = 255
_HIGHEST_WORD = 0xFFFF
_SHAPE = '{"units": {"126": {"40000": [21365, 28243]}}}'


@dataclass(frozen=True, slots=True)
class ImageFile:
    """What a file says: words by address of each unit."""

    path: str
    units: Mapping[int, Mapping[int, int]]


class _TwiceError(ValueError):
    """A key stands in a file twice."""


def read_image_file(path: str) -> ImageFile:
    """The registers in a file. UsageError names the file, and the unit and the address if there is something wrong."""
    try:
        found = json.loads(_text(path), object_pairs_hook=_object)
    except _TwiceError as error:
        raise UsageError(f"{path}: {str(error)!r} is there twice: leave one out") from None
    except RecursionError:
        raise UsageError(f"{path}: brackets in brackets, too many of them") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: this is not JSON: {error.msg}") from None
    except ValueError:  # of a number with too many digits
        raise UsageError(f"{path}: this has a number that no register holds") from None
    units = found.get("units") if isinstance(found, dict) else None
    if not isinstance(units, dict) or not units:
        raise UsageError(f"{path}: there are no units: write them as {_SHAPE}")
    images: dict[int, Mapping[int, int]] = {}
    for name, blocks in units.items():
        unit = _index(name, _HIGHEST_UNIT)
        if unit is None or unit in images:
            what = "is there twice" if unit in images else f"is not from 0 to {_HIGHEST_UNIT}"
            raise UsageError(f"{path}: unit {name!r} {what}")
        images[unit] = _words(blocks, f"{path}: unit {unit}")
    return ImageFile(path, images)


def fixed(words: Mapping[int, int]) -> Simulated:
    """A device that always has these holding registers."""
    image: Image = {1: {}, 2: {}, 3: dict(words), 4: {}}
    return Simulated(lambda _: image, borders=borders(words))


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: this cannot be read: {reason}") from None
    if len(data) > LARGEST:
        raise UsageError(f"{path}: this is larger than {LARGEST >> 20} MiB: split it into several files")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this is not UTF-8, so it is not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found


def _index(text: str, highest: int) -> int | None:
    """The number that a key is, if it is one up to a highest."""
    number = small_number(text) if text.isascii() and text.isdigit() else highest + 1
    return number if number <= highest else None


def _words(blocks: Any, where: str) -> dict[int, int]:
    if not isinstance(blocks, dict) or not any(blocks.values()):
        raise UsageError(f"{where}: there are no registers: write them as {_SHAPE}")
    words: dict[int, int] = {}
    for name, values in blocks.items():
        start = _index(name, ADDRESSES - 1)
        if start is None:
            raise UsageError(f"{where}: {name!r} is no address from 0 to {ADDRESSES - 1}")
        if not isinstance(values, list):
            raise UsageError(f"{where}, address {start}: a list of registers must be there")
        if start + len(values) > ADDRESSES:
            raise UsageError(f"{where}, address {start}: {len(values)} registers go beyond address {ADDRESSES - 1}")
        for address, word in enumerate(values, start):
            _check(word, address in words, f"{where}, address {address}")
            words[address] = word
    return words


def _check(word: Any, is_there: bool, where: str) -> None:
    if is_there:
        raise UsageError(f"{where}: two lists have this register: leave one out")
    if type(word) is not int or not 0 <= word <= _HIGHEST_WORD:
        what = f"{word!r:.30}" if isinstance(word, int | float | str) else "this"
        raise UsageError(f"{where}: {what} is no register from 0 to {_HIGHEST_WORD}")
