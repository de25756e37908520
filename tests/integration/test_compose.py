"""What the example of compose gives its services, read by those that are installed here."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.influx_servers import PATIENCE, free_port

FOLDER = Path(__file__).parents[2] / "docs" / "compose"
BROKER = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"]["mosquitto"]


def program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def here(text: str, folder: Path, port: int) -> str:
    """Text of the example with the paths and the port of this test, as a shell has it and not compose."""
    moved = text.replace("/mosquitto/config", str(FOLDER)).replace("/mosquitto/data", str(folder))
    moved = moved.replace("/run/mosquitto", str(folder)).replace("$$", "$")
    return moved.replace("listener 1883", f"listener {port} 127.0.0.1").replace(
        "mosquitto_sub", f"mosquitto_sub -p {port}"
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """The broker as compose starts it; its port."""
    program("mosquitto_passwd")
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    text = here((FOLDER / "mosquitto.conf").read_text(encoding="utf-8"), tmp_path, port)
    # In its container it never was root, and here it is to stay who made the password file.
    config.write_text(f"user root\n{text}", encoding="utf-8")
    (command,) = BROKER["command"]
    command = here(command.replace("/mosquitto/config/mosquitto.conf", str(config)), tmp_path, port)
    command = command.replace("exec mosquitto ", f"exec {program('mosquitto')} ")
    argv = [*BROKER["entrypoint"], command]
    with subprocess.Popen(argv, env={"MQTT_PASSWORD": "a $ecret"}, stderr=subprocess.PIPE, text=True) as started:
        try:
            wait_for(port, started)
            yield port
        finally:
            started.terminate()


def wait_for(port: int, started: "subprocess.Popen[str]") -> None:
    """Until a program listens."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            assert started.poll() is None, started.communicate()[1]
            assert time.monotonic() < ends
            time.sleep(0.02)
        else:
            return


def subscribe(port: int, tmp_path: Path, password: str) -> int:
    """The exit code of the health check."""
    _, check = BROKER["healthcheck"]["test"]
    program("mosquitto_sub")
    argv = ["sh", "-c", here(check, tmp_path, port)]
    return subprocess.run(argv, env={"MQTT_PASSWORD": password, "PATH": "/usr/bin:/bin"}, check=False).returncode


def test_the_broker_lets_in_who_has_the_password(broker: int, tmp_path: Path) -> None:
    assert subscribe(broker, tmp_path, "a $ecret") == 0
    assert subscribe(broker, tmp_path, "another") != 0


def test_prometheus_takes_its_configuration() -> None:
    argv = [program("promtool"), "check", "config", str(FOLDER / "prometheus.yml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
