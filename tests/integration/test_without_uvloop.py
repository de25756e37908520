"""The commands where neither uvloop nor ujson is installed, as on 32-bit ARM."""

import asyncio
import json
import re
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
from websockets.asyncio.client import connect

from tests.certificates import make_certificate
from tests.integration.command import Running, mbmd, readings, running, until
from tests.integration.meters import fetch, free_port
from tests.integration.mosquitto import mosquitto, subscriber
from tests.integration.test_access import first_message, reload, status, write

ABSENT = ("uvloop", "ujson")
NAMED = "uvloop is not installed: polling by asyncio"


@pytest.fixture(autouse=True)
def absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children find neither."""
    folder = tmp_path / "absent"
    folder.mkdir()
    for name in ABSENT:
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name='{name}')")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def ended_well(command: Running) -> None:
    assert command.stop(signal.SIGTERM)[0] == 0
    assert "Traceback" not in command.log


def test_version_says_which_loop_there_is() -> None:
    said = mbmd("version", "-v").stdout
    assert re.search("^event loop +asyncio, since uvloop is not installed$", said, re.MULTILINE)


def test_meters_are_simulated_polled_scanned_and_tried_on_every_carrier(tmp_path: Path) -> None:
    tcp, udp, api = free_port(), free_port(), f"127.0.0.1:{free_port()}"
    adapters = (f"127.0.0.1:{tcp}", f"rtu+udp://127.0.0.1:{udp}", f"rtu://{tmp_path}/bus?baudrate=115200")
    served = [word for adapter in adapters for word in ("-a", adapter)]
    with running(tmp_path / "simulate", "simulate", *served, "-d", "sdm:1") as simulator:
        simulator.until_output(str(tmp_path / "bus"))
        done = mbmd("scan", "-a", adapters[0].replace("127.0.0.1", "localhost"), "--ids", "1-2", "--json")
        assert [found["id"] for found in json.loads(done.stdout)["devices"]] == [1]
        for adapter in adapters[:2]:
            assert mbmd("devices", "try", "sdm", "-a", adapter, "-d", "1").returncode == 0
        devices = [word for adapter in adapters for word in ("-d", f"sdm:1@{adapter}")]
        with running(tmp_path / "run", "run", *devices, "--api", api, "-r", "50ms") as daemon:
            assert len(readings(api, 3, daemon)) == 3
            assert NAMED in daemon.log
            ended_well(daemon)
        ended_well(simulator)


def test_the_web_server_streams_encrypts_and_reloads(tmp_path: Path) -> None:
    port, made, config = free_port(), make_certificate(tmp_path), tmp_path / "mbmd.yaml"
    keys = f"  cert: {made.cert.name}\n  cert_key: {made.key.name}\n"
    write(config, port, keys)
    url, tls = f"https://localhost:{port}/api", made.trusting()
    with running(tmp_path, "run", "-c", str(config)) as daemon:
        assert until(lambda: status(f"{url}/status", tls), daemon) == 200
        assert "Meters" in asyncio.run(first_message(f"wss://localhost:{port}/ws", tls, ""))
        with urlopen(f"{url}/stream", timeout=30, context=tls) as stream:  # noqa: S310
            assert next(line for line in stream if line.startswith(b"data: {"))
        config.write_text(config.read_text() + "  origins: [https://home.example]\n")
        assert reload(tmp_path, daemon).stdout == "devices: 1 untouched; web: changed origins\n"
        ended_well(daemon)


def test_readings_go_to_a_broker(tmp_path: Path) -> None:
    with mosquitto(tmp_path / "broker") as broker, subscriber(broker) as notes:
        words = ("run", "-a", "mock", "-d", "sdm:1", "--api", "", "-m", broker.url(), "-r", "50ms")
        with running(tmp_path / "run", *words) as daemon:
            notes.wait(lambda _: "mbmd/sdm1-1/Power" in notes.latest)
            ended_well(daemon)
        notes.wait(lambda _: notes.latest.get("mbmd/status") == b"disconnected")


def test_the_demo_runs(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    with running(tmp_path, "demo", "--api", api) as demo:
        assert len(readings(api, 10, demo)) == 10
        asyncio.run(_hear_ten(api))
        assert fetch(f"http://{api}/api/status")["Modbus"]["TotalModbusRequests"] > 0
        ended_well(demo)


async def _hear_ten(api: str) -> None:
    async with asyncio.timeout(30), connect(f"ws://{api}/ws", proxy=None) as client:
        devices: set[str] = set()
        while len(devices) < 10:
            devices.add(json.loads(await client.recv()).get("Device", ""))
            devices.discard("")
