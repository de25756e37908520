"""A paho client for a broker, and its first step, which would block the event loop."""

import ssl
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mbmd.aside import aside
from mbmd.config.broker import BrokerAddress
from mbmd.config.outputs import Mqtt
from mbmd.config.values import join_host_port
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.words import explain_error

CONNECT_TIMEOUT = 5.0
"""Seconds for each step: an address of the host to answer, the encryption, each part of a websocket's greeting."""
_PROTOCOLS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
_MAX_KEEPALIVE = 65535


class Setup(NamedTuple):
    """All that a connection is made of; `refused` are filters of topics that the broker has refused to tell of."""

    config: Mqtt
    address: BrokerAddress
    context: ssl.SSLContext | None
    will: Message | None
    refused: set[str]

    @property
    def name(self) -> str:
        """What logs call the broker."""
        return self.address.name

    @property
    def keepalive(self) -> int:
        """Whole seconds, as the protocol counts them."""
        return max(1, min(round(self.config.keepalive), _MAX_KEEPALIVE))


def make_client(setup: Setup) -> paho.Client:
    """A client that has no session with the broker, sends nothing twice and does not reconnect by itself."""
    config, address = setup.config, setup.address
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        config.clientid,
        protocol=_PROTOCOLS[config.version],
        transport="websockets" if address.websocket else "tcp",
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_TIMEOUT
    client.max_inflight_messages_set(0)
    if user := config.user or address.user:
        client.username_pw_set(user, config.password or address.password or None)
    if setup.context is not None:
        client.tls_set_context(setup.context)
    if address.websocket:
        origin = f"{'https' if address.encrypted else 'http'}://{join_host_port(address.host, address.port)}"
        client.ws_set_options(address.path, {"Host": join_host_port(address.host, address.port), "Origin": origin})
    if setup.will is not None:
        client.will_set(setup.will.topic, setup.will.payload, setup.will.qos, setup.will.retain)
    return client


class Dial:
    """Connects a client in a thread, which may find that nobody waits for it any more."""

    def __init__(self, client: paho.Client, setup: Setup) -> None:
        self._client = client
        self._setup = setup
        self._lock = threading.Lock()
        self._socket: Any = None
        self._given_up = False

    async def connect(self) -> str:
        """Open the socket and queue the greeting; returns what went wrong, or nothing."""
        self._client.on_socket_open = self._opened
        return await aside(self._connect)

    def give_up(self) -> None:
        """Close the socket, also one that the thread opens later."""
        with self._lock:
            self._given_up = True
            if self._socket is not None:
                self._socket.close()

    def _connect(self) -> str:
        """In the thread. The error itself would keep the socket that it belongs to."""
        try:
            self._client.connect(self._setup.address.host, self._setup.address.port, self._setup.keepalive)
        except Exception as error:  # a greeting of a websocket that is none raises whatever comes
            return explain_error(error, CONNECT_TIMEOUT, self._setup.address.encrypted)
        return ""

    def _opened(self, _client: paho.Client, _data: object, sock: Any) -> None:
        with self._lock:
            self._socket = sock
            if self._given_up:
                sock.close()
                raise ConnectionAbortedError
        if self._setup.address.websocket:
            sock.send = _whole(sock.send)


def _whole(send: Callable[[bytes], int]) -> Callable[[bytes], int]:
    """What `send` of a websocket does, but the rest of a frame counts as what a full socket does not take.

    The library forgets a packet of which 0 bytes were sent.
    """

    def send_whole(data: bytes) -> int:
        sent = send(data)
        if data and not sent:
            raise BlockingIOError
        return sent

    return send_whole
