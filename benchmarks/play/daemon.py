"""`mbmd run` as its users start it, as a child."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import yaml

from benchmarks.play.ports import HOST, free_port
from benchmarks.play.process import cpu_seconds, resident_bytes

PATIENCE = 120.0
"""Seconds within which all devices must be online."""


class Daemon:
    """A daemon that runs; its web server is at `host` and `port`, its log is in `log`."""

    host = HOST

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self._process = process
        self.pid = process.pid
        self.port = port
        self.log = log

    @property
    def cpu_seconds(self) -> float:
        """CPU time that it has had so far."""
        return cpu_seconds(self.pid)

    @property
    def resident_bytes(self) -> int:
        """Memory that it has in RAM."""
        return resident_bytes(self.pid)

    def get(self, path: str) -> Any:
        """What a path of the REST API answers, parsed."""
        with urllib.request.urlopen(f"http://{self.host}:{self.port}{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def wait_until_online(self, devices: int) -> None:
        """Wait until so many devices are online. Raises RuntimeError, with the end of the log, if they do not come."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if sum(meter["Online"] for meter in self.get("/api/status")["Meters"]) >= devices:
                    return
            except (OSError, HTTPException):  # somebody else may have got the port
                pass
            time.sleep(0.1)
        end = self.log.read_text()[-2000:]
        raise RuntimeError(f"the daemon has not {devices} devices online after {PATIENCE:.0f} s:\n{end}")


@contextmanager
def starting(devices: Sequence[Mapping[str, object]], **settings: object) -> Iterator[Daemon]:
    """A daemon that was just started, for devices and settings as the configuration has them, in a folder of its own.

    The memory of what it learned is empty, and nobody else's is touched.
    """
    with tempfile.TemporaryDirectory(prefix="mbmd-bench-") as name:
        folder, port = Path(name), free_port()
        config = {"api": f"{HOST}:{port}", **settings, "devices": list(devices)}
        (folder / "mbmd.yaml").write_text(yaml.safe_dump(config))
        environment = (
            os.environ | {f"XDG_{kind}_HOME": name for kind in ("STATE", "CONFIG")} | {"XDG_RUNTIME_DIR": name}
        )
        command = [sys.executable, "-m", "mbmd", "run", "-c", str(folder / "mbmd.yaml")]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log, env=environment) as process:
            try:
                yield Daemon(process, port, folder / "log")
            finally:
                process.terminate()


@contextmanager
def running(devices: Sequence[Mapping[str, object]], **settings: object) -> Iterator[Daemon]:
    """A daemon as `starting` gives it, when all its devices are online."""
    with starting(devices, **settings) as daemon:
        daemon.wait_until_online(len(devices))
        yield daemon
