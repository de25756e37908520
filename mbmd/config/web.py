"""The keys of the web server: who may ask, and how the way there is kept safe."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from mbmd.config import texts
from mbmd.config.given import MASK
from mbmd.config.keys import key
from mbmd.config.options import Option
from mbmd.config.passwords import parse_password_hash, parse_token_hash
from mbmd.config.secret import Secret
from mbmd.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[\w.@-]{1,64}")
_EXAMPLE = (
    "[alice=scrypt$14$8$5$H3dGgq2DReL7NTJBU6yZ9w$mO7BvrRkHq5yJ2fVt3wUeXcZ8sLpQ1aN6dKgTi4oYhM]",
    "[grafana=sha256$q8Zr1VtXw5Yp3LkNc7BgJd2HfSm9TaEu4RiQo6PxKyE]",
)
"""Hashes of nothing that anybody knows."""


class Login(NamedTuple):
    """Who may ask, and the hash of the password or token that shows it."""

    name: str
    hash: Secret

    def __str__(self) -> str:
        return f"{self.name}={MASK}"


def is_login_name(text: str) -> bool:
    """Whether a user or token may be called so."""
    return _NAME.fullmatch(text) is not None


def _logins(check: Callable[[str], object], command: str) -> Option:
    """The option of names with hashes; what is wrong is told without what may be the password itself."""

    def parse(text: str) -> tuple[Login, ...]:
        if not text.strip():
            raise UsageError(f"is empty: make one with {command} NAME")
        return tuple(map(login, text.split()))

    def login(text: str) -> Login:
        name, equals, hashed = text.partition("=")
        if not (equals and is_login_name(name)):
            raise UsageError(f"must be a name and a hash, as {command} NAME makes it")
        try:
            check(hashed)
        except UsageError as error:
            raise UsageError(f"what {name} has {error}: make one with {command} {name}") from None
        return Login(name, Secret(hashed))

    return Option(parse, lambda logins: ", ".join(map(str, logins)), adds_up=True)


def _origins(text: str) -> tuple[str, ...]:
    return tuple(map(_origin, text.split()))


def _origin(text: str) -> str:
    try:
        url = urlsplit(text)
        port, host = url.port, url.hostname
    except ValueError:
        host = None
    if not host or url.scheme not in DEFAULT_PORTS or url.geturl().lower() != f"{url.scheme}://{url.netloc}".lower():
        raise UsageError(f"{text!r} is no origin of pages: write it as https://home.example, without a path")
    if "@" in url.netloc or not text.isascii() or set(host) & set("*;,'\"\\"):
        raise UsageError(f"{text!r} is no origin of pages: it has a scheme, a host and perhaps a port, and * is none")
    return join_origin(url.scheme, host, port)


def join_origin(scheme: str, host: str, port: int | None) -> str:
    """An origin as browsers write it: in lower case, and without the port if that goes without saying."""
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host.lower()}" + ("" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}")


def _proxies(text: str) -> tuple[str, ...]:
    return tuple(map(_proxy, text.split()))


def _proxy(text: str) -> str:
    try:
        network = ip_network(text.replace("%", "no scope"), strict=False)
    except ValueError:
        raise UsageError(f"{text!r} is no address or network, as in 127.0.0.1 or 192.168.0.0/24") from None
    return str(network.network_address if network.num_addresses == 1 else network)


def _texts(parse: Callable[[str], tuple[str, ...]]) -> Option:
    return Option(parse, ", ".join, adds_up=True)


class Web(Struct, frozen=True, kw_only=True):
    """Who may ask the web server, and how the way there is kept safe; without users and tokens everyone may."""

    users: Annotated[
        tuple[Login, ...],
        key(
            "who may ask, with a password; lines of mbmd passwd",
            _logins(parse_password_hash, "mbmd passwd"),
            _EXAMPLE[0],
        ),
    ] = ()
    tokens: Annotated[
        tuple[Login, ...],
        key(
            "programs that may ask; lines of mbmd passwd --token",
            _logins(parse_token_hash, "mbmd passwd --token"),
            _EXAMPLE[1],
        ),
    ] = ()
    cert: Annotated[
        Path | None, key("certificate, with those it is signed by: the server speaks https", texts.PATH, "web.pem")
    ] = None
    cert_key: Annotated[Path | None, key("its key, if that is not in the same file", texts.PATH, "web.key")] = None
    origins: Annotated[
        tuple[str, ...],
        key("other sites whose pages may read and frame this one", _texts(_origins), "[https://home.example]"),
    ] = ()
    proxies: Annotated[
        tuple[str, ...],
        key(
            "reverse proxies whose X-Forwarded- lines are believed, or their networks", _texts(_proxies), "[127.0.0.1]"
        ),
    ] = ()
