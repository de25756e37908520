"""Certificates, and files that are none."""

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mbmd.config.outputs import Mqtt
from mbmd.errors import UsageError
from mbmd.sinks.mqtt.sink import MqttSink
from mbmd.sinks.mqtt.tls import tls_context
from tests.integration.mosquitto import Certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def context(**keys: Any) -> ssl.SSLContext:
    made = tls_context(Mqtt(broker="mqtts://localhost", **keys))
    assert made is not None
    return made


def test_a_connection_that_is_not_encrypted_needs_nothing() -> None:
    assert tls_context(Mqtt(broker="mqtt://localhost")) is None


def test_the_certificate_of_the_broker_counts_unless_asked_otherwise(certificates: Certificates) -> None:
    for made in (context(), context(ca=certificates.ca)):
        assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    made = context(insecure=True)
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_NONE, False)


def test_a_given_authority_is_the_only_one(certificates: Certificates) -> None:
    assert len(context(ca=certificates.ca).get_ca_certs()) == 1


def test_a_certificate_and_its_key_may_be_in_one_file(certificates: Certificates, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(certificates.client.read_bytes() + certificates.client_key.read_bytes())
    context(cert=both)
    context(cert=certificates.client, cert_key=certificates.client_key)


def test_files_that_do_not_hold_what_they_should_are_named(certificates: Certificates, tmp_path: Path) -> None:
    cert, key, none, empty = certificates.client, certificates.client_key, tmp_path / "none", tmp_path / "empty"
    empty.touch()
    missing = f"{none} cannot be read: No such file or directory"
    for keys, said in (
        ({"ca": none}, f"mqtt.ca: {missing}"),
        ({"cert": none}, f"mqtt.cert: {missing}"),
        ({"cert": cert, "cert_key": none}, f"mqtt.cert_key: {missing}"),
        ({"ca": tmp_path}, f"mqtt.ca: {tmp_path} cannot be read: Is a directory"),
        ({"ca": empty}, f"mqtt.ca: {empty} holds no certificate: it must be a PEM file"),
        ({"ca": key}, f"mqtt.ca: {key} holds no certificate: it must be a PEM file"),
        ({"cert": empty}, f"mqtt.cert: {empty} holds no certificate: it must be a PEM file"),
        ({"cert": cert}, f"mqtt.cert: {cert} holds no key: add it there, or give its file as cert_key"),
        ({"cert": cert, "cert_key": empty}, f"mqtt.cert_key: {empty} holds no key: it must be a PEM file"),
        (
            {"cert": cert, "cert_key": certificates.server_key},
            f"mqtt.cert_key: {certificates.server_key} holds the key of another certificate than {cert}",
        ),
    ):
        with pytest.raises(UsageError) as caught:
            context(**keys)
        assert str(caught.value) == said


def test_a_key_with_a_password_is_not_asked_for_it(certificates: Certificates, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    command = ["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", str(certificates.client_key)]
    subprocess.run([*command, "-out", str(locked)], check=True, capture_output=True)
    with pytest.raises(UsageError, match=r"^mqtt.cert_key: the key is locked with a password"):
        context(cert=certificates.client, cert_key=locked)


def test_a_sink_with_certificates_that_cannot_be_read_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^mqtt.ca: "):
        MqttSink(Mqtt(broker="wss://localhost", ca=tmp_path / "none"), None)
