"""What goes wrong between mbmd and a broker, in words that say what to do; never with a password."""

import os
import socket
import ssl
from typing import NamedTuple

from paho.mqtt.client import WebsocketConnectionError

from mbmd.config.outputs import Mqtt

CLOSED = "it closed the connection"
NO_TLS = "it does not speak TLS there: check scheme and port in mqtt.broker"
NO_MQTT = "it sends what is no MQTT"
TOO_MUCH = "it sends more than mbmd has asked for"
KEEP_ALIVE = 0x8D
"""Reason code: nothing was heard for longer than the keepalive."""
PROTOCOL_ERROR = 0x82

_VERSIONS = {"3.1.1": "5", "5": "3.1.1"}
_CREDENTIALS = "check mqtt.user and mqtt.password, and what it allows this user"
_REASONS = {
    PROTOCOL_ERROR: "it takes what mbmd sends for no MQTT",
    0x84: "it does not speak MQTT {version}: set mqtt.version to {other}",
    0x85: "it does not take the client id {clientid!r}: give another as mqtt.clientid",
    0x86: f"it refuses user or password: {_CREDENTIALS}",
    0x87: f"it refuses mbmd as not authorized: {_CREDENTIALS}",
    0x88: "it is not available",
    0x89: "it is too busy",
    0x8A: "it has banned mbmd: ask those who run it",
    0x8B: "it shuts down",
    0x8C: f"it wants another way to log in: {_CREDENTIALS}",
    KEEP_ALIVE: "it was silent for longer than {keepalive} s (mqtt.keepalive)",
    0x8E: "another client has come with the same client id {clientid!r}: give each its own, here as mqtt.clientid",
    0x90: "it does not take a topic of mbmd: check mqtt.topic and what it allows this user",
    0x95: "a message was too large for it",
    0x97: "a quota there is used up",
    0x98: "it was told to close the connection",
    0x9A: "it keeps no retained messages, and mbmd needs them",
    0x9B: "it does not take messages of this quality of service: lower mqtt.qos",
    0x9C: "it sends mbmd to another broker{server}: set mqtt.broker",
    0x9D: "it has moved for good{server}: set mqtt.broker",
    0x9F: "it takes no more connections so soon",
}
"""By reason code, MQTT Version 5.0, section 2.4; those of MQTT 3.1.1 become these."""
_TRIED_AGAIN = frozenset({0x80, 0x83, 0x91, 0x97})
"""Reason codes of an acknowledgement after which the same message may be taken later."""


class Reason(NamedTuple):
    """A reason code, its name, and where else the broker sends mbmd."""

    code: int
    name: str = ""
    server: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether it says no."""
        return self.code >= 0x80

    @property
    def is_final(self) -> bool:
        """Whether a message would be refused again."""
        return self.is_failure and self.code not in _TRIED_AGAIN


def explain(reason: Reason, config: Mqtt) -> str:
    """Why the broker refuses or ends the connection."""
    if reason.code not in _REASONS:
        return f"{CLOSED}: {reason.name}"
    return _REASONS[reason.code].format(
        version=config.version,
        other=_VERSIONS[config.version],
        clientid=config.clientid,
        keepalive=f"{config.keepalive:g}",
        server=f", {reason.server!r}" if reason.server else "",
    )


def explain_short(config: Mqtt) -> str:
    """Why connections may end soon, time after time, without a word."""
    return f"{CLOSED} soon, once more: does another client have the id {config.clientid!r} (mqtt.clientid)?"


def explain_no_greeting(config: Mqtt, spoke: bool) -> str:
    """Why a connection ended before the broker's greeting, and whether it had said anything at all."""
    if spoke:
        other = _VERSIONS[config.version]
        return f"it does not speak MQTT {config.version}: check the port in mqtt.broker, or set mqtt.version to {other}"
    return f"{CLOSED} in place of a greeting: does it want encryption (mqtts://)?"


def explain_error(error: Exception, patience: float, encrypted: bool) -> str:
    """Why there is no connection, when each step may take `patience` seconds."""
    if encrypted and isinstance(error, ssl.SSLEOFError | ConnectionResetError):
        return NO_TLS
    if isinstance(error, ssl.SSLError):
        return _of_encryption(error)
    if isinstance(error, TimeoutError) and not error.errno:
        return f"no answer within {patience:g} s"
    if isinstance(error, UnicodeError):
        return "this cannot be the name of a host"
    if isinstance(error, WebsocketConnectionError):
        return "there is no websocket: check port and path in mqtt.broker"
    if isinstance(error, socket.gaierror):
        return f"its name is not found: {error.strerror}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return f"{type(error).__name__}: {error}"


def explain_log(text: str) -> str:
    """What the library logged of an error before the broker's greeting; empty if it tells nothing."""
    if "ALERT" not in text.upper():
        return ""
    if "CERTIFICATE" in text.upper() or "UNKNOWN_CA" in text.upper():
        return "it wants a certificate that it knows: give it as mqtt.cert"
    return "it refuses the encryption"


def _of_encryption(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        message = error.verify_message.rstrip(".")
        hint = "check the host in mqtt.broker" if "mismatch" in message else "check mqtt.ca"
        return f"its certificate does not count, {message}: {hint}"
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return NO_TLS
    return explain_log(str(error)) or f"no encrypted connection: {error.reason or error}"
