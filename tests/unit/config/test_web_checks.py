"""The certificate of the web server, and what is told of one that does not do."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mbmd.config.build import build
from mbmd.config.load import load
from mbmd.config.web import Web
from mbmd.config.web_checks import web_problems, web_warnings
from tests.certificates import Made, make_certificate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_certificate(tmp_path_factory.mktemp("certificates"), days=100)


def problems(cert: Path, key: Path | None = None) -> list[str]:
    return [f"{name}: {text}" for name, text in web_problems(Web(cert=cert, cert_key=key))]


def test_a_certificate_and_its_key(made: Made, tmp_path: Path) -> None:
    assert problems(made.cert, made.key) == []
    both = tmp_path / "both.pem"
    both.write_text(made.key.read_text() + made.cert.read_text())
    assert problems(both) == []


def test_files_that_do_not_hold_what_they_should(made: Made, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "other")
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"\x00garbage")
    locked = tmp_path / "locked.key"
    command = ["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", str(made.key), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    assert problems(made.cert) == [f"web.cert: {made.cert} holds no key: add it there, or give its file as cert_key"]
    assert problems(garbage) == [f"web.cert: {garbage} holds no certificate: it must be a PEM file"]
    assert problems(made.cert, garbage) == [f"web.cert_key: {garbage} holds no key: it must be a PEM file"]
    assert problems(made.cert, other.key) == [
        f"web.cert_key: {other.key} holds the key of another certificate than {made.cert}"
    ]
    assert problems(made.cert, locked) == ["web.cert_key: the key is locked with a password: mbmd needs one without"]
    assert problems(tmp_path, made.key) == [f"web.cert: {tmp_path} cannot be read: Is a directory"]
    assert problems(made.cert, tmp_path / "no") == [
        f"web.cert_key: {tmp_path / 'no'} cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, None),
        (85, None),
        (87, "expires on {end}: renew it, and let mbmd reload"),
        (99, "expires on"),
        (101, "has expired on {end}"),
    ],
)
def test_a_certificate_that_ends_is_warned_of(days: int, said: str | None, made: Made) -> None:
    now = datetime.now(UTC)
    warnings = list(web_warnings(Web(cert=made.cert, cert_key=made.key), now + timedelta(days=days)))
    end = f"{now + timedelta(days=100):%Y-%m-%d}"
    if said is None:
        assert warnings == []
    else:
        ((name, text),) = warnings
        assert name == "web.cert"
        assert said.format(end=end) in text


def test_a_certificate_that_is_none_for_servers_is_warned_of(tmp_path: Path) -> None:
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    usage = ["-subj", "/CN=client", "-addext", "extendedKeyUsage=clientAuth", "-out", str(cert), "-keyout", str(key)]
    subprocess.run([*command, *usage], capture_output=True, check=True)
    ((_, text),) = web_warnings(Web(cert=cert, cert_key=key), datetime.now(UTC))
    assert text == f"{cert} is no certificate for a server: browsers will refuse it"


def test_nothing_is_said_of_a_web_server_that_is_off(tmp_path: Path) -> None:
    file = tmp_path / "mbmd.yaml"
    text = "adapter: mock\ndevices: [{type: sdm, id: 1}]\nweb: {cert: no}\n"
    file.write_text(f"{text}api: ''\n")
    assert build(load(file, {}, {}), ()).problems == ()
    file.write_text(text)
    assert len(build(load(file, {}, {}), ()).problems) == 1


def test_without_a_certificate_nothing_is_warned_of() -> None:
    assert list(web_warnings(Web(), datetime.now(UTC))) == []
