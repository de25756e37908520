"""Simulated meters, read by pymodbus's own clients over every carrier."""

import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient, AsyncModbusUdpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusIOException
from pymodbus.framer.rtu import FramerRTU

from mbmd.config.adapter import Adapter, Framing, Medium, parse_adapter
from mbmd.devices.registry import BUILT_IN
from mbmd.errors import UsageError
from mbmd.simulator.faults import Faults
from mbmd.simulator.site import mock_line, serve
from mbmd.simulator.slaves import Gaps

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
SDM, ABB = BUILT_IN.get("sdm"), BUILT_IN.get("abb")
METERS = [(SDM, 1), (ABB, 2)]
TIMEOUT = 10.0
NO_ANSWER = 0.3
FRAMERS = {Framing.RTU: FramerType.RTU, Framing.ASCII: FramerType.ASCII, Framing.MBAP: FramerType.SOCKET}
NETWORK = [
    (Medium.TCP, Framing.MBAP),
    (Medium.TCP, Framing.RTU),
    (Medium.TCP, Framing.ASCII),
    (Medium.UDP, Framing.RTU),
]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    def run_on(main: Awaitable[None]) -> None:
        async def bounded() -> None:
            await asyncio.wait_for(main, 60)
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(bounded())

    return run_on


def network(medium: Medium, framing: Framing) -> Adapter:
    return Adapter(medium, framing, "127.0.0.1:0", "127.0.0.1", 0)


def make_client(adapter: Adapter, timeout: float = TIMEOUT) -> ModbusBaseClient:
    framer = FRAMERS[adapter.framing]
    if adapter.medium is Medium.SERIAL:
        return AsyncModbusSerialClient(
            adapter.address, framer=framer, baudrate=adapter.baudrate, timeout=timeout, retries=0, reconnect_delay=0
        )
    kind = AsyncModbusUdpClient if adapter.medium is Medium.UDP else AsyncModbusTcpClient
    return kind(adapter.host, port=adapter.port, framer=framer, timeout=timeout, retries=0, reconnect_delay=0)


async def with_client(adapter: Adapter, use: Callable[[ModbusBaseClient], Awaitable[None]], patience: float) -> None:
    client = make_client(adapter, patience)
    assert await client.connect()
    try:
        await use(client)
    finally:
        client.close()
        await asyncio.sleep(0)


async def check_readings(client: ModbusBaseClient) -> None:
    answer = await client.read_input_registers(0, count=18, device_id=1)
    values = struct.unpack(">9f", struct.pack(">18H", *answer.registers))
    voltages, currents, powers = values[:3], values[3:6], values[6:]
    assert all(abs(voltage - 230) < 23 for voltage in voltages)
    assert all(
        0 < power <= voltage * current for voltage, current, power in zip(voltages, currents, powers, strict=True)
    )
    answer = await client.read_holding_registers(0x5B00, count=2, device_id=2)
    assert abs(struct.unpack(">I", struct.pack(">2H", *answer.registers))[0] / 10 - 230) < 23


async def check_refusals(client: ModbusBaseClient) -> None:
    assert (await client.read_input_registers(34, count=2, device_id=1)).registers
    for address, count in ((34, 4), (36, 2), (60000, 1), (65535, 2)):
        assert (await client.read_input_registers(address, count=count, device_id=1)).exception_code == 2
    assert (await client.read_holding_registers(0, count=2, device_id=1)).exception_code == 2
    assert (await client.read_input_registers(0, count=81, device_id=1)).exception_code == 2
    assert (await client.read_coils(0, count=1, device_id=1)).exception_code == 1
    assert (await client.write_coil(0, True, device_id=1)).exception_code == 1
    assert (await client.write_register(0x5B00, 1, device_id=2)).exception_code == 2
    await check_readings(client)


async def check_silence(client: ModbusBaseClient) -> None:
    with pytest.raises(ModbusIOException):
        await client.read_input_registers(0, count=2, device_id=99)


async def check_gateway(client: ModbusBaseClient) -> None:
    assert (await client.read_input_registers(0, count=2, device_id=99)).exception_code == 11


@pytest.mark.parametrize(("medium", "framing"), NETWORK)
def test_network(medium: Medium, framing: Framing, run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with serve({network(medium, framing): METERS}) as [adapter]:
            assert adapter.port
            for check in (check_readings, check_refusals):
                await with_client(adapter, check, TIMEOUT)
            absent = check_gateway if framing is Framing.MBAP else check_silence
            await with_client(adapter, absent, TIMEOUT if framing is Framing.MBAP else NO_ANSWER)

    run(main())


@pytest.mark.parametrize("scheme", ["rtu", "ascii"])
def test_serial_line_is_opened_again_and_again(
    scheme: str, tmp_path: Path, run: Callable[[Awaitable[None]], None]
) -> None:
    adapter = parse_adapter(f"{scheme}://{tmp_path}/meters?baudrate=115200")

    async def main() -> None:
        async with serve({adapter: METERS}):
            for check in (check_readings, check_readings, check_refusals):
                await with_client(adapter, check, TIMEOUT)
            await with_client(adapter, check_silence, NO_ANSWER)
            await with_client(adapter, check_readings, TIMEOUT)

    run(main())
    assert not list(tmp_path.iterdir())


def test_serial_line_keeps_its_pace(tmp_path: Path, run: Callable[[Awaitable[None]], None]) -> None:
    adapter = parse_adapter(f"{tmp_path}/meters", 9600, "8E1")
    wire_time = (8 + 3.5 + 5 + 2 * 18) * 11 / 9600 + 0.005

    async def main() -> None:
        async def read(client: ModbusBaseClient) -> None:
            for _ in range(3):
                start = time.monotonic()
                assert (await client.read_input_registers(0, count=18, device_id=1)).registers
                assert time.monotonic() - start >= wire_time

        async with serve({adapter: METERS}):
            await with_client(adapter, read, TIMEOUT)

    run(main())


def test_a_broken_frame_does_not_spoil_the_next(tmp_path: Path, run: Callable[[Awaitable[None]], None]) -> None:
    adapter = parse_adapter(f"rtu://{tmp_path}/meters?baudrate=115200")

    async def main() -> None:
        async with serve({adapter: METERS}):
            port = os.open(adapter.address, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(port, bytes([1, 4, 0, 0, 0]))
            assert await heard(port, NO_ANSWER) == b""
            os.write(port, frame(1, 4, 0, 2))
            assert good(await heard(port, TIMEOUT))
            os.close(port)

    run(main())


async def heard(port: int, patience: float) -> bytes:
    """The answer of two registers on an open pty, or what there is of it when patience ends."""
    answer = b""
    end = time.monotonic() + patience
    while len(answer) < 9 and time.monotonic() < end:
        await asyncio.sleep(0.002)
        with contextlib.suppress(BlockingIOError):
            answer += os.read(port, 100)
    return answer


def frame(unit: int, function: int, address: int, count: int) -> bytes:
    body = struct.pack(">BBHH", unit, function, address, count)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def good(answer: bytes) -> bool:
    return FramerRTU.check_CRC(answer[:-2], int.from_bytes(answer[-2:], "big"))


async def network_answer(faults: Faults, patience: float = TIMEOUT) -> bytes:
    """The answer to one request over RTU over TCP."""
    async with serve({network(Medium.TCP, Framing.RTU): METERS}, faults=faults) as [adapter]:
        reader, writer = await asyncio.open_connection(adapter.host, adapter.port)
        writer.write(frame(1, 4, 0, 2))
        try:
            return await asyncio.wait_for(reader.readexactly(9), patience)
        except TimeoutError:
            return b""
        finally:
            writer.close()
            await writer.wait_closed()


def test_network_faults(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        assert good(await network_answer(Faults()))
        assert await network_answer(Faults(loss=1), NO_ANSWER) == b""
        assert not good(await network_answer(Faults(corrupt=1)))
        assert await network_answer(Faults(delay=60), NO_ANSWER) == b""
        start = time.monotonic()
        assert good(await network_answer(Faults(delay=0.1)))
        assert time.monotonic() - start >= 0.099

    run(main())


def test_serial_faults(tmp_path: Path, run: Callable[[Awaitable[None]], None]) -> None:
    adapter = parse_adapter(f"rtu://{tmp_path}/meters?baudrate=115200")

    async def answer(faults: Faults, patience: float = TIMEOUT) -> bytes:
        async with serve({adapter: METERS}, faults=faults):
            port = os.open(adapter.address, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(port, frame(1, 4, 0, 2))
            try:
                return await heard(port, patience)
            finally:
                os.close(port)

    async def main() -> None:
        assert good(await answer(Faults()))
        assert await answer(Faults(loss=1), NO_ANSWER) == b""
        corrupt = await answer(Faults(corrupt=1))
        assert len(corrupt) == 9
        assert not good(corrupt)
        start = time.monotonic()
        assert good(await answer(Faults(delay=0.1)))
        assert time.monotonic() - start >= 0.1

    run(main())


def test_gaps_read_as_zero_and_keep_what_is_written(run: Callable[[Awaitable[None]], None]) -> None:
    async def check(client: ModbusBaseClient) -> None:
        answer = await client.read_input_registers(0, count=80, device_id=1)
        assert answer.registers[0]
        assert answer.registers[36:38] == [0, 0]
        assert (await client.read_holding_registers(65535, count=1, device_id=1)).registers == [0]
        assert not (await client.write_registers(65534, [7, 8], device_id=1)).isError()
        assert (await client.read_holding_registers(65534, count=2, device_id=1)).registers == [7, 8]
        assert (await client.read_input_registers(0, count=81, device_id=1)).exception_code == 3
        assert (await client.read_input_registers(65535, count=2, device_id=1)).exception_code == 2

    async def main() -> None:
        async with serve({network(Medium.TCP, Framing.MBAP): METERS}, Gaps.ZERO) as [adapter]:
            await with_client(adapter, check, TIMEOUT)

    run(main())


class Receiver:
    def __init__(self) -> None:
        self.data = asyncio.Queue[bytes]()
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data.put_nowait(data)

    def connection_lost(self, exc: Exception | None) -> None:
        assert exc is None
        self.lost.set()


def test_mock_line(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        open_line = mock_line(METERS)
        for _ in range(2):
            receiver = Receiver()
            line = await open_line(receiver)
            line.write(struct.pack(">HHHBBHH", 77, 0, 6, 1, 4, 0, 2))
            header, value = struct.unpack(">9sf", await receiver.data.get())
            assert header == struct.pack(">HHHBBB", 77, 0, 7, 1, 4, 4)
            assert abs(value - 230) < 23
            line.close()
            await receiver.lost.wait()

    run(main())


def test_adapters_that_cannot_be_had(tmp_path: Path, run: Callable[[Awaitable[None]], None]) -> None:
    file = tmp_path / "file"
    file.write_text("data")

    async def refuse(adapter: Adapter, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            async with serve({parse_adapter(f"{tmp_path}/first"): METERS, adapter: METERS}):
                pass

    async def main() -> None:
        await refuse(parse_adapter(str(file)), "no link to a pty")
        await refuse(parse_adapter("mock"), "needs no simulator")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            await refuse(
                parse_adapter(f"127.0.0.1:{port}"), f"cannot listen on 127.0.0.1:{port}: Address already in use$"
            )

    run(main())
    assert list(tmp_path.iterdir()) == [file]


def test_ports_and_connections_are_closed_at_the_end(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        for medium, framing in NETWORK:
            async with serve({network(medium, framing): METERS}) as [adapter]:
                if medium is Medium.TCP:
                    reader, writer = await asyncio.open_connection(adapter.host, adapter.port)
            if medium is Medium.TCP:
                assert await reader.read() == b""
                writer.close()
                await writer.wait_closed()
            async with serve({adapter: METERS}) as [again]:
                assert again.port == adapter.port

    run(main())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_tells_what_it_serves_and_stops_on_signals(number: signal.Signals, tmp_path: Path) -> None:
    script = (
        "import argparse, sys; from mbmd.cli import simulate; parser = argparse.ArgumentParser();"
        "simulate.add_parser(parser.add_subparsers()); args = parser.parse_args(); sys.exit(args.run(args))"
    )
    argv = ["simulate", "-a", f"{tmp_path}/meters", "-d", "sdm:1,abb:2"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *argv], stdout=-1, stderr=-1, text=True
    ) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line.endswith(f"mbmd run -a rtu://{tmp_path}/meters -d SDM:1,ABB:2\n")
        child.send_signal(number)
        _, errors = child.communicate(timeout=20)
    assert (child.returncode, errors) == (0, "")
    assert not list(tmp_path.iterdir())


def test_it_is_an_independent_witness() -> None:
    script = (
        "import sys, mbmd.simulator.site;"
        "print([name for name in sys.modules if name.startswith(('mbmd._native', 'mbmd.protocol', 'mbmd.sunspec.'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "['mbmd.sunspec.definitions']\n"
