"""Passwords and tokens given to a real daemon are nowhere to be seen."""

import signal
from pathlib import Path
from urllib.request import urlopen

from tests.integration.command import Running, mbmd, readings, running
from tests.integration.meters import free_port

HIDDEN = ("s3cret-password", "s3cret-token", "s3cret-in-broker", "s3cret-in-url")


def seen(command: Running, api: str) -> str:
    """All that others may see of a daemon."""
    process = Path(f"/proc/{command.process.pid}")
    lists = [(process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "comm", "stat")]
    with urlopen(f"http://{api}/api/status", timeout=10) as response:
        status = response.read().decode()
    return "\n".join([*lists, status, command.log, command.output])


def test_no_secret_is_seen_of_a_daemon_also_after_a_reload(tmp_path: Path) -> None:
    api = f"127.0.0.1:{free_port()}"
    words = ["run", "-c", "", "-a", "mock", "-d", "sdm:1", "--api", api, "-v", "--raw", "--outbox", ""]
    words += ["-m", f"mqtt://me:{HIDDEN[2]}@127.0.0.1:{free_port()}", "--mqtt-password", HIDDEN[0]]
    words += ["-i", f"http://me:{HIDDEN[3]}@127.0.0.1:{free_port()}", f"--influx-token={HIDDEN[1]}"]
    with running(tmp_path, *words, "--influx-database", "data") as daemon:
        readings(api, 1, daemon)
        shown = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes().decode().split("\0")
        assert shown[3:8] == ["run", "-c", "", "-a", "mock"]
        assert shown[-3:] == ["--influx-database", "data", ""]
        reloaded = mbmd("reload", "--pid", str(daemon.process.pid), RUNTIME_DIRECTORY=str(tmp_path))
        assert reloaded.returncode == 0
        everything = seen(daemon, api) + reloaded.stdout + reloaded.stderr
        assert daemon.stop(signal.SIGTERM)[0] == 0
        everything += daemon.log
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for secret in HIDDEN:
        assert secret not in everything
        assert not any(secret.encode() in content for content in files)
