"""A start at which adapters are missing, as after a power cut: the buses that are there are polled."""

import logging
import signal
from pathlib import Path

import pytest

from mbmd import backoff
from mbmd.errors import UsageError
from mbmd.transport import latency
from tests.integration.command import mbmd, readings, until
from tests.integration.command import running as command
from tests.integration.live_daemon import configuration, run, running
from tests.integration.meters import fetch, free_port
from tests.integration.real_lines import LINES, RealLine, playing

TCP, RTU, ASCII = LINES["tcp"], LINES["rtu"], LINES["ascii"]
MISSING = "no such serial device: see ls /dev/serial/by-id/"


@pytest.mark.parametrize("there", [TCP, ASCII], ids=["a network", "another adapter"])
def test_an_adapter_that_is_missing_keeps_no_other_bus_from_being_polled_and_may_come_later(
    there: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(latency, "latency_timer", lambda _: 16)
    (tmp_path / "other").mkdir()

    async def main() -> None:
        async with playing(there, tmp_path / "other") as line:
            later = RealLine(RTU, tmp_path)
            async with running(configuration(f"sdm:1@{line.adapter}", f"sdm:2@{later.adapter}")) as live:
                here, away = sorted(live.hub.devices.values(), key=lambda device: device.unit)
                await live.polled([here])
                assert not away.online
                assert away.health.trouble == f"the bus is down: {MISSING}"
                bus = next(bus for bus in live.hub.buses if away.id in bus.devices)
                assert (bus.connected, bus.latency_timer) == (False, None)
                assert (await live.reload(live.next)).summary == "devices: 2 untouched"
                later.plug_in()
                try:
                    await live.polled([here, away])
                    assert (bus.connected, bus.latency_timer) == (True, 16)
                finally:
                    later.vanish()

    run(main())
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned.count(f"{tmp_path}/bus: {MISSING}") == 1


def test_a_start_at_which_no_adapter_is_there_is_refused_with_all_of_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with running(configuration(f"sdm:1@{tmp_path}/a", f"sdm:2@{tmp_path}/b")):
            raise AssertionError("it has started")

    with pytest.raises(UsageError) as refused:
        run(main())
    assert str(refused.value).splitlines() == [f"{tmp_path}/{name}: {MISSING}" for name in "ab"]
    assert caplog.messages == []


def test_the_command_starts_names_the_missing_one_and_tells_of_it_in_its_status(tmp_path: Path) -> None:
    api, missing = f"127.0.0.1:{free_port()}", f"{tmp_path}/ttyMISSING"
    with command(tmp_path / "run", "run", "-a", "mock", "-d", f"sdm:1,sdm:1@{missing}", "--api", api) as daemon:
        readings(api, 1, daemon)
        status = until(lambda: fetch(f"http://{api}/api/status"), daemon)
        assert {bus["Adapter"]: bus["Connected"] for bus in status["Buses"]} == {"mock": True, missing: False}
        (trouble,) = (meter["Trouble"] for meter in status["Meters"] if meter.get("Trouble"))
        assert trouble == f"the bus is down: {MISSING}"
        assert daemon.stop(signal.SIGTERM)[0] == 0
        assert daemon.log.count(f" WARNING {missing}: {MISSING}\n") == 1


def test_the_command_that_finds_no_adapter_ends_with_all_their_names(tmp_path: Path) -> None:
    ports = [str(tmp_path / name) for name in ("one", "two")]
    done = mbmd("run", "--api", f"127.0.0.1:{free_port()}", "-d", ",".join(f"sdm:1@{port}" for port in ports))
    assert done.returncode == 2
    assert [line.strip() for line in done.stderr.splitlines() if " INFO " not in line] == [
        f"mbmd: {ports[0]}: {MISSING}",
        f"mbmd: {ports[1]}: {MISSING}",
    ]
