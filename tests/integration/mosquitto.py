"""A real mosquitto that tests start, freeze and kill, certificates for it, and a subscriber who notes what comes."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

HOST = "127.0.0.3"
"""A loopback address whose ports nobody else is given, so that one can be left and had again."""
PATIENCE = 20.0
"""Seconds after which what a test waits for will not come any more."""
NOBODY: Mapping[str, str] = MappingProxyType({})


class Listener(StrEnum):
    """What a broker listens for; the value is the scheme of its URL."""

    PLAIN = "mqtt"
    TLS = "mqtts"
    WEBSOCKET = "ws"
    SECURE_WEBSOCKET = "wss"

    @property
    def encrypted(self) -> bool:
        return self in (Listener.TLS, Listener.SECURE_WEBSOCKET)


class Certificates:
    """An authority, what it gave the broker and a client, and another authority that nobody trusts."""

    def __init__(self, folder: Path) -> None:
        _needs("openssl")
        folder.mkdir(exist_ok=True)
        self.ca, self.ca_key = _certificate(folder, "ca", "keyUsage=critical,keyCertSign,cRLSign")
        self.other_ca, _ = _certificate(folder, "other", "keyUsage=critical,keyCertSign,cRLSign")
        signed = ("-CA", str(self.ca), "-CAkey", str(self.ca_key))
        names = f"subjectAltName=DNS:localhost,IP:{HOST},IP:127.0.0.1"
        self.server, self.server_key = _certificate(folder, "server", names, *signed)
        self.client, self.client_key = _certificate(folder, "client", "extendedKeyUsage=clientAuth", *signed)


class Mosquitto:
    """One broker; what it kept is gone when it is killed."""

    def __init__(self, folder: Path, ports: Mapping[Listener, int], certificates: Certificates | None) -> None:
        self.folder = folder
        self.ports = ports
        self._certificates = certificates
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port of its first listener."""
        return next(iter(self.ports.values()))

    @property
    def certificates(self) -> Certificates:
        """Those of a broker that listens encrypted."""
        assert self._certificates is not None
        return self._certificates

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "mosquitto.log").read_text(encoding="utf-8")

    def url(self, listener: Listener | None = None, credentials: str = "") -> str:
        """Where it is, with `user:password@` if given."""
        listener = listener or next(iter(self.ports))
        return f"{listener}://{credentials}{HOST}:{self.ports[listener]}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [_needs("mosquitto"), "-c", str(self.folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not all(map(_listens, self.ports.values())):
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.005)

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word to anybody."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it if it runs, and start it again on the same ports."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """From now on it does nothing; the system goes on to take connections and data for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            process.wait(PATIENCE)


@contextmanager
def mosquitto(
    folder: Path,
    *listeners: Listener,
    users: Mapping[str, str] = NOBODY,
    client_certificates: bool = False,
    lines: Sequence[str] = (),
) -> Iterator[Mosquitto]:
    """A running broker with its files in `folder`, by default with a plain listener; skips the test if there is none.

    With `users`, names with passwords, nobody else may connect; with `client_certificates` encrypted listeners want
    one. `lines` are added to its configuration.
    """
    _needs("mosquitto")
    folder.mkdir(exist_ok=True)
    if not set(listeners) & {Listener.PLAIN, Listener.TLS}:  # it does not start with websockets alone
        listeners = (*listeners, Listener.PLAIN)
    ports = dict(zip(listeners, _free_ports(len(listeners)), strict=True))
    encrypted = any(listener.encrypted for listener in listeners)
    certificates = Certificates(folder / "certificates") if encrypted else None
    text = [*_general(folder, users), *lines]
    for listener, port in ports.items():
        text += _listener(listener, port, certificates, client_certificates)
    (folder / "mosquitto.conf").write_text("\n".join(text) + "\n", encoding="utf-8")
    broker = Mosquitto(folder, ports, certificates)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


class Heard(NamedTuple):
    """A message that a subscriber got."""

    topic: str
    payload: bytes
    retain: bool


class Subscriber:
    """Notes all that is published, in its order."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._news = threading.Condition()

    @property
    def latest(self) -> dict[str, bytes]:
        """The last payload of each topic."""
        return {heard.topic: heard.payload for heard in list(self.heard)}

    def wait(self, condition: Callable[[list[Heard]], bool], patience: float = PATIENCE) -> list[Heard]:
        """All that was heard, as soon as it is as wanted; AssertionError when it never is."""
        with self._news:
            assert self._news.wait_for(lambda: condition(self.heard), patience), self.heard[-20:]
            return list(self.heard)

    async def until(self, condition: Callable[[list[Heard]], bool], patience: float = PATIENCE) -> list[Heard]:
        """Like `wait`, beside an event loop that goes on."""
        return await asyncio.to_thread(self.wait, condition, patience)

    def note(self, heard: Heard) -> None:
        """Called with each message."""
        with self._news:
            self.heard.append(heard)
            self._news.notify_all()


@contextmanager
def subscriber(
    broker: Mosquitto, *filters: str, qos: int = 2, login: tuple[str, str] | None = None
) -> Iterator[Subscriber]:
    """Someone who listens on the plain listener: what is retained comes, and all that is published later."""
    notes, ready = Subscriber(), threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if login is not None:
        client.username_pw_set(*login)

    def connected(*_: Any) -> None:
        client.subscribe([(one, qos) for one in filters or ("#",)])

    client.on_connect = connected
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _data, m: notes.note(Heard(m.topic, bytes(m.payload), m.retain))
    client.connect(HOST, broker.ports[Listener.PLAIN])
    client.loop_start()
    try:
        assert ready.wait(PATIENCE), broker.log
        yield notes
    finally:
        client.disconnect()
        client.loop_stop()


def _needs(program: str) -> str:
    """Where a program is; without it the test is skipped."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def _general(folder: Path, users: Mapping[str, str]) -> list[str]:
    lines = ["user root"] if os.getuid() == 0 else []
    if not users:
        return [*lines, "allow_anonymous true"]
    passwords = folder / "passwords"
    passwords.touch(0o600)
    for user, password in users.items():
        subprocess.run([_needs("mosquitto_passwd"), "-b", str(passwords), user, password], check=True)
    return [*lines, "allow_anonymous false", f"password_file {passwords}"]


def _listener(listener: Listener, port: int, certificates: Certificates | None, ask: bool) -> list[str]:
    lines = [f"listener {port} {HOST}"]
    if listener in (Listener.WEBSOCKET, Listener.SECURE_WEBSOCKET):
        lines.append("protocol websockets")
    if listener.encrypted and certificates is not None:
        lines += [
            f"cafile {certificates.ca}",
            f"certfile {certificates.server}",
            f"keyfile {certificates.server_key}",
            f"require_certificate {str(ask).lower()}",
        ]
    return lines


def _certificate(folder: Path, name: str, extension: str, *signed: str) -> tuple[Path, Path]:
    """A certificate and its key; one that nobody signed is an authority."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", f"/CN={name}", "-out", str(certificate), "-keyout", str(key)]
    command += ["-addext", extension, *signed]
    command += ["-addext", "basicConstraints=critical,CA:FALSE"] if signed else []
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), PATIENCE).close()
    except OSError:
        return False
    return True
