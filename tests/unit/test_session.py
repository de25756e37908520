"""Asking by hand: what is asked again, and what never is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import pytest

from mbmd.bus.client import Client
from mbmd.bus.poll import BUSY_PAUSE
from mbmd.config.adapter import Framing, parse_adapter
from mbmd.config.options import DeviceOptions
from mbmd.errors import AnswerTimeout, FrameError, LinkError, ModbusException, NotConnectedError, TransactionError
from mbmd.protocol.kinds import KINDS, Span
from mbmd.session import Session, session
from tests import virtual_time
from tests.virtual_time import now
from tests.written import (
    Act,
    Device,
    Saying,
    cut_off,
    damaged,
    good,
    lost,
    lost_answer,
    pretended,
    refused,
    slow,
)

T = TypeVar("T")
TIMEOUT = 0.1
HERE = Span(KINDS["holding"], 100, 1)
COIL = Span(KINDS["coil"], 3, 1)
FRAMINGS = list(Framing)
SERIAL = [Framing.RTU, Framing.ASCII]


@asynccontextmanager
async def at(device: Device) -> AsyncIterator[Session]:
    client = Client(device.adapter, device.open, TIMEOUT)
    await client.connect()
    try:
        yield Session(client)
    finally:
        client.close()


def run(device: Device, main: Callable[[Session], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with at(device) as asking:
            return await main(asking)

    return virtual_time.run(connected())


@pytest.mark.parametrize("framing", FRAMINGS)
def test_cells_of_every_kind_are_read_and_written(framing: Framing) -> None:
    device = Device(framing)

    async def main(asking: Session) -> None:
        three, bits = replace(HERE, count=3), replace(COIL, count=10)
        assert await asking.read(1, three) == [7, 7, 7]
        assert await asking.write(1, three, [1, 2, 0xFFFF]) == (None, [1, 2, 0xFFFF], None)
        assert await asking.read(1, three) == [1, 2, 0xFFFF]
        pattern = [1, 0, 1, 1, 0, 0, 0, 0, 1, 1]
        assert await asking.write(1, bits, pattern) == (None, pattern, None)
        assert await asking.read(1, replace(bits, address=4, count=3)) == [0, 1, 1]

    run(device, main)
    assert device.functions == [3, 16, 3, 3, 15, 1, 1]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("echoes", [False, True])
@pytest.mark.parametrize(("span", "several", "one"), [(HERE, 16, 6), (COIL, 15, 5)])
def test_a_device_that_knows_only_the_function_for_one_is_written_by_that(
    framing: Framing, echoes: bool, span: Span, several: int, one: int
) -> None:
    device = Device(framing)
    device.echoes = echoes and framing is not Framing.MBAP
    device.unknown = {several}

    async def main(asking: Session) -> None:
        await asking.read(1, span)
        assert await asking.write(1, span, [1]) == (None, [1], None)
        assert await asking.write(1, span, [0], one) == (None, [0], None)

    run(device, main)
    reads = span.kind.read
    assert device.functions == [reads, several, one, reads, one, reads]


def test_an_echo_before_anything_was_read_is_no_acknowledgement_but_reading_back_tells() -> None:
    device = Device(Framing.RTU, [lost])
    device.echoes = True
    assert run(device, lambda asking: asking.write(1, HERE, [9], 6)) == (None, [7], None)


@pytest.mark.parametrize("framing", SERIAL)
def test_on_a_line_that_echoes_a_lost_write_is_not_taken_for_answered(framing: Framing) -> None:
    device = Device(framing, [lost])
    device.echoes = True

    async def main(asking: Session) -> None:
        await asking.read(1, HERE)
        written = await asking.write(1, HERE, [9], 6)
        assert isinstance(written.doubt, AnswerTimeout)
        assert written[1:] == ([7], None)

    run(device, main)


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(
    ("act", "after", "kind"),
    [
        (lost_answer, [9], AnswerTimeout),
        (lost, [7], AnswerTimeout),
        (cut_off, [9], LinkError),
        (refused(4), [7], ModbusException),
        (refused(4, does_it=True), [9], ModbusException),
        (refused(5, does_it=True), [9], ModbusException),
        (refused(11, does_it=True), [9], ModbusException),
        (refused(99), [7], ModbusException),
    ],
)
def test_a_write_without_a_good_answer_is_sent_once_and_read_back(
    framing: Framing, act: Act, after: list[int], kind: type[Exception]
) -> None:
    device = Device(framing, [act])
    written = run(device, lambda asking: asking.write(1, HERE, [9]))
    assert isinstance(written.doubt, kind)
    assert written[1:] == (after, None)
    assert device.functions.count(16) == 1


@pytest.mark.parametrize("framing", SERIAL)
def test_a_damaged_answer_to_a_write_is_a_doubt(framing: Framing) -> None:
    device = Device(framing, [damaged])
    written = run(device, lambda asking: asking.write(1, HERE, [9]))
    assert isinstance(written.doubt, FrameError)
    assert written.after == [9]
    assert device.functions == [16, 3]


@pytest.mark.parametrize("code", [1, 2, 3, 10])
def test_a_refused_write_is_an_error_and_nothing_more_is_asked(code: int) -> None:
    device = Device(script=[refused(code)])
    with pytest.raises(ModbusException, match=rf"^exception {code} "):
        run(device, lambda asking: asking.write(1, HERE, [9], 16))
    assert device.functions == [16]


def test_of_several_registers_none_is_written_alone() -> None:
    device = Device()
    device.unknown = {16}
    with pytest.raises(ModbusException, match=r"^exception 1 "):
        run(device, lambda asking: asking.write(1, replace(HERE, count=2), [8, 9]))
    assert device.functions == [16]


def test_a_busy_device_is_asked_again_as_it_did_nothing() -> None:
    device = Device(script=[refused(6), refused(6)])

    async def main(asking: Session) -> None:
        begun = now()
        assert await asking.write(1, HERE, [9]) == (None, [9], None)
        assert now() - begun == pytest.approx(2 * BUSY_PAUSE)

    run(device, main)
    assert device.functions == [16, 16, 16, 3]


def test_a_device_that_stays_busy_is_not_written() -> None:
    device = Device(script=[refused(6)] * 5)
    with pytest.raises(ModbusException, match=r"^exception 6 "):
        run(device, lambda asking: asking.write(1, HERE, [9]))
    assert device.functions == [16, 16, 16]
    assert device.registers[100] == 7


def test_what_a_device_carries_out_later_is_waited_for() -> None:
    device = Device(script=[slow(BUSY_PAUSE / 2)])
    assert run(device, lambda asking: asking.write(1, HERE, [9])) == (None, [9], None)
    assert device.functions == [16, 3, 3]


def test_what_a_device_only_pretends_to_do_is_found_out() -> None:
    device = Device(script=[pretended])
    assert run(device, lambda asking: asking.write(1, HERE, [9])) == (None, [7], None)


def test_what_cannot_be_read_back_is_said() -> None:
    device = Device()
    device.unknown = {3}
    written = run(device, lambda asking: asking.write(1, HERE, [9]))
    assert (written.doubt, written.after, str(written.unread)) == (None, None, "exception 1 (illegal function)")


def test_without_a_connection_a_write_is_sent_on_a_new_one() -> None:
    device = Device()

    async def main(asking: Session) -> None:
        await asking.read(1, HERE)
        device.hang_up()
        await asyncio.sleep(0.01)
        assert await asking.write(1, HERE, [9]) == (None, [9], None)

    run(device, main)
    assert (device.opened, device.functions) == (2, [3, 16, 3])


def test_what_could_not_be_sent_was_surely_not_written() -> None:
    device = Device()

    async def main(asking: Session) -> None:
        device.hang_up()
        await asyncio.sleep(0.01)
        device.down = 1
        with pytest.raises(NotConnectedError, match=r"unplugged$"):
            await asking.write(1, HERE, [9])

    run(device, main)
    assert device.heard == []


def test_a_write_whose_connection_ends_for_good_is_not_known() -> None:
    device = Device(script=[cut_off])

    async def main(asking: Session) -> None:
        device.down = 9
        written = await asking.write(1, HERE, [9])
        assert isinstance(written.doubt, LinkError)
        assert written.after is None
        assert isinstance(written.unread, NotConnectedError)

    run(device, main)
    assert device.functions == [16]


def test_a_read_is_asked_again_after_silence_and_a_while_after_busy() -> None:
    device = Saying([lost, refused(6)])

    async def main(asking: Session) -> None:
        begun = now()
        assert await asking.read(1, HERE) == [7]
        assert now() - begun == pytest.approx(TIMEOUT + BUSY_PAUSE)

    run(device, main)
    assert device.functions == [3, 3, 3]


@pytest.mark.parametrize(("act", "times", "error"), [(lost, 3, AnswerTimeout), (refused(2), 1, ModbusException)])
def test_a_read_that_gets_nothing_ends(act: Act, times: int, error: type[TransactionError]) -> None:
    device = Saying([act] * 9)
    with pytest.raises(error):
        run(device, lambda asking: asking.read(1, HERE))
    assert len(device.heard) == times


def test_the_pause_of_the_adapter_is_kept() -> None:
    device = Device()
    device.adapter = replace(device.adapter, options=DeviceOptions(pause=0.5))

    async def main(asking: Session) -> None:
        await asking.read(1, HERE)
        begun = now()
        await asking.read(1, HERE)
        assert now() - begun == pytest.approx(0.5)

    run(device, main)


def test_a_session_ends_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(script=[good])
    monkeypatch.setattr("mbmd.session.open_adapter", lambda adapter, mocked: device.open)

    async def main() -> None:
        async with session(parse_adapter("tcp://meter"), TIMEOUT) as asking:
            assert await asking.read(1, HERE) == [7]
        assert device.far is not None
        assert device.far.is_closing()
        device.down = 1
        with pytest.raises(LinkError, match="unplugged"):
            async with session(parse_adapter("tcp://meter"), TIMEOUT):
                pass

    virtual_time.run(main())
