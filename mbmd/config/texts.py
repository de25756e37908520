"""How the keys of the configuration that are no options of devices are read from their texts, and written."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mbmd.config.given import MASK
from mbmd.config.options import Option
from mbmd.config.values import did_you_mean, join_host_port, split_host_port
from mbmd.errors import UsageError

_BROKER_SCHEMES = ("tcp", "mqtt", "ssl", "tls", "mqtts", "ws", "wss")
_TYPE = re.compile(r"[^:@?,]{1,100}")


class Secret(str):
    """A password or token, which does not show itself where objects are printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


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


def _state(text: str) -> Path | None:
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
        url = text if "://" in text else f"tcp://{text}"
        _check_url(url, _BROKER_SCHEMES, "localhost:1883 or mqtts://broker:8883")
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


def one_of(*words: str) -> Option:
    """The option of a few words."""

    def parse(text: str) -> str:
        if text not in words:
            raise UsageError(f"{text!r} is not one of {', '.join(words)}")
        return text

    return Option(parse, str, schema={"enum": list(words)})


def _render_api(api: tuple[str, int] | None) -> str:
    return join_host_port(*api) if api else ""


_STRING: dict[str, Any] = {"type": "string"}

API = Option(parse_api, _render_api, schema=_STRING)
ADDRESS = Option(_some("a serial device, host:port or a URL"), str, schema={"type": ["string", "integer"]})
BROKER = Option(_broker, str, schema=_STRING)
FOLDERS = Option(lambda text: (_path(text),), lambda paths: ", ".join(map(str, paths)), adds_up=True)
INFLUX_URL = Option(_influx_url, str, schema=_STRING | {"pattern": "^(https?://|$)"})
NAME = Option(_name, str)
PATH = Option(_path, str)
SECRET = Option(Secret, lambda _: MASK)
STATE = Option(_state, lambda path: str(path or ""))
TEXT = Option(_printable, str)
TOPIC = Option(_topic, str)
TYPE = Option(_type, str)
