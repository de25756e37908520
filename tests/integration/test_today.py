"""The energy of today and the last minute in a daemon that is started again."""

import json
import signal
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.integration.command import Running, readings, running, until
from tests.integration.meters import fetch, free_port

DEVICES = ("-d", "sdm:1@mock", "-d", "abb:2@mock")


def daemon(folder: Path, api: str, *args: str) -> AbstractContextManager[Running]:
    return running(folder, "run", *DEVICES, "--rate", "100ms", "--api", api, *args)


def told(api: str, command: Running) -> Any:
    """The energy of today, once both devices were read."""
    readings(api, 2, command)
    return until(lambda: found if len(found := fetch(f"http://{api}/api/today")) == 2 else None, command)


def test_the_energy_of_today_goes_on_after_a_restart_and_the_last_minute_begins_anew(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    with daemon(tmp_path, api) as first:
        before = told(api, first)
        assert set(before) == {"SDM1.1", "ABB1.2"}
        assert {"Import", "Export", "Sum", "ImportL1"} <= set(before["SDM1.1"]["Energy"])
        assert not before["SDM1.1"]["Complete"]
        history = f"http://{api}/api/history/SDM1.1?measurement=Power"
        until(lambda: len(fetch(history)["Minute"]["Timestamps"]) >= 3 or None, first)
        assert first.stop(signal.SIGTERM)[0] == 0
    kept = json.loads((tmp_path / "learned.today.json").read_text())["devices"]
    assert set(kept) == {"SDM:1@mock", "ABB:2@mock"}
    begun = time.time()
    with daemon(tmp_path, api) as second:
        after = told(api, second)
        assert {name: day["Since"] for name, day in after.items()} == {n: day["Since"] for n, day in before.items()}
        assert min(fetch(history)["Minute"]["Timestamps"]) >= begun * 1000
        assert second.stop(signal.SIGINT)[0] == 0
    assert "today" not in second.log


def test_without_a_state_file_nothing_of_today_is_written(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    with daemon(tmp_path, api, "--state", "") as command:
        assert told(api, command)
        assert command.stop(signal.SIGTERM)[0] == 0
    assert not list(tmp_path.glob("*.json"))


def test_a_damaged_file_is_told_once_and_replaced(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    path = tmp_path / "learned.today.json"
    path.write_bytes(b"\0damaged")
    with daemon(tmp_path, api) as command:
        assert told(api, command)
        assert command.stop(signal.SIGTERM)[0] == 0
    assert command.log.count(f"{path}: damaged (") == 1
    assert len(json.loads(path.read_text())["devices"]) == 2
