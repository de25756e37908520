"""The effective configuration, as people read it: every value with where it comes from, secrets masked."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from mbmd.config.given import DEFAULT, MASK, mask
from mbmd.config.load import Loaded
from mbmd.config.model import Leaf, keys


class Row(NamedTuple):
    """A key such as `mqtt.broker`, its value as text, and where that was given."""

    key: str
    value: str
    origin: str


def rows(loaded: Loaded) -> Iterator[Row]:
    """All keys; of adapters and devices those that were given."""
    yield from _rows(loaded, loaded.config, "")
    for index, spec in enumerate(loaded.config.specs):
        yield Row(f"devices[{index}]", mask(spec), str(loaded.origin("devices")))


def _rows(loaded: Loaded, section: Struct, path: str) -> Iterator[Row]:
    for name, key in keys(type(section)).items():
        value, place = getattr(section, name), f"{path}.{name}".lstrip(".")
        if isinstance(key, Leaf):
            if "[" not in path or place in loaded.origins:
                yield Row(place, shown(key, value), str(loaded.origins.get(place, DEFAULT)))
        elif key.is_list:
            for item in value:
                yield from _rows(loaded, item, item.path)
        else:
            yield from _rows(loaded, value, place)


def shown(key: Leaf, value: Any) -> str:
    """A value as text; nothing of what is secret, not even its length."""
    if value in (None, "", ()):
        return ""
    text = key.option.render(value)
    if key.option.adds_up:
        text = text.replace("+", " ")
    return _mask_address(mask(text)) if key.name in ("broker", "url") else mask(text)


def _mask_address(text: str) -> str:
    """The text without its query, which may hold a token, and without a user that no scheme is before."""
    text = f"{MASK}@{text.rpartition('@')[2]}" if "@" in text and "://" not in text else text
    address, sign, _ = text.partition("?")
    return f"{address}?{MASK}" if sign else text
