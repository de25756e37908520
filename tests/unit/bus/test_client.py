"""One transaction after another against a scripted far end, in all framings and virtual time."""

import asyncio
from array import array
from collections.abc import Callable
from math import isnan, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.client import AFTER_DAMAGE, LATE, Client
from mbmd.config.adapter import Framing
from mbmd.errors import AnswerTimeout, FrameError, LinkError, ModbusException
from mbmd.transport.line import Line, Receiver
from tests import virtual_time
from tests.asked_client import (
    HERE,
    LENGTH,
    LONGER,
    SERIAL,
    THERE,
    TIMEOUT,
    connected,
    outcome,
    read,
    right,
)
from tests.scripted import (
    FarEnd,
    ScriptedLine,
    Step,
    by_byte,
    cut,
    drop,
    exception,
    flip,
    good,
    halting,
    hang_up,
    late,
    noise,
    of_count,
    of_transaction,
    of_unit,
    split,
    steps,
    word,
    wrap,
)
from tests.virtual_time import now


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("step", [good, by_byte, steps(good)])
def test_right_values(kind: Framing, step: Step) -> None:
    assert outcome(kind, [step, step], HERE, LONGER) == [right(HERE), right(LONGER)]


@pytest.mark.parametrize("kind", Framing)
def test_right_values_wherever_the_answer_is_split(kind: Framing) -> None:
    script = [split(at) for at in range(LENGTH[kind] + 1)]
    assert outcome(kind, script, *[HERE] * len(script)) == [right()] * len(script)


@pytest.mark.parametrize("kind", Framing)
def test_every_unit_is_asked_for_itself(kind: Framing) -> None:
    async def run() -> list[list[float]]:
        async with connected(ScriptedLine(kind)) as client:
            return [await read(client, unit=unit) for unit in (1, 2, 247)]

    assert virtual_time.run(run()) == [right(unit=unit) for unit in (1, 2, 247)]


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize(
    ("step", "errors"),
    [
        (drop, {AnswerTimeout}),
        (exception(2), {ModbusException}),
        (exception(11), {ModbusException}),
        (of_unit(2), {AnswerTimeout, FrameError}),
        (of_count(3), {AnswerTimeout, FrameError}),
        (of_count(40), {AnswerTimeout, FrameError}),
        (hang_up(), {LinkError}),
        (hang_up(5), {LinkError}),
    ],
)
def test_a_fault_is_an_error_and_the_next_transaction_is_right(
    kind: Framing, step: Step, errors: set[type[Exception]]
) -> None:
    fault, same, other = outcome(kind, [step], HERE, HERE, LONGER)
    assert fault in errors
    assert [same, other] == [right(HERE), right(LONGER)]


@pytest.mark.parametrize("kind", Framing)
def test_the_line_may_be_lost_at_every_byte(kind: Framing) -> None:
    for size in range(LENGTH[kind]):
        assert outcome(kind, [hang_up(size)], HERE, HERE) == [LinkError, right()]


@pytest.mark.parametrize("kind", SERIAL)
def test_an_answer_may_be_cut_at_every_byte(kind: Framing) -> None:
    for size in range(LENGTH[kind]):
        assert outcome(kind, [cut(size)], HERE, HERE) == [AnswerTimeout, right()]


def test_a_tcp_gateway_that_cuts_an_answer_costs_at_most_its_connection() -> None:
    # A connection loses nothing in its midst: the rest is waited for, and what comes instead shows that it is wrong.
    for size in range(LENGTH[Framing.MBAP]):
        first, *others = outcome(Framing.MBAP, [cut(size)], HERE, LONGER, THERE, HERE, LONGER)
        assert first is AnswerTimeout
        for values, block in zip(others, (LONGER, THERE, HERE, LONGER), strict=True):
            assert values == right(block) or values in (LinkError, AnswerTimeout)
        assert others[-1] == right(LONGER)


@pytest.mark.parametrize("kind", SERIAL)
def test_any_flipped_bit_is_noticed(kind: Framing) -> None:
    for bit in range(8 * LENGTH[kind]):
        fault, again = outcome(kind, [flip(bit)], HERE, HERE)
        # ASCII: lower case digits are as good, and so is a line feed without its carriage return.
        assert fault in (FrameError, AnswerTimeout) or (kind is Framing.ASCII and fault == right())
        assert again == right()


@pytest.mark.parametrize("kind", SERIAL)
@pytest.mark.parametrize(
    "data", [b"\0", b"\xff\xff", b"\x01", b"\x01\x03", b"\x01\x83", b"\x01\x03\x08", b":", b":01", b"\n"]
)
def test_noise_before_the_answer_does_no_harm(kind: Framing, data: bytes) -> None:
    assert outcome(kind, [noise(data)], HERE, LONGER) == [right(HERE), right(LONGER)]


def test_noise_on_modbus_tcp_ends_the_connection() -> None:
    assert outcome(Framing.MBAP, [noise(b"HTTP/1.1 400 Bad Request\r\n")], HERE, HERE) == [LinkError, right()]


@pytest.mark.parametrize("kind", SERIAL)
def test_a_good_frame_may_follow_a_damaged_one(kind: Framing) -> None:
    assert outcome(kind, [steps(flip(70), good)], HERE) == [right()]


def test_another_transaction_is_not_taken() -> None:
    assert outcome(Framing.MBAP, [of_transaction(-1)], HERE, HERE) == [AnswerTimeout, right()]
    assert outcome(Framing.MBAP, [steps(of_transaction(7), good)], HERE) == [right()]


@pytest.mark.parametrize("kind", Framing)
def test_an_answer_nobody_asked_for_is_thrown_away(kind: Framing) -> None:
    assert outcome(kind, [steps(good, good), good], HERE, LONGER) == [right(HERE), right(LONGER)]


@pytest.mark.parametrize("kind", SERIAL)
def test_a_babbling_device_does_not_hold_the_bus(kind: Framing) -> None:
    def babble(far: FarEnd, asked: Any) -> None:
        flip(70)(far, asked)
        if not far.transport.is_closing() and now() < started + 100:
            asyncio.get_running_loop().call_later(AFTER_DAMAGE / 2, babble, far, asked)

    started = 1000.0

    async def run() -> float:
        async with connected(ScriptedLine(kind, [babble])) as client:
            start = now()
            with pytest.raises(FrameError):
                await read(client)
            return now() - start

    assert virtual_time.run(run()) <= AFTER_DAMAGE + 1.0


@pytest.mark.parametrize("kind", Framing)
def test_a_cancelled_transaction_leaves_nothing_and_takes_nothing(kind: Framing) -> None:
    async def run() -> list[float]:
        column = array("d", [nan, nan])
        async with connected(ScriptedLine(kind, [late(0.02), late(0.025)])) as client:
            task = asyncio.create_task(client.transact(1, HERE.request, HERE.program, column))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
            values = await read(client, THERE)
        assert all(map(isnan, column))
        return values

    assert virtual_time.run(run()) == right(THERE)


@pytest.mark.parametrize("kind", Framing)
def test_closing_in_the_middle_leaves_no_task_and_no_timer(kind: Framing) -> None:
    async def run() -> None:
        line = ScriptedLine(kind, [drop])
        client = Client(line.adapter, line.open, 5)
        await client.connect()
        task = asyncio.create_task(read(client))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        client.close()

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_line_lost_during_a_transaction(kind: Framing) -> None:
    async def run() -> str:
        line = ScriptedLine(kind, [drop])
        async with connected(line, 50) as client:
            task = asyncio.create_task(read(client))
            await asyncio.sleep(1)
            assert line.near is not None
            line.near.close()
            with pytest.raises(LinkError) as caught:
                await task
            assert not client.connected
            with pytest.raises(LinkError):
                await read(client)
            await client.connect()
            assert await read(client) == right()
            return str(caught.value)

    assert virtual_time.run(run()).endswith(": the connection was closed")


@pytest.mark.parametrize("kind", Framing)
def test_a_line_lost_between_transactions(kind: Framing) -> None:
    async def run() -> tuple[bool, list[float]]:
        line = ScriptedLine(kind)
        async with connected(line) as client:
            assert line.near is not None
            line.near.close()
            await asyncio.sleep(0)
            lost = not client.connected
            await client.connect()
            return lost, await read(client)

    assert virtual_time.run(run()) == (True, right())


class DeadOnArrival:
    """A line that is lost, or speaks, before its opening is over, as can happen on an event loop."""

    def __init__(self, happens: Callable[[Receiver], None]) -> None:
        self._happens = happens
        self.closed = 0

    async def open(self, receiver: Receiver) -> Line:
        self._happens(receiver)
        return self

    def write(self, data: bytes) -> None:
        """To nowhere."""

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    "happens",
    [
        lambda receiver: receiver.connection_lost(None),
        lambda receiver: receiver.connection_lost(ConnectionResetError("reset")),
        lambda receiver: receiver.data_received(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
)
def test_a_line_that_ends_while_it_is_opened_is_no_line(happens: Callable[[Receiver], None]) -> None:
    async def run() -> tuple[bool, int]:
        line = DeadOnArrival(happens)
        client = Client(ScriptedLine(Framing.MBAP).adapter, line.open, TIMEOUT)
        with pytest.raises(LinkError):
            await client.connect()
        alive = client.connected
        client.close()
        return alive, line.closed

    assert virtual_time.run(run()) == (False, 1)


def test_a_line_that_was_given_up_is_not_heard_any_more() -> None:
    receivers: list[Receiver] = []
    line = ScriptedLine(Framing.RTU)

    async def open_line(receiver: Receiver) -> Line:
        receivers.append(receiver)
        return await line.open(receiver)

    async def run() -> list[float]:
        client = Client(line.adapter, open_line, TIMEOUT)
        await client.connect()
        client.disconnect()
        await client.connect()
        receivers[0].connection_lost(None)
        assert client.connected
        values = await read(client)
        client.close()
        return values

    assert virtual_time.run(run()) == right()


def test_what_comes_is_traced() -> None:
    async def run() -> list[tuple[str, bytes]]:
        traffic: list[tuple[str, bytes]] = []
        line = ScriptedLine(Framing.RTU)
        client = Client(line.adapter, line.open, TIMEOUT, lambda way, data: traffic.append((way, data)))
        await client.connect()
        await read(client)
        client.close()
        return traffic

    (sent, request), (received, answer) = virtual_time.run(run())
    assert (sent, received) == (">", "<")
    assert request == wrap(Framing.RTU, 1, HERE.request.pdu)
    assert answer[:3] == bytes((1, 3, 8))


def test_the_payload_of_the_last_answer() -> None:
    async def run() -> bytes:
        async with connected(ScriptedLine(Framing.MBAP)) as client:
            await client.transact(1, HERE.request)
            return client.payload

    assert virtual_time.run(run()) == b"".join(word(1, 3, 0x0406 + n).to_bytes(2) for n in range(4))


def test_a_timeout_counts_beyond_the_time_on_the_wire() -> None:
    async def run() -> float:
        line = ScriptedLine(Framing.RTU, [drop])
        async with connected(line, 0.1) as client:
            start = now()
            with pytest.raises(AnswerTimeout):
                await read(client)
            return now() - start

    wire = (8 + 13) * 10 / 115200
    assert 0.1 + wire - 0.0011 <= virtual_time.run(run()) <= 0.1 + wire + 0.0011


@pytest.mark.parametrize("kind", Framing)
def test_an_answer_that_halts_longer_than_the_timeout_is_thrown_away_whole(kind: Framing) -> None:
    for size in range(LENGTH[kind]):
        brought = outcome(kind, [halting(size, 1.2 * TIMEOUT), late(0.5 * TIMEOUT)], HERE, LONGER, THERE, HERE)
        assert brought == [AnswerTimeout, right(LONGER), right(THERE), right(HERE)]


FAULTS = st.sampled_from(
    [good, drop, by_byte, exception(2), exception(4), of_unit(9), of_count(2), hang_up(), hang_up(7)]
)
FLIPS = st.builds(flip, st.integers(0, 400))
# A TCP connection loses no bytes in its midst, and nothing in an MBAP frame would tell if it did.
DAMAGE = FLIPS | st.builds(cut, st.integers(0, 40)) | st.builds(noise, st.binary(max_size=9))
DELAYS = st.floats(0, 0.9 * LATE)


@pytest.mark.parametrize("kind", Framing)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_happens_no_value_is_wrong_and_the_bus_recovers(kind: Framing, data: st.DataObject) -> None:
    now = FAULTS | DAMAGE if kind in SERIAL else FAULTS
    script = data.draw(st.lists(now | st.builds(late, DELAYS, now), max_size=6))
    blocks = data.draw(st.lists(st.sampled_from([HERE, THERE, LONGER]), min_size=6, max_size=6))

    brought = outcome(kind, script, *blocks, *[HERE] * 20)
    for values, block in zip(brought, blocks, strict=False):
        assert values == right(block) or isinstance(values, type)
    assert brought[-1] == right(HERE)


def test_frames_are_traced_from_when_that_is_asked_for() -> None:
    async def main() -> None:
        line = ScriptedLine(Framing.MBAP)
        client = Client(line.adapter, line.open, TIMEOUT)
        traffic: list[str] = []
        await client.connect()
        await client.transact(1, HERE.request)
        client.trace(lambda way, _: traffic.append(way))
        await client.transact(1, HERE.request)
        client.trace(None)
        await client.transact(1, HERE.request)
        assert traffic == [">", "<"]
        client.close()
        await asyncio.sleep(0)

    virtual_time.run(main())
