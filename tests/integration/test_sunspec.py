"""`mbmd run` on SunSpec units at real lines, and what its users see of them."""

import asyncio
import signal
from collections import Counter
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from pymodbus import ModbusException
from pymodbus.client import AsyncModbusTcpClient

from tests.integration.command import readings, running, until
from tests.integration.meters import fetch, free_port, without_time
from tests.integration.real_lines import LINES
from tests.sunspec_images import expected
from tests.sunspec_run import site_of
from tests.sunspec_site import serving

BOTH = {**expected("main_126"), **expected("main_126_1")}


def are_alike(last: dict[str, dict[str, Any]]) -> bool:
    """Whether all values of the image with an inverter and a meter are there, and no others."""
    found = {name: without_time(values) for name, values in last.items()}
    return all(
        found[name].keys() == right.keys() and all(isclose(found[name][m], v, rel_tol=1e-9) for m, v in right.items())
        for name, right in BOTH.items()
    )


@pytest.mark.parametrize("line", ["tcp", "rtu", "rtu+tcp"])
def test_run_publishes_what_the_original_does(line: str, tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    site = site_of("main")
    with serving(site, LINES[line], tmp_path) as adapter:
        devices = f"SMA:126@{adapter},SMA:126.1@{adapter}"
        with running(tmp_path / "run", "run", "-d", devices, "--api", api, "-r", "100ms", "--timeout", "5s") as daemon:
            assert are_alike(readings(api, 2, daemon))
            status = fetch(f"http://{api}/api/status")
            assert {meter["Device"]: meter["Online"] for meter in status["Meters"]} == dict.fromkeys(BOTH, True)
            begin = len(site.reads)
            until(lambda: len(site.reads) >= begin + 10 or None, daemon)
            assert daemon.stop(signal.SIGTERM)[0] == 0
    assert len(Counter(read[1:3] for read in site.reads[begin:])) == 2
    assert "SMA STP 10.0-3AV-40" in daemon.log


def test_an_inverter_that_takes_one_client_is_shared_by_closing_the_connection(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    site = site_of("main")
    site.one_client = True

    async def ask(port: int) -> list[int]:
        while True:
            client = AsyncModbusTcpClient("127.0.0.2", port=port, retries=0, timeout=1)
            await client.connect()
            try:
                answer = await client.read_holding_registers(40000, count=2, device_id=126)
                return list(answer.registers)
            except (ModbusException, ConnectionError):  # who came second is hung up on
                await asyncio.sleep(0.05)
            finally:
                client.close()

    with serving(site, LINES["tcp"], tmp_path) as adapter:
        devices = f"SMA:126@{adapter}?close=true,SMA:126.1@{adapter}?close=true"
        with running(tmp_path / "run", "run", "-d", devices, "--api", api, "-r", "300ms", "--timeout", "5s") as daemon:
            readings(api, 2, daemon)
            assert asyncio.run(ask(int(adapter.rpartition(":")[2]))) == [0x5375, 0x6E53]
            assert are_alike(readings(api, 2, daemon))
            assert daemon.stop(signal.SIGTERM)[0] == 0


def test_a_unit_that_is_none_at_first_is_told_of_and_found_when_it_turns_normal(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    site = site_of("main", "exc2")
    with serving(site, LINES["tcp"], tmp_path) as adapter:
        devices = f"SMA:126@{adapter},SMA:126.1@{adapter}"
        with running(tmp_path / "run", "run", "-d", devices, "--api", api, "-r", "100ms", "--timeout", "1s") as daemon:
            until(lambda: "no SunSpec marker" in daemon.log or None, daemon)
            assert fetch(f"http://{api}/api/last") == {}
            site.units[126].mode = "normal"
            assert are_alike(readings(api, 2, daemon))
            assert daemon.log.count("no SunSpec marker") == 1
            assert daemon.stop(signal.SIGTERM)[0] == 0
