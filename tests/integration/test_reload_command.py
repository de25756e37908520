"""`mbmd reload` as its users run it, against daemons in processes of their own."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbmd.cli import main
from mbmd.cli import reload as reload_command
from mbmd.errors import MbmdError
from mbmd.running import runfile
from tests.integration.command import PATIENCE, ROOT, Running, mbmd, running, until


@contextmanager
def a_daemon(folder: Path, text: str) -> Iterator[tuple[Running, Path]]:
    """A daemon with that configuration, and its file."""
    folder.mkdir(exist_ok=True)
    config = folder / "mbmd.yaml"
    config.write_text(text)
    with running(folder, "run", "-c", str(config)) as daemon:
        until(lambda: runfile.find(folder) or None, daemon)
        yield daemon, config


def reload(folder: Path, daemon: Running, *args: str) -> "subprocess.CompletedProcess[str]":
    return mbmd("reload", "--pid", str(daemon.process.pid), *args, RUNTIME_DIRECTORY=str(folder))


ONE = """
api: ""
adapter: mock
devices:
- {type: sdm, id: 1}
"""
TWO = f"{ONE}- {{type: abb, id: 2}}\n"


def test_a_reload_prints_which_sinks_are_others(tmp_path: Path) -> None:
    with a_daemon(tmp_path, f"{ONE}outbox: {{folder: ''}}\n") as (daemon, config):
        sinks = "mqtt: {broker: '127.0.0.1:1'}\ninflux: {url: 'http://127.0.0.1:1', database: data}\n"
        config.write_text(f"{ONE}outbox: {{folder: ''}}\n{sinks}")
        assert reload(tmp_path, daemon).stdout == "devices: 1 untouched; sinks: 2 added\n"
        config.write_text(config.read_text().replace("database: data", "database: other"))
        assert reload(tmp_path, daemon).stdout == "devices: 1 untouched; sinks: 1 changed\n"
        assert daemon.stop(signal.SIGTERM)[0] == 0
        assert daemon.log.count("sink mqtt: readings go to MQTT broker 127.0.0.1:1, below mbmd, homie") == 1


def test_a_reload_prints_what_it_changed(tmp_path: Path) -> None:
    with a_daemon(tmp_path, ONE) as (daemon, config):
        assert reload(tmp_path, daemon).stdout == "devices: 1 untouched\n"
        config.write_text(ONE.replace("id: 1", "id: 1, name: heat pump"))
        assert reload(tmp_path, daemon).stdout == "devices: 1 renamed\n"
        config.write_text(f"{TWO}- {{type: sdm, id: 1, adapter: '127.0.0.1:1'}}\nstate: other\n")
        done = reload(tmp_path, daemon)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            "devices: 2 added, 1 changed; buses: 1 added, 1 changed\nstate: the new one takes a restart of the daemon\n"
        )
        report = json.loads(runfile.find(tmp_path)[0].path.read_text())
        assert (report["begun"], report["done"], report["config"]) == (3, 3, str(config))
        assert daemon.stop(signal.SIGTERM)[0] == 0
        assert runfile.find(tmp_path) == []
    assert "Traceback" not in daemon.log


def test_a_refused_configuration_is_exit_code_2_with_every_reason(tmp_path: Path) -> None:
    with a_daemon(tmp_path, ONE) as (daemon, config):
        config.write_text(f"{ONE.replace('sdm', 'smd')}- {{type: sdm, id: 2}}\n- {{type: abq, id: 3}}\n")
        done = reload(tmp_path, daemon)
        assert (done.returncode, done.stdout) == (2, "")
        first, *reasons = map(str.strip, done.stderr.splitlines())
        pid = daemon.process.pid
        assert first == f"mbmd: the daemon (pid {pid}) refused its new configuration, nothing has changed:"
        assert [reason.split(":")[0] for reason in reasons] == ["device SMD1.1", "device ABQ1.3"]
        assert all(f"reload refused: {reason}" in daemon.log for reason in reasons)
        assert daemon.process.poll() is None
        config.write_text(f"rat: 1s\n{ONE}- {{type: sdm, id: 300}}\n")
        done = reload(tmp_path, daemon)
        assert done.returncode == 2
        assert [line.strip() for line in done.stderr.splitlines()[1:]] == [
            f"{config}:1: unknown key 'rat': did you mean rate?",
            f"{config}:7: devices[1].id: '300' is not a number from 0 to 255",
        ]
        config.write_text(ONE)
        assert reload(tmp_path, daemon).stdout == "devices: 1 untouched\n"


def test_of_several_daemons_one_is_to_be_chosen(tmp_path: Path) -> None:
    with a_daemon(tmp_path, ONE) as (one, config), running(tmp_path / "b", "run", "-c", str(config)) as two:
        until(lambda: runfile.find(tmp_path / "b") or None, two)
        file = runfile.find(tmp_path / "b")[0].path
        os.link(file, tmp_path / file.name)  # as if both had been started with the same folder
        done = mbmd("reload", RUNTIME_DIRECTORY=str(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert " daemons are running, choose one with -c or --pid:\n" in done.stderr
        for daemon in (one, two):
            assert f"  pid {daemon.process.pid}, {config}, since 20" in done.stderr
        assert reload(tmp_path, two).returncode == 0
        assert "reloaded" in two.log
        assert "reloaded" not in one.log


def test_a_sighup_of_a_closed_terminal_ends_the_daemon_and_any_other_does_not(tmp_path: Path) -> None:
    config = tmp_path / "mbmd.yaml"
    config.write_text(ONE)
    master, slave = pty.openpty()
    start = (
        "import os, sys; os.setsid(); os.open(os.environ['TERMINAL'], os.O_RDWR); os.execv(sys.argv[1], sys.argv[1:])"
    )
    environment = {**os.environ, "TERMINAL": os.ttyname(slave), "RUNTIME_DIRECTORY": str(tmp_path)}
    with (tmp_path / "err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", start, sys.executable, "-m", "mbmd", "run", "-c", str(config)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=err,
            stderr=err,
            text=True,
        )
    try:
        daemon = Running(process, tmp_path)
        until(lambda: runfile.find(tmp_path) or None, daemon)
        assert reload(tmp_path, daemon).returncode == 0
        os.close(slave)
        os.close(master)
        assert process.wait(PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_configuration_that_is_read_for_ever_keeps_no_daemon_from_ending(tmp_path: Path) -> None:
    with a_daemon(tmp_path, ONE) as (daemon, config):
        config.unlink()
        os.mkfifo(config)
        daemon.process.send_signal(signal.SIGHUP)
        (found,) = runfile.find(tmp_path)
        until(lambda: ((report := runfile.read(found.path)) and report.begun) or None, daemon)
        assert daemon.stop(signal.SIGTERM)[0] == 0
        assert "Traceback" not in daemon.log
        assert runfile.find(tmp_path) == []


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder which is the only one where a daemon may be found."""
    monkeypatch.setattr(reload_command, "SYSTEM_RUN_DIRECTORIES", ())
    for name in ("XDG_RUNTIME_DIR", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return tmp_path


def test_no_daemon_is_exit_code_1(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reload"]) == 1
    assert capsys.readouterr().err == "mbmd: no daemon is running: start one with mbmd run\n"
    (alone / "daemon-x.run").write_text('{"pid":1,"config":"","started":1.0}')
    assert main(["reload"]) == 1


def test_the_only_daemon_needs_no_name_and_another_is_not_taken_for_it(
    alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_daemon(alone, ONE) as (daemon, config):
        assert main(["reload"]) == 0
        assert capsys.readouterr().out == "devices: 1 untouched\n"
        assert main(["reload", "--pid", "1"]) == 1
        listed = f"  pid {daemon.process.pid}, {config}, since "
        assert capsys.readouterr().err.startswith(f"mbmd: no daemon with pid 1 is running, but:\n{listed}")
        daemons = reload_command._daemons()
        link = alone / "link"
        link.symlink_to(config)
        assert reload_command._choose(daemons, None, str(link)) == daemons[0]
        with pytest.raises(MbmdError, match="no daemon with configuration /etc/other is running"):
            reload_command._choose(daemons, None, "/etc/other")
        assert daemon.log.count("reloaded") == 1


@pytest.mark.parametrize(("seconds", "code"), [(60, 0), (100, 1)])
def test_a_reload_that_has_begun_is_waited_for_for_longer(
    seconds: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now, idle = [0.0], runfile.Report(7, "", 1.0)

    def report(_: Path) -> runfile.Report:
        return replace(idle, begun=now[0] > 0, done=now[0] > seconds, summary="devices: 1000 changed")

    played = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _: now.__setitem__(0, now[0] + 1))
    monkeypatch.setattr(reload_command, "time", played)
    monkeypatch.setattr(reload_command, "_daemons", lambda: [reload_command._Daemon(7, Path("daemon"), idle)])
    monkeypatch.setattr(reload_command, "_signal", lambda _: None)
    monkeypatch.setattr(runfile, "read", report)
    monkeypatch.setattr(runfile, "holder", lambda _: 7)
    assert main(["reload"]) == code
    told = capsys.readouterr()
    assert told.out == ("devices: 1000 changed\n" if not code else "")
    assert told.err == ("mbmd: the daemon (pid 7) has not reloaded within 80 s: see its log\n" if code else "")


def test_a_daemon_that_does_not_answer_is_told_of(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_command, "PATIENCE", 0.2)
    with a_daemon(alone, ONE) as (daemon, _):
        daemon.process.send_signal(signal.SIGSTOP)
        assert main(["reload"]) == 1
        pid = daemon.process.pid
        assert capsys.readouterr().err == f"mbmd: the daemon (pid {pid}) has not reloaded within 0 s: see its log\n"
        daemon.process.send_signal(signal.SIGCONT)


def test_a_daemon_that_ends_meanwhile_is_told_of(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_daemon(alone, ONE) as (daemon, _):
        pid = daemon.process.pid

        monkeypatch.setattr(reload_command, "_signal", lambda _: daemon.process.kill())
        assert main(["reload"]) == 1
        assert capsys.readouterr().err == f"mbmd: the daemon (pid {pid}) has ended: see its log\n"


def test_who_may_not_signal_the_daemon_is_told_so(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int, __: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with a_daemon(alone, ONE) as (daemon, _):
        with monkeypatch.context() as patch:
            patch.setattr(os, "kill", refuse)
            assert main(["reload"]) == 1
        error = f"mbmd: the daemon (pid {daemon.process.pid}) is not yours, and you may not signal it: "
        assert capsys.readouterr().err.startswith(error)
        assert daemon.process.poll() is None


def test_a_process_that_only_has_the_number_of_a_daemon_is_not_signalled(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_daemon(alone, ONE) as (daemon, _):
        (found,) = reload_command._daemons()
        signalled: list[int] = []
        daemon.process.kill()
        daemon.process.wait()
        with monkeypatch.context() as patch:
            patch.setattr(os, "kill", lambda pid, _: signalled.append(pid))
            with pytest.raises(MbmdError, match="has just ended"):
                reload_command._signal(found)
        assert signalled == []


@pytest.mark.parametrize("started", [0.0, -1e300, 1e300, 1e18])
def test_a_daemon_may_say_anything_of_its_start(started: float) -> None:
    daemon = reload_command._Daemon(7, Path("daemon"), runfile.Report(7, "", started))
    assert str(daemon).startswith("pid 7, no configuration file, since ")


def test_signals_that_come_together_are_no_more_reloads_than_needed(alone: Path) -> None:
    with a_daemon(alone, ONE) as (daemon, _):
        for _ in range(50):
            daemon.process.send_signal(signal.SIGHUP)
        assert main(["reload"]) == 0
        (found,) = reload_command._daemons()
        assert 1 <= found.report.done <= found.report.begun <= 51
        assert daemon.process.poll() is None
