"""The broker that other tests rely on."""

from pathlib import Path

import paho.mqtt.publish as publish
import pytest
from paho.mqtt import MQTTException

from tests.integration.mosquitto import HOST, Heard, Listener, mosquitto, subscriber


def test_what_is_published_is_heard_and_a_killed_broker_returns_on_its_port(tmp_path: Path) -> None:
    with mosquitto(tmp_path / "broker") as broker:
        port = broker.port
        publish.single("kept", b"1", retain=True, hostname=HOST, port=port)
        with subscriber(broker, "kept", "a/#") as heard:
            publish.single("a/b", b"2", qos=1, hostname=HOST, port=port)
            assert heard.wait(lambda all_: len(all_) == 2) == [Heard("kept", b"1", True), Heard("a/b", b"2", False)]
        broker.restart()
        assert broker.port == port
        with subscriber(broker, "kept", "a/#") as heard:
            publish.single("a/b", b"3", hostname=HOST, port=port)
            assert heard.wait(bool) == [Heard("a/b", b"3", False)]


def test_a_broker_may_want_a_password_and_encryption_on_all_kinds_of_listeners(tmp_path: Path) -> None:
    with mosquitto(tmp_path / "broker", *Listener, users={"meter": "secret"}) as broker:
        assert broker.url(Listener.TLS, "meter:secret@") == f"mqtts://meter:secret@{HOST}:{broker.ports[Listener.TLS]}"
        auth: publish.AuthParameter = {"username": "meter", "password": "secret"}
        with subscriber(broker, login=("meter", "secret")) as heard:
            for listener in Listener:
                publish.single(
                    listener.value,
                    b"1",
                    hostname=HOST,
                    port=broker.ports[listener],
                    auth=auth,
                    transport="websockets" if listener.value.startswith("ws") else "tcp",
                    tls={"ca_certs": str(broker.certificates.ca)} if listener.encrypted else None,
                )
            heard.wait(lambda all_: len(all_) == len(Listener))
        with pytest.raises(MQTTException):
            publish.single("a", b"1", hostname=HOST, port=broker.port)
