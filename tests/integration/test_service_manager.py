"""A daemon under a service manager, from its start over reloads to its end."""

import signal
import socket
from pathlib import Path

import pytest

from tests.integration.command import PATIENCE, running
from tests.integration.meters import fetch, free_port


def until(manager: socket.socket, line: str) -> list[str]:
    """The next message that has a line; signs of life and the like come between."""
    while True:
        message = manager.recv(4096).decode().split("\n")
        if line in message:
            return message


def test_a_service_manager_hears_of_its_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, config = free_port(), tmp_path / "mbmd.yaml"
    config.write_text(f"api: 127.0.0.1:{port}\nadapter: mock\ndevices: [{{type: sdm, id: 1}}]\n")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        with running(tmp_path / "run", "run", "-c", str(config)) as daemon:
            assert manager.recv(4096) == b"READY=1"
            assert fetch(f"http://127.0.0.1:{port}/api/healthz") == {"Status": "ok"}
            until(manager, "STATUS=1 of 1 devices online")
            assert until(manager, "WATCHDOG=1") == ["WATCHDOG=1"]
            for text, status in (("devices: []\n", "; the last reload was refused"), (config.read_text(), "")):
                config.write_text(text)
                daemon.process.send_signal(signal.SIGHUP)
                until(manager, "RELOADING=1")
                until(manager, "READY=1")
                until(manager, f"STATUS=1 of 1 devices online{status}")
            daemon.process.send_signal(signal.SIGTERM)
            until(manager, "STOPPING=1")
            assert daemon.process.wait(PATIENCE) == 0


def test_a_daemon_that_is_ended_as_stuck_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        with running(tmp_path / "run", "run", "-a", "mock", "-d", "sdm:1", "--api", "") as daemon:
            until(manager, "WATCHDOG=1")
            assert daemon.stop(signal.SIGABRT)[0] == -signal.SIGABRT
        assert "Fatal Python error: Aborted" in daemon.log
        assert 'daemon.py", line ' in daemon.log
