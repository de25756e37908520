"""Databases of the distribution that take line protocol: influxd 1 and victoria-metrics, on ports of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

PATIENCE = 60.0
_INFLUXD = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
auth-enabled = {auth}
log-enabled = false
"""


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Program:
    """A server that can be killed, frozen and started again with what it has stored."""

    health = "/"

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._command = command
        self._log = folder / "log"
        self.start()

    def start(self) -> None:
        """Start it; returns when it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        ends = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, "it does not answer"
            time.sleep(0.02)

    def freeze(self) -> None:
        """Stop all that it does; returns when none of its threads runs any more."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def get(self, path: str, query: Mapping[str, str], method: str = "GET") -> bytes:
        """What it answers."""
        request = Request(f"{self.url}{path}?{urlencode(query)}", method=method)  # noqa: S310
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body

    def _answers(self) -> bool:
        try:
            self.get(self.health, {})
        except URLError:
            return False
        return True


class Influxd(Program):
    """InfluxDB 1; `login` is who asks in `query`."""

    health = "/ping"

    def __init__(self, folder: Path, auth: bool = False) -> None:
        port = free_port()
        config = folder / "influxdb.conf"
        text = _INFLUXD.format(rpc=free_port(), port=port, folder=folder, auth=str(auth).lower())
        config.write_text(text, encoding="utf-8")
        self.login: Mapping[str, str] = {}
        super().__init__(["influxd", "-config", str(config)], port, folder)

    def query(self, text: str, database: str = "") -> list[dict[str, Any]]:
        """The series that a query brings."""
        asked = {"q": text, "db": database, "epoch": "ns", **self.login}
        answer = json.loads(self.get("/query", asked, "POST"))
        assert "error" not in answer["results"][0], answer
        series: list[dict[str, Any]] = answer["results"][0].get("series", [])
        return series

    def rows(self, text: str, database: str) -> list[dict[str, Any]]:
        """The rows that a query brings, by column."""
        found = self.query(text, database)
        return [dict(zip(one["columns"], row, strict=True)) for one in found for row in one["values"]]


class VictoriaMetrics(Program):
    """VictoriaMetrics, a database without names and users."""

    health = "/health"

    def __init__(self, folder: Path) -> None:
        port = free_port()
        options = [f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder}/data", "-retentionPeriod=100y"]
        super().__init__(["victoria-metrics", *options], port, folder)

    def samples(self, match: str) -> list[tuple[dict[str, str], float, int]]:
        """All samples of series that match, with their labels and milliseconds."""
        self.get("/internal/force_flush", {})
        lines = self.get("/api/v1/export", {"match[]": match}).splitlines()
        found = [json.loads(line) for line in lines]
        return [
            (one["metric"], value, at)
            for one in found
            for value, at in zip(one["values"], one["timestamps"], strict=True)
        ]


@contextmanager
def running(program: Program) -> Iterator[Any]:
    """A program, until the end of the block."""
    try:
        yield program
    finally:
        program.thaw()
        program.kill()
