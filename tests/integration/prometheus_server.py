"""Prometheus of the distribution, on a port of its own."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError

import pytest

from tests.integration.influx_servers import PATIENCE, Program, free_port

INTERVAL = "400ms"


class Sample(NamedTuple):
    """The labels and the value that a query found."""

    labels: dict[str, str]
    value: float


class Prometheus(Program):
    """One that scrapes a port for each job, often."""

    health = "/-/ready"

    def __init__(self, folder: Path, jobs: Mapping[str, int]) -> None:
        port = free_port()
        scraped = [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{at}"]}]} for job, at in jobs.items()]
        config = folder / "prometheus.yml"
        times = {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL}
        config.write_text(json.dumps({"global": times, "scrape_configs": scraped}), encoding="utf-8")
        options = [f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--log.level=warn"]
        super().__init__(["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"], port, folder)

    def query(self, text: str) -> list[Sample]:
        """What an instant query finds; fails if it is none."""
        try:
            answer = json.loads(self.get("/api/v1/query", {"query": text}))
        except HTTPError as error:
            raise AssertionError(f"{text}: {error.read().decode()}") from None
        return [Sample(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def until(self, text: str, enough: Callable[[list[Sample]], object]) -> list[Sample]:
        """What a query finds as soon as that is enough."""
        ends = time.monotonic() + PATIENCE
        while not enough(found := self.query(text)):
            assert time.monotonic() < ends, f"{text}: {found}"
            time.sleep(0.05)
        return found


def promtool(*args: str, given: bytes | None = None) -> str:
    """What promtool says; fails if it complains."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    done: Any = subprocess.run(["promtool", *args], input=given, capture_output=True, check=False, timeout=PATIENCE)
    said: str = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said
