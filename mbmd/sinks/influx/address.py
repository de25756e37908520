"""Where lines go, and in whose name: what the configuration means for HTTP requests."""

import base64
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from mbmd import __version__
from mbmd.config.outputs import Influx
from mbmd.errors import UsageError


class Address(NamedTuple):
    """A database: scheme, host and port in `root`, path and query of writes in `target`, and the headers of requests.

    `name` is what to call it in public; `secrets` are what nobody should see of all this.
    """

    root: str
    name: str
    target: str
    headers: Mapping[str, str]
    secrets: Sequence[str]


class _Login(NamedTuple):
    """The header Authorization, empty for none, and what of it nobody should see."""

    header: str
    secrets: Sequence[str]


def address_of(config: Influx) -> Address:
    """The address of a configuration; raises UsageError for secrets that no header can hold."""
    url = urlsplit(config.url)
    root = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
    version = version_of(config)
    login = _login(config, url, version)
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": f"mbmd/{__version__}"}
    if login.header:
        headers["Authorization"] = login.header
    if config.gzip:
        headers["Content-Encoding"] = "gzip"
    queried = [url.query, *(value for _, value in parse_qsl(url.query))] if url.query else []
    name = root + url.path.rstrip("/")
    return Address(root, name, _target(config, url, version), headers, [*login.secrets, *queried])


def version_of(config: Influx) -> int:
    """The version of InfluxDB whose way of writing is used."""
    if config.version != "auto":
        return int(config.version)
    return 2 if config.token or config.organization else 1


def _target(config: Influx, url: SplitResult, version: int) -> str:
    """Path and query of writes; what the user's URL has of them is kept."""
    path, query = {1: _of_version_1, 2: _of_version_2, 3: _of_version_3}[version](config)
    return f"{url.path.rstrip('/')}{path}?{urlencode([*parse_qsl(url.query, keep_blank_values=True), *query.items()])}"


def _of_version_1(config: Influx) -> tuple[str, Mapping[str, str]]:
    """A slash parts the database from a retention policy, as in the bucket that stands for both in version 1.8."""
    database, _, policy = config.database.partition("/")
    return "/write", {"db": database, **({"rp": policy} if policy else {}), "precision": "ns"}


def _of_version_2(config: Influx) -> tuple[str, Mapping[str, str]]:
    organization = {"org": config.organization} if config.organization else {}
    return "/api/v2/write", {**organization, "bucket": config.database, "precision": "ns"}


def _of_version_3(config: Influx) -> tuple[str, Mapping[str, str]]:
    return "/api/v3/write_lp", {"db": config.database, "precision": "nanosecond"}


def _login(config: Influx, url: SplitResult, version: int) -> _Login:
    """By the token, else by user and password: those of the configuration before those of the URL.

    InfluxDB 1.8 can be written to as version 2, and takes user and password for a token then.
    """
    if config.token:
        if not config.token.isascii() or not config.token.isprintable():
            raise UsageError("influx.token: has a character that is in no token: copy it once more")
        return _Login(f"{'Bearer' if version == 3 else 'Token'} {config.token}", [config.token])
    user = config.user or unquote(url.username or "")
    password = config.password if config.user else unquote(url.password or "")
    if not user:
        return _Login("", [])
    if ":" in user:
        raise UsageError("influx.user: has a colon, which no server can tell from that before the password")
    if config.user and version == 2:
        return _Login(f"Token {user}:{password}", [password])
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return _Login(f"Basic {encoded}", [encoded, password])
