"""A daemon whose event loop is watched (`benchmarks.play.held`), and who asks it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import IO, NamedTuple

import yaml

from benchmarks.play.ports import HOST, free_port

PATIENCE = 120.0
"""Seconds within which it must do what it is told to."""
_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Hold(NamedTuple):
    """A situation and its longest turn of the loop: seconds of CPU, and those of the longest collection of garbage.

    `blocked` are the most seconds for which a turn did not run though it could have, None where Linux does not tell.
    """

    situation: str
    took: float
    collecting: float
    blocked: float | None


class Watched:
    """A daemon for devices and settings as the configuration has them, in a folder that is there already."""

    def __init__(
        self, folder: Path, devices: Sequence[object], tell: Callable[[str], None], trace: float, **settings: object
    ) -> None:
        self.port = free_port()
        self.holds: list[Hold] = []
        self._folder = folder
        self._devices = devices
        self._settings = {"api": f"{HOST}:{self.port}", "state": str(folder / "learned.json"), **settings}
        self._tell = tell
        self._trace = trace
        self._config = folder / "mbmd.yaml"
        self._log = folder / "log"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it within; all its devices are online when this begins."""
        self._write(len(self._devices))
        with self._log.open("w", encoding="utf-8") as log:
            self._process = await self._begin(log)
            try:
                await self._until(lambda text: "listening on" in text)
                await self.measure("start, until all are online", self.all_are_online())
                yield
            finally:
                if self._process.returncode is None:
                    self._process.terminate()
                await self._process.wait()

    async def measure(self, situation: str, work: Awaitable[object], after: float = 1.0) -> None:
        """Note the longest turn from now until some seconds after the work."""
        self._tell(situation)
        since = monotonic()
        await work
        await asyncio.sleep(after)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{since}\n".encode())
        answer = json.loads(await self._process.stdout.readline())
        self.holds.append(Hold(situation, **answer))

    async def all_are_online(self) -> None:
        """Wait until each device has answered. Raises RuntimeError if they do not."""
        ends = monotonic() + PATIENCE
        while len(json.loads(await self.ask("/api/last"))) < len(self._devices):
            if monotonic() > ends:
                raise RuntimeError(f"not all devices are online within {PATIENCE:.0f} s:\n{self._end_of_log()}")
            await asyncio.sleep(0.2)

    async def ask(self, path: str, *lines: str) -> bytes:
        """The body of an answer."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        head = (f"GET {path} HTTP/1.1", f"Host: {HOST}", "Connection: close", *lines, "", "")
        writer.write("\r\n".join(head).encode())
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2]

    async def listen(self, path: str, clients: int, seconds: float) -> None:
        """Be so many clients of the stream, for so long."""
        loop = asyncio.get_running_loop()
        joined = [await loop.create_connection(lambda: _Listener(path), HOST, self.port) for _ in range(clients)]
        await asyncio.sleep(seconds)
        for transport, _ in joined:
            transport.abort()

    async def reload(self, devices: int, **settings: object) -> None:
        """Give it another configuration, with the first of its devices, and wait until it has taken or refused it."""
        self._write(devices, **settings)
        before = self._log.read_text(encoding="utf-8").count("reload")
        self._process.send_signal(signal.SIGHUP)
        await self._until(lambda text: text.count("reload") > before)

    async def _begin(self, log: IO[str]) -> asyncio.subprocess.Process:
        name = str(self._folder)
        environment = {
            **os.environ,
            **{f"XDG_{kind}_HOME": name for kind in ("STATE", "CONFIG")},
            "XDG_RUNTIME_DIR": name,
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.play.held", "--trace", str(self._trace), "--"),
            *("run", "-c", str(self._config)),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )

    def _write(self, devices: int, **settings: object) -> None:
        config = {**self._settings, **settings, "devices": list(self._devices[:devices])}
        self._config.write_text(yaml.dump(config, Dumper=yaml.CSafeDumper), encoding="utf-8")

    async def _until(self, is_so: Callable[[str], bool]) -> None:
        ends = monotonic() + PATIENCE
        while not is_so(self._log.read_text(encoding="utf-8")):
            if monotonic() > ends or self._process.returncode is not None:
                raise RuntimeError(f"the daemon does not do as it is told:\n{self._end_of_log()}")
            await asyncio.sleep(0.05)

    def _end_of_log(self) -> str:
        return self._log.read_text(encoding="utf-8")[-2000:]


class _Listener(asyncio.Protocol):
    """Takes all and forgets it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        upgrade = _UPGRADE if self._path.startswith("/ws") else ""
        transport.write(f"GET {self._path} HTTP/1.1\r\nHost: {HOST}\r\n{upgrade}\r\n".encode())  # type: ignore[attr-defined]
