"""A mosquitto on loopback, with its files in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from typing import Any, NamedTuple

from benchmarks.play.ports import HOST, free_port
from benchmarks.play.process import cpu_seconds

MISSING = "mosquitto is not installed: install the package mosquitto"
"""Why MQTT is left out where `program` finds none."""
PATIENCE = 10.0
"""Seconds within which it must listen, and tell of itself."""
SPOKEN = 600.0
"""Seconds within which what is waited for must be said."""
COUNT = "$SYS/broker/publish/messages/received"


class Taken(NamedTuple):
    """Messages that were published to a broker so far, and when it said so on the monotonic clock."""

    messages: int
    at: float


class Broker:
    """A broker that runs; `address` is what `mqtt.broker` of the configuration takes."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        self.address = f"{HOST}:{port}"

    @property
    def cpu_seconds(self) -> float:
        """CPU time that it has had so far."""
        return cpu_seconds(self.pid)

    @contextmanager
    def counting(self) -> Iterator["Counter"]:
        """Its own count of what is published."""
        counter = Counter()
        with self._subscribed(COUNT, counter.told):
            yield counter

    def wait_for(self, topic: str, payload: bytes, topics: int = 1) -> None:
        """Wait until so many topics of a filter have a payload. Raises RuntimeError if that does not come."""
        having, done = set[str](), threading.Event()

        def told(message: Any) -> None:
            if message.payload == payload:
                having.add(message.topic)
            if len(having) >= topics:
                done.set()

        with self._subscribed(topic, told):
            if not done.wait(SPOKEN):
                raise RuntimeError(f"{len(having)} of {topics} topics {topic} are {payload!r} after {SPOKEN:.0f} s")

    @contextmanager
    def _subscribed(self, topic: str, told: Callable[[Any], None]) -> Iterator[None]:
        """Within, messages of a topic are told, by a thread."""
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        def connected(*_: Any) -> None:
            client.subscribe(topic)

        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_connect = connected
        client.on_message = lambda _client, _data, message: told(message)
        client.connect(HOST, self.port)
        client.loop_start()
        try:
            yield
        finally:
            client.disconnect()
            client.loop_stop()


class Counter:
    """What a broker tells of itself once a second, while there is something to tell."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._latest: Taken | None = None

    def told(self, message: Any) -> None:
        """Called when it tells."""
        if not message.retain:  # which is as old as it likes
            with self._news:
                self._latest = Taken(int(message.payload), time.monotonic())
                self._news.notify_all()

    def next(self) -> Taken:
        """Wait until it tells. Raises RuntimeError if nothing is published."""
        with self._news:
            earlier = self._latest
            if not self._news.wait_for(lambda: self._latest is not earlier, PATIENCE):
                raise RuntimeError(f"nothing was published within {PATIENCE:.0f} s")
            assert self._latest is not None
            return self._latest


def program() -> str | None:
    """Where mosquitto is; None if it is not installed."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def running(port: int | None = None) -> Iterator[Broker]:
    """A broker that knows nothing of earlier times and listens to everyone, on a port of its own if none is given.

    Raises RuntimeError if there is none.
    """
    found = program()
    if found is None:
        raise RuntimeError(MISSING)
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="mbmd-bench-") as name:
        folder = Path(name)
        (folder / "conf").write_text(_configuration(port))
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen([found, "-c", str(folder / "conf")], stdout=log, stderr=log) as process,
        ):
            try:
                _wait_until_it_listens(process, port, folder / "log")
                yield Broker(process.pid, port)
            finally:
                process.terminate()


def _configuration(port: int) -> str:
    user = ["user root"] if os.getuid() == 0 else []  # else it becomes somebody who may not read the folder
    lines = [*user, f"listener {port} {HOST}", "allow_anonymous true", "set_tcp_nodelay true", "sys_interval 1"]
    return "\n".join([*lines, "persistence false", "log_type error", "log_type warning", ""])


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            create_connection((HOST, port), PATIENCE).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"mosquitto does not listen:\n{log.read_text(errors='replace')}")
