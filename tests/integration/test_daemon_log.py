"""The log of `mbmd run` as its readers get it, and what it is to them when they leave."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from tests.integration.command import PATIENCE, ROOT, mbmd, readings, running, until
from tests.integration.meters import fetch, free_port
from tests.integration.test_access import reload

MOCK = ("run", "-a", "mock", "-d", "sdm:1", "-r", "50ms")
JOURNAL = """\
import os, sys
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
os.execv(sys.executable, [sys.executable, "-m", "mbmd", *sys.argv[1:]])
"""


def in_journal(folder: Path, *words: str) -> tuple[int, list[str]]:
    """The exit code and the lines of a command whose standard error goes to a journal."""
    with (folder / "journal").open("w") as journal:
        command = [sys.executable, "-c", JOURNAL, *words]
        code = subprocess.run(command, cwd=ROOT, stderr=journal, timeout=PATIENCE, check=False).returncode
    return code, (folder / "journal").read_text(encoding="utf-8").splitlines()


def test_json_is_one_object_a_line_from_start_to_end(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    with running(tmp_path, *MOCK, "--api", api, "--log-format", "json", "-m", "me:s3cret@127.0.0.1:1") as daemon:
        readings(api, 1, daemon)
        until(lambda: '"level":"warning"' in daemon.log or None, daemon)  # there is no broker
        assert daemon.stop(signal.SIGTERM)[0] == 0
        lines: list[dict[str, Any]] = [json.loads(line) for line in daemon.log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert {line.get("device") for line in lines if line["message"].endswith(": online")} == {"SDM1.1"}
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert "s3cret" not in daemon.log


def test_level_and_format_are_of_file_and_environment_and_change_by_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MBMD_LOG_FORMAT", "journal")
    api, config = f"127.0.0.1:{free_port()}", tmp_path / "mbmd.yaml"
    text = f"api: {api}\nadapter: mock\ndevices: [{{type: sdm, id: 1}}]\nlog: {{level: %s}}\n"
    config.write_text(text % "error")
    with running(tmp_path, "run", "-c", str(config)) as daemon:
        readings(api, 1, daemon)
        assert daemon.log == ""
        config.write_text(text % "info")
        assert reload(tmp_path, daemon).returncode == 0
        assert daemon.log.splitlines()[-1] == "<6>reloaded: devices: 1 untouched"


def test_the_journal_gets_priorities_also_of_what_ends_it(tmp_path: Path) -> None:
    code, lines = in_journal(tmp_path, *MOCK, "--api", "127.0.0.1:1", "-d", "smd:2")
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("<3>mbmd: ")


def test_an_error_of_the_program_is_logged_with_each_line_and_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import asyncio\n"
        "def run(self, main):\n"
        "    main.close()\n"
        "    raise RuntimeError('broken at http://me:s3cret@host')\n"
        "asyncio.Runner.run = run\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        code, lines = in_journal(tmp_path, *MOCK, "--api", "")
    assert code == 1
    assert lines[0] == "<2>ended by an error of the program"
    assert lines[-1] == "<2>RuntimeError: broken at http://********@host"
    assert all(line.startswith("<2>") for line in lines)


@pytest.mark.parametrize("kind", ["gone", "asleep", "full"])
def test_a_daemon_goes_on_when_nobody_reads_its_log(kind: str, tmp_path: Path) -> None:
    """By a pipe that has nobody at its end, one that is full, and a full disk."""
    reader, writer = os.pipe()
    if kind == "gone":
        os.close(reader)
    elif kind == "full":
        os.close(writer)
        writer = os.open("/dev/full", os.O_WRONLY)
    api = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path), "RUNTIME_DIRECTORY": str(tmp_path)}
    command = [sys.executable, "-m", "mbmd", *MOCK, "--api", api, "--raw", "-r", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=writer, env=environment)
    os.close(writer)
    try:
        _goes_on(api)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if kind != "gone":
            os.close(reader)


def _goes_on(api: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if fetch(f"http://{api}/api/status")["Modbus"]["TotalModbusRequests"] > 1000:
                return
        except (URLError, ConnectionError):
            pass
        time.sleep(0.05)
    raise AssertionError("it does not poll")


def test_what_is_no_level_is_refused_with_those_that_are() -> None:
    done = mbmd(*MOCK, "--log-level", "loud")
    assert done.returncode == 2
    assert done.stderr == "mbmd: --log-level: 'loud' is not one of error, warning, info, debug\n"
