"""How the keys of the configuration that are no options of devices are read from their texts, and written."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mbmd.config.broker import SCHEMES, broker_url
from mbmd.config.given import MASK
from mbmd.config.options import Option
from mbmd.config.secret import Secret
from mbmd.config.topics import parse_template
from mbmd.config.values import did_you_mean, format_number, join_host_port, split_host_port
from mbmd.errors import UsageError

_TYPE = re.compile(r"[^:@?,]{1,100}")
_SOUNDS_SECRET = re.compile(r"pass|pw|token|secret|credential|key$", re.IGNORECASE)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise UsageError(f"{text!r} has a character that cannot be printed")
    return text


def _some(what: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.strip():
            raise UsageError(f"is empty: give {what}")
        return _printable(text)

    return parse


def parse_api(text: str) -> tuple[str, int] | None:
    """Host and port of the web server; None of an empty text. Without a host it is on all interfaces."""
    if not text:
        return None
    address = split_host_port(text)
    if address is None:
        raise UsageError(f"{text!r} is not host:port, as in 127.0.0.1:8080")
    return address[0] or "0.0.0.0", address[1]


def _path(text: str) -> Path:
    try:
        return Path(_some("a path")(text)).expanduser()
    except RuntimeError:
        raise UsageError(f"{text!r} needs a home directory, and there is none: write the whole path") from None


def _place(text: str) -> Path | None:
    return _path(text) if text else None


def _name(text: str) -> str:
    if text != text.strip() or not text or not text.isprintable() or set(text) & set("/+#"):
        raise UsageError(f"{text!r} is no name: it has no / + #, and no spaces at its ends")
    return text


def _type(text: str) -> str:
    if not _TYPE.fullmatch(text) or not text.isprintable():
        raise UsageError(f"{text!r} is no type of device: see mbmd devices")
    return text


def _topic(text: str) -> str:
    if set(text) & set("+#"):
        raise UsageError(f"{text!r} is no topic: it has no + and #")
    return _printable(text)


def _broker(text: str) -> str:
    """`host:port` or a URL; what is wrong is said without the text, which may have a password."""
    if text:
        _check_url(broker_url(text), SCHEMES, "localhost:1883 or mqtts://broker:8883")
    return text


def _influx_url(text: str) -> str:
    if text:
        _check_url(text, ("http", "https"), "http://localhost:8086")
    return text


def _check_url(text: str, schemes: Iterable[str], example: str) -> None:
    try:
        url = urlsplit(_some(f"an address, as in {example}")(text))
        port = url.port
    except ValueError:
        raise UsageError(f"is not an address: write it as {example}") from None
    if url.scheme not in schemes:
        raise UsageError(f"has an unknown scheme{did_you_mean(url.scheme, schemes)}, as in {example}")
    if not url.hostname or port == 0 or any(sign.isspace() for sign in text):
        raise UsageError(f"is not an address: write it as {example}")


def template(*needed: str) -> Option:
    """The option of a template of topics with such fields."""
    return Option(lambda text: parse_template(_topic(text), needed), str, schema=_STRING)


class DeadBand(NamedTuple):
    """By how much values must move to be told: `width` in their unit, or `share` of what was told last."""

    pattern: str
    width: float = 0.0
    share: float = 0.0

    def __str__(self) -> str:
        size = f"{format_number(self.share * 100)}%" if self.share else format_number(self.width)
        return f"{self.pattern}={size}"


def _dead_bands(text: str) -> tuple[DeadBand, ...]:
    return tuple(map(_dead_band, text.split()))


def _dead_band(text: str) -> DeadBand:
    pattern, _, size = text.partition("=")
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(%?)", size)
    if not pattern or match is None:
        raise UsageError(f"{text!r} is not a pattern with a number or percentage, as in Power*=5 or Voltage*=1%")
    number = float(match[1])
    return DeadBand(pattern, share=number / 100) if match[2] else DeadBand(pattern, number)


class Setting(NamedTuple):
    """A key with a value, for a sink that is no part of mbmd; a Secret if the key sounds like one."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}={MASK if isinstance(self.value, Secret) else self.value}"


def _setting(text: str) -> tuple[Setting, ...]:
    key, equals, value = text.partition("=")
    if not equals or not key or not key.isprintable():
        raise UsageError("must be a key with a value, or a list of them, as in [file=readings.csv, format=long]")
    return (Setting(key, Secret(value) if _SOUNDS_SECRET.search(key) else value),)


def one_of(*words: str) -> Option:
    """The option of a few words."""

    def parse(text: str) -> str:
        if text not in words:
            raise UsageError(f"{text!r} is not one of {', '.join(words)}")
        return text

    # A word that is a number is one in YAML.
    return Option(parse, str, schema={"enum": [*words, *(int(word) for word in words if word.isdigit())]})


def _render_api(api: tuple[str, int] | None) -> str:
    return join_host_port(*api) if api else ""


_STRING: dict[str, Any] = {"type": "string"}

ADDRESS = Option(_some("a serial device, host:port or a URL"), str, schema={"type": ["string", "integer"]})
API = Option(parse_api, _render_api, schema=_STRING)
BROKER = Option(_broker, str, schema=_STRING)
DEAD_BANDS = Option(_dead_bands, lambda bands: ", ".join(map(str, bands)), adds_up=True)
FOLDERS = Option(lambda text: (_path(text),), lambda paths: ", ".join(map(str, paths)), adds_up=True)
INFLUX_URL = Option(_influx_url, str, schema=_STRING | {"pattern": "^(https?://|$)"})
NAME = Option(_name, str)
PATH = Option(_path, str)
PLACE = Option(_place, lambda path: str(path or ""))
SECRET = Option(Secret, lambda _: MASK)
SETTINGS = Option(_setting, lambda settings: ", ".join(map(str, settings)), adds_up=True)
TEXT = Option(_printable, str)
TOPIC = Option(_topic, str)
TYPE = Option(_type, str)
