"""How the service is, out of what systemctl shows."""

from pathlib import Path

import pytest

from mbmd.service import layout
from mbmd.service import status as module
from mbmd.service.status import Status, parse, status

RUNS = {
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "UnitFileState": "enabled",
    "FragmentPath": "/etc/systemd/system/mbmd.service",
    "ActiveEnterTimestamp": "Mon 2026-11-23 07:35:09 UTC",
    "MainPID": "217",
    "MemoryCurrent": "48000000",
    "NRestarts": "2",
}


def test_a_service_that_runs() -> None:
    assert parse(RUNS, None) == Status(
        layout.UNIT_FILE,
        "active",
        "running",
        "enabled",
        "Mon 2026-11-23 07:35:09 UTC",
        217,
        48_000_000,
        2,
    )


def test_one_that_failed_says_why() -> None:
    found = parse({**RUNS, "ActiveState": "failed", "SubState": "failed", "Result": "watchdog", "MainPID": "0"}, None)
    assert (found.state, found.detail, found.pid, found.since, found.is_active) == (
        "failed",
        "watchdog",
        None,
        "",
        False,
    )


def test_one_that_reloads_runs() -> None:
    assert parse({**RUNS, "ActiveState": "reloading"}, None).is_active
    assert not parse({**RUNS, "ActiveState": "activating"}, None).is_active


@pytest.mark.parametrize("memory", ["[not set]", "18446744073709551615", "", "x"])
def test_what_is_not_counted_is_not_known(memory: str) -> None:
    assert parse({**RUNS, "MemoryCurrent": memory}, None).memory is None


def test_a_unit_that_systemd_has_not_read_yet_is_known_by_its_file() -> None:
    assert parse({"ActiveState": "inactive", "FragmentPath": ""}, layout.UNIT_FILE).unit == layout.UNIT_FILE
    assert parse({}, None) == Status(None)


def test_where_no_systemd_runs_the_files_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    unit = tmp_path / "mbmd.service"
    monkeypatch.setattr(layout, "UNIT_FILE", unit)
    monkeypatch.setattr(layout, "PACKAGED", ())
    assert status() == Status(None, detail="systemd does not run here")
    unit.touch()
    assert module.unit_file() == unit
    assert status().unit == unit


def test_systemctl_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "systemctl"
    program.write_text('#!/bin/sh\necho "$2" >&2\necho ActiveState=active\necho FragmentPath=/x\necho no line\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert status() == Status(Path("/x"), "active")
    program.write_text("#!/bin/sh\nexit 1\n")
    assert status().detail == "systemd does not run here"
