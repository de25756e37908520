"""Where an MQTT broker is: `host:port`, `host`, or a URL."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mbmd.config.secret import Secret
from mbmd.config.values import join_host_port

SCHEMES = ("tcp", "mqtt", "ssl", "tls", "mqtts", "ws", "wss")
_ENCRYPTED = ("ssl", "tls", "mqtts", "wss")
_PORTS = {(False, False): 1883, (True, False): 8883, (False, True): 80, (True, True): 443}


class BrokerAddress(NamedTuple):
    """A broker; `path` is that of a websocket. User and password are empty if the address has none."""

    host: str
    port: int
    encrypted: bool
    websocket: bool
    path: str
    user: str
    password: Secret

    @property
    def name(self) -> str:
        """What people read of it."""
        return f"MQTT broker {join_host_port(self.host, self.port)}"


def broker_url(text: str) -> str:
    """The text with a scheme before it, if it has none."""
    return text if "://" in text else f"tcp://{text}"


def parse_broker(text: str) -> BrokerAddress:
    """The parts of an address that the configuration has taken already."""
    url = urlsplit(broker_url(text))
    encrypted, websocket = url.scheme in _ENCRYPTED, url.scheme.startswith("ws")
    path = f"{url.path or '/mqtt'}{'?' if url.query else ''}{url.query}"
    return BrokerAddress(
        url.hostname or "",
        url.port or _PORTS[encrypted, websocket],
        encrypted,
        websocket,
        path,
        unquote(url.username or ""),
        Secret(unquote(url.password or "")),
    )
