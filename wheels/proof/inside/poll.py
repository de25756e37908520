"""A short poll by the installed mbmd: `python -m wheels.proof.inside.poll [--log TEXT]`.

`mbmd simulate` plays a meter on Modbus TCP, `mbmd run` polls it; a reading is fetched over REST and from the websocket
and compared with what pymodbus reads of the same meter. With --log, `mbmd run` must have logged that text.
"""

import argparse
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeAlias

from wheels.proof.inside.judge import MismatchError, must_equal

PATIENCE = 120.0
"""Seconds in which a program must have started, or ended: emulated machines are slow."""
PLACES = {"VoltageL1": 0, "Frequency": 70, "Import": 72, "Export": 74}
"""Where an SDM630 has its readings, single-precision floats in input registers."""
FURTHEST = {"VoltageL1": 6.0, "Frequency": 0.1}
"""How far these swing; the counters of a simulated meter grow, or stand still."""

Process: TypeAlias = "subprocess.Popen[bytes]"
"""A running mbmd."""


def main() -> int:
    """Poll, compare, end; say how long the first reading took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", default="")
    wanted = parser.parse_args().log
    with tempfile.TemporaryDirectory() as home:
        try:
            print(polled(Path(home), wanted))
        except MismatchError as error:
            print(f"{error}\n{_logs(Path(home))}", file=sys.stderr)
            return 1
    return 0


def polled(home: Path, wanted: str) -> str:
    """What was seen, in a line."""
    meter, api = free_port(), free_port()
    adapter = f"127.0.0.1:{meter}"
    with mbmd(home, "simulate", "-a", adapter, "-d", "sdm:1") as simulating:
        until(lambda: listens(meter), "the simulated meter listens", simulating)
        begin = monotonic()
        options = ("-c", "", "-a", f"tcp://{adapter}", "-d", "SDM:1", "--api", f"127.0.0.1:{api}")
        with mbmd(home, "run", *options) as polling:
            until(lambda: latest(api), "there is a reading", polling)
            seconds = monotonic() - begin
            compare(meter, api, polling)
            live = live_reading(api)
    if wanted not in _logs(home):
        raise MismatchError(f"the log of mbmd run does not have {wanted!r}")
    return f"first reading after {seconds:.1f} s, {len(PLACES)} compared, {live} from the websocket"


def compare(meter: int, api: int, polling: Process) -> None:
    """The reading over REST is what the meter has, between a look before and one after."""
    before = witnessed(meter)
    stamp = latest(api)["Timestamp"]
    until(lambda: latest(api)["Timestamp"] > stamp, "there is a reading later than the witness's", polling)
    reading = latest(api)
    after = witnessed(meter)
    must_equal(reading["Export"], before["Export"], "Export, which stands still")
    if not before["Import"] <= reading["Import"] <= after["Import"]:
        raise MismatchError(f"Import {reading['Import']} is not between {before['Import']} and {after['Import']}")
    for name, far in FURTHEST.items():
        if abs(reading[name] - before[name]) > far:
            raise MismatchError(f"{name} {reading[name]} is far from {before[name]}")


def witnessed(port: int) -> dict[str, float]:
    """What pymodbus reads of the meter."""
    from pymodbus.client import ModbusTcpClient

    values = {}
    with ModbusTcpClient("127.0.0.1", port=port, timeout=PATIENCE) as client:
        for name, place in PLACES.items():
            answer = client.read_input_registers(place, count=2, device_id=1)
            values[name] = struct.unpack(">f", struct.pack(">2H", *answer.registers))[0]
    return values


def latest(port: int) -> dict[str, Any]:
    """The reading over REST; empty while there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/last", timeout=PATIENCE) as answer:
            return dict(json.load(answer).get("SDM1.1", {}))
    except ConnectionError:
        return {}
    except OSError as error:  # urllib wraps the refusal
        if isinstance(getattr(error, "reason", None), ConnectionError):
            return {}
        raise


def live_reading(port: int) -> str:
    """The name of the first measurement that the websocket sends."""
    from websockets.sync.client import connect

    end = monotonic() + PATIENCE
    with connect(f"ws://127.0.0.1:{port}/ws", open_timeout=PATIENCE, close_timeout=0.1) as live:
        while monotonic() < end:
            message = json.loads(live.recv(timeout=PATIENCE))
            if message.get("Device") == "SDM1.1":
                return str(message["IEC61850"])
    raise MismatchError("the websocket sent no reading")


@contextmanager
def mbmd(home: Path, command: str, *arguments: str) -> Iterator[Process]:
    """Within, a command of mbmd runs; it must end well when it is told to."""
    folders = ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
    environment = os.environ | dict.fromkeys(folders, str(home))
    line = [f"{sys.prefix}/bin/mbmd", command, *arguments]
    with (home / f"{command}.log").open("wb") as log:
        running = subprocess.Popen(line, stdout=log, stderr=log, env=environment)  # noqa: S603
        try:
            yield running
            must_equal(running.poll(), None, f"mbmd {command} while it runs")
            running.terminate()
            must_equal(running.wait(PATIENCE), 0, f"exit code of mbmd {command} after SIGTERM")
        except subprocess.TimeoutExpired:
            raise MismatchError(f"mbmd {command} does not end after SIGTERM") from None
        finally:
            running.kill()
            running.wait()


def until(done: Callable[[], object], what: str, running: Process) -> None:
    """Wait until something is so that a running program brings about."""
    end = monotonic() + PATIENCE
    while not done():
        must_equal(running.poll(), None, f"exit code while it is waited until {what}")
        if monotonic() > end:
            raise MismatchError(f"waited {PATIENCE:.0f} s in vain until {what}")
        sleep(0.1)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _logs(home: Path) -> str:
    return "\n".join(f"{path.name}:\n{path.read_text()}" for path in sorted(home.glob("*.log")))


if __name__ == "__main__":
    sys.exit(main())
