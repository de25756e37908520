"""The TCP benchmark, run with hardly any effort."""

import math
import resource
import time

import pytest
from pymodbus.client import ModbusTcpClient

from benchmarks import tcp
from benchmarks.effort import Effort
from benchmarks.play.daemon import running
from benchmarks.play.meters import CLOCK, HOST, playing

WAYS = {"bare loop", "mbmd", "pymodbus", "libmodbus"}
WATCHED = {
    "sets": "sets/s",
    "CPU": "% of a core",
    "CPU a reading": "µs/reading",
    "memory": "MiB",
    "rounds missed": "rounds",
    "longest wait for a round": "s",
    "round trip, 95 % within": "ms",
}


def test_it_measures_every_way_and_watches_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "COMPARED", 4)
    monkeypatch.setattr(tcp, "QUICK_ROUNDS", 1.0)
    effort = Effort(seconds=0.1, repeat=1, quick=True)
    figures = {figure.name: figure for figure in tcp.run(effort)}
    ways = {name for name in WAYS if name not in effort.left_out}
    assert {"bare loop", "mbmd", "pymodbus"} <= ways
    for way in ways:
        assert figures[f"4 devices flat out: {way}"].unit == "sets/s"
        assert figures[f"4 devices flat out: {way}, CPU"].unit == "µs/reading"
    for way in ways - {"mbmd"}:
        assert figures[f"4 devices flat out: mbmd beside {way}"].unit == "x"
        assert figures[f"4 devices flat out: mbmd beside {way}, by CPU"].unit == "x"
    assert {what: figures[f"4 devices once a second: {what}"].unit for what in WATCHED} == WATCHED
    assert all(math.isfinite(value) and value >= 0 for figure in figures.values() for value in figure.values)
    assert all(figure.median > 0 for name, figure in figures.items() if "rounds missed" not in name)


def test_meters_answer_pymodbus_with_the_clock_and_count() -> None:
    with playing(2) as meters:
        assert len(set(meters.ports)) == 2
        for port in meters.ports:
            with ModbusTcpClient(HOST, port=port) as client:
                for address in (0, 342, 0):
                    registers = client.read_input_registers(address, count=40, device_id=3).registers
                    values = client.convert_from_registers(registers, client.DATATYPE.FLOAT32)
                    assert isinstance(values, list)
                    assert len(set(values)) == 1
                    assert (time.monotonic() - float(values[0])) % CLOCK < 60.0
        assert meters.answered == 6
        assert meters.asked() == (6, 2)
        assert meters.pauses().missed == 0


def test_sizes_that_take_too_many_files_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    effort = Effort(seconds=0.1, repeat=1, quick=True)
    assert list(tcp.run(effort)) == []
    assert effort.left_out == {"64 devices": "a process may have only 100 files: allow 228 with ulimit -Hn"}


def test_a_daemon_that_does_not_start_is_told_with_its_reason() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)the daemon ended with 2:.*nonsense"), running([], nonsense=1):
        pass
