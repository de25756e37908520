"""What goes wrong, in words that say what to do."""

import errno
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import WebsocketConnectionError

from mbmd.config.outputs import Mqtt
from mbmd.config.secret import Secret
from mbmd.sinks.mqtt.words import NO_TLS, Reason, explain, explain_error, explain_log

CONFIG = Mqtt(broker="localhost", user="meter", password=Secret("open sesame"), clientid="cellar{0}", keepalive=7.5)


@given(st.integers(0, 255), st.text(max_size=30), st.text(max_size=30))
def test_each_reason_has_words_without_the_password(code: int, name: str, server: str) -> None:
    said = explain(Reason(code, name, server), CONFIG)
    assert said
    assert "open sesame" not in said


def test_words_have_what_they_are_of() -> None:
    assert "the client id 'cellar{0}'" in explain(Reason(0x85), CONFIG)
    assert explain(Reason(0x8D), CONFIG) == "it was silent for longer than 7.5 s (mqtt.keepalive)"
    assert explain(Reason(0x80, "Unspecified error"), CONFIG) == "it closed the connection: Unspecified error"
    assert explain(Reason(0x98, "Odd {name}"), CONFIG) == "it was told to close the connection"
    assert explain(Reason(0x83, "Odd {name}"), CONFIG) == "it closed the connection: Odd {name}"


@pytest.mark.parametrize(
    ("error", "encrypted", "said"),
    [
        (TimeoutError(), False, "no answer within 5 s"),
        (TimeoutError(errno.ETIMEDOUT, "x"), False, "Connection timed out"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), False, "Connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), False, "Connection reset by peer"),
        (ConnectionResetError(errno.ECONNRESET, "x"), True, NO_TLS),
        (ssl.SSLEOFError(8, "EOF"), True, NO_TLS),
        (socket.gaierror(-2, "Name or service not known"), False, "its name is not found: Name or service not known"),
        (UnicodeError("label too long"), False, "this cannot be the name of a host"),
        (WebsocketConnectionError("x"), False, "there is no websocket: check port and path in mqtt.broker"),
        (ValueError("odd"), False, "ValueError: odd"),
    ],
)
def test_errors_of_the_network_are_told(error: Exception, encrypted: bool, said: str) -> None:
    assert explain_error(error, 5.0, encrypted) == said


def test_what_the_library_logs_tells_only_of_alerts() -> None:
    assert explain_log("Sending CONNECT (u1, p1)") == ""
    assert explain_log("failed to receive on socket: TLSV13_ALERT_CERTIFICATE_REQUIRED").startswith("it wants a cert")
    assert explain_log("failed to receive on socket: SSLV3_ALERT_HANDSHAKE_FAILURE") == "it refuses the encryption"


def test_a_full_broker_may_take_later_what_it_refuses() -> None:
    assert Reason(0x97).is_failure
    assert not Reason(0x97).is_final
    assert Reason(0x87).is_final
    assert not Reason(0x10).is_failure
