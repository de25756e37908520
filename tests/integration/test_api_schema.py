"""Every answer is as the description says: asked by who knows nothing but that."""

import asyncio
import itertools
import sys
from pathlib import Path

import schemathesis
from schemathesis.checks import not_a_server_error

from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.web.openapi import STREAM
from tests.web_devices import various
from tests.web_site import Site, run

CONFIG = """\
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503]

[checks.positive_data_acceptance]
# A name may be well formed and still be that of nothing.
expected-statuses = ["2xx", "3xx", 400, 404, 503]
"""


def fill(site: Site) -> None:
    devices = various()
    site.hub.replace(devices, [BusHealth("/dev/ttyUSB0", [device.id for device in devices]), BusHealth("meter:502")])
    site.hub.sinks = (SinkHealth("mqtt", True, sent=5), SinkHealth("influx", trouble="away", waiting=7, oldest=1e9))


async def without_end(site: Site) -> list[str]:
    """Paths whose answers have no end."""
    told = (await site.ask("/api/openapi.json")).json["paths"]
    return [path for path, item in told.items() if STREAM in item["get"]["responses"]["200"]["content"]]


def test_whatever_is_asked_the_answer_is_as_described(tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")

    async def main(site: Site) -> None:
        fill(site)
        left_out = [word for path in await without_end(site) for word in ("--exclude-path", path)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run"),
            *("--checks", "all", "--max-examples", "10", "--generation-deterministic"),
            *left_out,
            f"http://127.0.0.1:{site.port}/api/openapi.json",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0, said
        assert "passed" in said

    run(asyncio.new_event_loop, main)


def test_answers_about_each_device_are_as_described() -> None:
    async def main(site: Site) -> None:
        fill(site)
        told = schemathesis.openapi.from_dict((await site.ask("/api/openapi.json")).json)
        paths = [path for path in told if "{device}" in path]
        assert len(paths) >= 4
        for path, name in itertools.product(paths, site.hub.devices):
            case = told[path]["GET"].Case(path_parameters={"device": name})
            answer = await asyncio.to_thread(case.call, base_url=f"http://127.0.0.1:{site.port}")
            assert answer.status_code in (200, 503)
            case.validate_response(answer, excluded_checks=[not_a_server_error])

    run(asyncio.new_event_loop, main)
