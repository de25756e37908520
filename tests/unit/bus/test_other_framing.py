"""Gateways that speak RTU where Modbus TCP was asked for, or the reverse."""

import asyncio
from itertools import pairwise

import pytest

from mbmd.bus.other_framing import FIRST_PAUSE, LONGEST_PAUSE, OtherFraming
from mbmd.config.adapter import Framing, parse_adapter
from mbmd.errors import LinkError
from mbmd.protocol.pdu import read
from mbmd.transport.line import Line, Receiver
from mbmd.transport.memory import MemoryTransport, join
from tests import virtual_time
from tests.polled_bus import TIMEOUT, make_meter, polling, right, values
from tests.scripted import Asked, ScriptedLine, crc
from tests.virtual_time import now

MBAP, RTU = "tcp://gateway:502", "rtu+tcp://gateway:502"
REQUEST = read(3, 0, 2)


class Gateway(asyncio.Protocol):
    """Answers requests in one framing and is silent about, or closes at, all else."""

    transport: MemoryTransport

    def __init__(self, line: "OneFraming") -> None:
        self._line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        is_rtu = crc(data[:-2]) == data[-2:]
        self._line.heard.append((now(), Framing.RTU if is_rtu else Framing.MBAP))
        if is_rtu is not (self._line.speaks is Framing.RTU):
            if self._line.hangs_up:
                self.transport.close()
            return
        unit, pdu = (data[0], data[1:-2]) if is_rtu else (data[6], data[7:])
        address, count = int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])
        asked = Asked(self._line.speaks, unit, pdu[0], address, count, int.from_bytes(data[:2]), now())
        if unit in self._line.units:
            answer = asked.good() if self._line.code is None else asked.frame(bytes((pdu[0] | 0x80, self._line.code)))
            self.transport.write(answer)


class OneFraming(ScriptedLine):
    """The way to a gateway that `speaks` another framing than its adapter says."""

    def __init__(self, url: str, speaks: Framing) -> None:
        super().__init__(speaks)
        self.adapter = parse_adapter(url)
        self.speaks = speaks
        self.units = {1}
        self.code: int | None = None
        self.hangs_up = False
        self.heard: list[tuple[float, Framing]] = []
        self.lines: list[MemoryTransport] = []

    async def open(self, receiver: Receiver) -> Line:
        self.opened += 1
        if self.down:
            raise LinkError("unplugged")
        near, _ = join(_Near(receiver), Gateway(self))
        self.lines.append(near)
        return near

    @property
    def other(self) -> OtherFraming:
        other = OtherFraming.of(self.adapter, self.open)
        assert other is not None
        return other


class _Near(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self.data_received = receiver.data_received  # type: ignore[method-assign]
        self.connection_lost = receiver.connection_lost  # type: ignore[method-assign]


PAIRS = [(MBAP, Framing.RTU), (RTU, Framing.MBAP)]


def asks(line: OneFraming) -> bool:
    return virtual_time.run(line.other.answers(1, REQUEST, TIMEOUT))


@pytest.mark.parametrize(("url", "speaks"), PAIRS)
def test_an_answer_or_an_exception_in_the_other_framing_tells_it(url: str, speaks: Framing) -> None:
    line = OneFraming(url, speaks)
    assert asks(line)
    line.code = 2
    assert asks(line)
    assert [kind for _, kind in line.heard] == [speaks, speaks]
    assert all(near.is_closing() for near in line.lines)


@pytest.mark.parametrize(("url", "speaks"), PAIRS)
def test_silence_and_lost_lines_tell_nothing(url: str, speaks: Framing) -> None:
    line = OneFraming(url, speaks)
    line.units = set()
    assert not asks(line)
    deaf = OneFraming(url, Framing.MBAP if speaks is Framing.RTU else Framing.RTU)
    assert not asks(deaf)
    deaf.hangs_up = True
    assert not asks(deaf)
    line.down = 1
    assert not asks(line)
    assert all(near.is_closing() for near in [*line.lines, *deaf.lines])


@pytest.mark.parametrize(("url", "speaks"), PAIRS)
def test_cancelled_it_leaves_no_connection(url: str, speaks: Framing) -> None:
    line = OneFraming(url, speaks)
    line.units = set()

    async def run() -> None:
        task = asyncio.create_task(line.other.answers(1, REQUEST, 5.0))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(run())
    assert [near.is_closing() for near in line.lines] == [True]


def test_it_is_tried_more_and_more_seldom() -> None:
    other = OneFraming(MBAP, Framing.RTU).other
    tried = [second for second in range(20_000) if other.is_due(float(second))]
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("url", "thinkable"),
    [
        (MBAP, True),
        (RTU, True),
        ("ascii+tcp://gateway:502", False),
        ("rtu+udp://gateway:502", False),
        ("rtu:///dev/ttyUSB0", False),
        ("mock", False),
    ],
)
def test_only_a_tcp_gateway_may_speak_otherwise(url: str, thinkable: bool) -> None:
    adapter = parse_adapter(url)
    line = ScriptedLine(adapter.framing)
    assert (OtherFraming.of(adapter, line.open) is not None) is thinkable


ADVICE = {
    MBAP: "this gateway speaks RTU over TCP, not Modbus TCP: write the adapter as rtu+tcp://gateway:502",
    RTU: "this gateway speaks Modbus TCP, not RTU over TCP: write the adapter as tcp://gateway:502",
}


@pytest.mark.parametrize(("url", "speaks"), PAIRS)
def test_a_bus_that_was_never_answered_is_told_how_to_write_it(
    url: str, speaks: Framing, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        line = OneFraming(url, speaks)
        meter = make_meter()
        async with polling(line, meter, other_framing=line.other) as bus:
            await bus.wait(600)
            assert not meter.readings.online
            assert bus.health.advice == [ADVICE[url]]
            assert 2 <= [kind for _, kind in line.heard].count(speaks) <= 7
            open_lines = [near for near in line.lines if not near.is_closing()]
            assert len(open_lines) <= 1

    virtual_time.run(run())
    assert caplog.messages.count(f"gateway:502: {ADVICE[url]}") == 1


@pytest.mark.parametrize(("url", "speaks"), PAIRS)
def test_what_is_advised_works(url: str, speaks: Framing) -> None:
    async def run() -> None:
        line = OneFraming(ADVICE[url].split()[-1], speaks)
        meter = make_meter()
        async with polling(line, meter, other_framing=line.other) as bus:
            await bus.wait(3)
            assert values(meter.readings) == right(meter)
            assert bus.health.advice == []

    virtual_time.run(run())


def test_where_somebody_has_answered_nothing_else_is_tried() -> None:
    async def run() -> None:
        line = OneFraming(MBAP, Framing.MBAP)
        alive, dead = make_meter(1), make_meter(2)
        async with polling(line, alive, dead, other_framing=line.other) as bus:
            await bus.wait(30)
            line.units = set()
            await bus.wait(600)
            assert not alive.readings.online
            assert {kind for _, kind in line.heard} == {Framing.MBAP}

    virtual_time.run(run())


@pytest.mark.parametrize("code", [2, 4, 11])
def test_where_somebody_refuses_nothing_else_is_tried(code: int) -> None:
    async def run() -> None:
        line = OneFraming(MBAP, Framing.MBAP)
        line.code = code
        async with polling(line, make_meter(1), other_framing=line.other) as bus:
            await bus.wait(300)
            assert not bus.meters[0].readings.online
            assert {kind for _, kind in line.heard} == {Framing.MBAP}

    virtual_time.run(run())


def test_nothing_else_is_tried_before_all_were_asked() -> None:
    async def run() -> None:
        line = OneFraming(MBAP, Framing.MBAP)
        line.units = {3}
        async with polling(line, *[make_meter(unit) for unit in (1, 2, 3)], other_framing=line.other) as bus:
            await bus.wait(60)
            assert bus.meters[2].readings.online
            assert {kind for _, kind in line.heard} == {Framing.MBAP}

    virtual_time.run(run())


def test_where_nobody_is_there_at_all_nothing_is_advised() -> None:
    async def run() -> None:
        line = OneFraming(MBAP, Framing.RTU)
        line.units = set()
        async with polling(line, make_meter(1), make_meter(2), other_framing=line.other) as bus:
            await bus.wait(600)
            assert bus.health.advice == []
            assert {kind for _, kind in line.heard} == {Framing.MBAP, Framing.RTU}
            line.speaks, line.units = Framing.MBAP, {1, 2}
            await bus.until(online=True, unit=1)
            await bus.until(online=True, unit=2)
            assert all(values(meter.readings) == right(meter) for meter in bus.meters)

    virtual_time.run(run())


@pytest.mark.parametrize(("url", "speaks"), PAIRS)
def test_a_gateway_that_hangs_up_at_what_it_does_not_know_is_noticed_too(url: str, speaks: Framing) -> None:
    async def run() -> None:
        line = OneFraming(url, speaks)
        line.hangs_up = True
        async with polling(line, other_framing=line.other) as bus:
            await bus.wait(600)
            assert bus.health.advice == [ADVICE[url]]

    virtual_time.run(run())


def test_what_else_the_user_wrote_stays_in_the_advice() -> None:
    line = OneFraming("tcp://gateway:502?unit_pause=20ms&connect_delay=1s&rate=5s", Framing.RTU)
    assert line.other.advice.endswith(" rtu+tcp://gateway:502?unit_pause=20ms&connect_delay=1s&rate=5s")
