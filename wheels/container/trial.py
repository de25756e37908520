"""A container at work: it polls a simulated meter, is asked whether it is well, and is stopped."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mbmd.errors import MbmdError
from wheels.container.buildah import Buildah, children, stop

_PATIENCE = 60
"""Seconds until the first reading; no measure of speed."""


def poll(buildah: Buildah, container: str, settings: Mapping[str, Any]) -> None:
    """Poll with a container; MbmdError tells what did not work."""
    meter, api = free_port(), free_port()
    user, group = map(int, settings["User"].split(":"))
    healthy = settings["Healthcheck"]["Test"][1:]
    with tempfile.TemporaryDirectory(prefix="mbmd-container-") as name, _running(*_simulator(meter)):
        state, config = Path(name) / "state", Path(name) / "mbmd.yaml"
        state.mkdir()
        os.chown(state, user, group)
        config.write_text(
            f"api: 127.0.0.1:{api}\nadapters:\n- device: 127.0.0.1:{meter}\n"
            f"devices:\n- type: sdm\n  id: 1\n  adapter: 127.0.0.1:{meter}\n",
            encoding="ascii",
        )
        mounts = ["-v", f"{state}:/var/lib/mbmd", "-v", f"{config}:/etc/mbmd.yaml:ro"]
        with _running(*buildah.command(container, [*settings["Entrypoint"], *settings["Cmd"]], mounts)) as mbmd:
            _wait(mbmd, lambda: b'"SDM1.1"' in _get(f"http://127.0.0.1:{api}/api/last"))
            _judge(buildah, container, healthy, api, well=True)
            _judge(buildah, container, healthy, free_port(), well=False)
            if code := stop(mbmd, "mbmd"):
                raise MbmdError(f"mbmd gave {code} when it was stopped")
        if not list(state.iterdir()):
            raise MbmdError("mbmd left no state in its volume")


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _simulator(port: int) -> Sequence[str]:
    return [sys.executable, "-m", "mbmd", "simulate", "-a", f"127.0.0.1:{port}", "-d", "sdm:1"]


@contextmanager
def _running(*argv: str) -> "Iterator[subprocess.Popen[bytes]]":
    """A program while the block runs; what it says is shown if the block fails."""
    with tempfile.TemporaryFile() as said:
        program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            yield program
        except MbmdError as error:
            said.seek(0)
            raise MbmdError(f"{error}:\n{said.read().decode(errors='replace')}") from None
        finally:
            _end(program)


def _end(program: "subprocess.Popen[bytes]") -> None:
    """End a program and all that it has started, if it still runs."""
    if program.poll() is None:
        for pid in [*children(program.pid), program.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    program.wait()


def _wait(program: "subprocess.Popen[bytes]", done: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        if program.poll() is not None or time.monotonic() > end:
            raise MbmdError("mbmd in the container gave no reading")
        time.sleep(0.1)


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of the loopback
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return b""


def _judge(buildah: Buildah, container: str, check: Sequence[str], port: int, *, well: bool) -> None:
    """Run the health check of the image; it has to find what is true."""
    address = f"HEALTH_URL=http://127.0.0.1:{port}/api/healthz"
    argv = buildah.command(container, check, ["--env", address])
    asked = subprocess.run(argv, capture_output=True, check=False)  # noqa: S603
    if (asked.returncode == 0) != well:
        raise MbmdError(f"the health check does not find mbmd {'well' if well else 'away'}")
