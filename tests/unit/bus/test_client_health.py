"""What a client tells of its bus."""

import asyncio

import pytest

from mbmd.bus.client import Client, advise
from mbmd.config.adapter import Framing
from mbmd.errors import AnswerTimeout, LinkError, TransactionError
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import Costs
from mbmd.readings.health import BusHealth
from tests import virtual_time
from tests.polled_bus import TIMEOUT, polling
from tests.scripted import (
    ScriptedLine,
    Step,
    drop,
    exception,
    flip,
    good,
    hang_up,
    late,
    of_transaction,
    registers,
    steps,
)
from tests.virtual_time import now

SERIAL = [Framing.RTU, Framing.ASCII]
(READ,) = plan(registers(5, 8), {"Current": 0, "Voltage": 1}, Limits(), Costs(1, 0))
CHARACTER = 10 / 115200
CHARACTERS = {Framing.RTU: 8 + 13, Framing.ASCII: 17 + 27}


def account(kind: Framing, *script: Step, requests: int | None = None) -> BusHealth:
    """The account after as many requests as the script has steps."""

    async def run() -> BusHealth:
        line = ScriptedLine(kind, script)
        client = Client(line.adapter, line.open, TIMEOUT, health=BusHealth("bus"))
        for _ in range(len(script) if requests is None else requests):
            if not client.connected:
                await client.connect()
            try:
                await client.transact(1, READ.request)
            except (TransactionError, LinkError):
                await asyncio.sleep(2)
        client.close()
        await asyncio.sleep(3)
        return client.health

    return virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_requests_and_timeouts(kind: Framing) -> None:
    health = account(kind, good, drop, good, drop, exception(2))
    assert (health.requests, health.timeouts) == (5, 2)
    assert (health.damaged, health.stale, health.echoes, health.reconnects) == (0, 0, 0, 0)
    assert (health.address, health.connected) == ("bus", True)


@pytest.mark.parametrize("kind", SERIAL)
def test_damaged_answers(kind: Framing) -> None:
    health = account(kind, flip(70), good, flip(70))
    assert (health.damaged, health.timeouts) == (2, 0)


@pytest.mark.parametrize("kind", SERIAL)
def test_what_comes_unasked_on_a_serial_line_is_stale(kind: Framing) -> None:
    assert account(kind, late(2 * TIMEOUT), good).stale == 1


def test_answers_to_earlier_requests_are_stale() -> None:
    assert account(Framing.MBAP, steps(of_transaction(-1), good), good, requests=3).stale == 1


@pytest.mark.parametrize("kind", Framing)
def test_reconnects_are_counted_from_the_second_connection_on(kind: Framing) -> None:
    assert account(kind, hang_up(), good, hang_up(3), good).reconnects == 2


def test_only_good_answers_have_a_round_trip() -> None:
    health = account(Framing.MBAP, late(0.01), late(0.02), drop, late(0.005, exception(2)))
    assert health.round_trip(0.0) == pytest.approx(0.01)
    assert health.round_trip(1.0) == pytest.approx(0.02)


@pytest.mark.parametrize("kind", SERIAL)
def test_a_serial_line_is_busy_for_as_long_as_its_characters_take(kind: Framing) -> None:
    assert account(kind, good, late(0.02)).busy == pytest.approx(2 * CHARACTERS[kind] * CHARACTER)


def test_a_network_is_busy_for_as_long_as_answers_are_waited_for() -> None:
    assert account(Framing.MBAP, late(0.01), drop).waited == pytest.approx(0.01 + TIMEOUT)


@pytest.mark.parametrize("kind", Framing)
def test_whether_it_is_connected(kind: Framing) -> None:
    async def run() -> list[bool]:
        line = ScriptedLine(kind)
        client = Client(line.adapter, line.open, TIMEOUT)
        seen = [client.health.connected]
        for change in (client.connect, client.disconnect, client.connect, client.rest, client.connect):
            if (waiting := change()) is not None:
                await waiting
            seen.append(client.health.connected)
        assert line.near is not None
        line.near.close()
        await asyncio.sleep(0)
        seen.append(client.health.connected)
        client.close()
        assert client.health.reconnects == 1  # after a rest it is no reconnect
        return seen

    assert virtual_time.run(run()) == [False, True, True, True, True, True, False]  # closed on purpose is not lost


def test_a_device_may_be_given_more_time_than_the_others() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP, [late(1.0), drop])
        client = Client(line.adapter, line.open, TIMEOUT)
        await client.connect()
        await client.transact(1, READ.request, patience=1.5)
        start = now()
        with pytest.raises(AnswerTimeout):
            await client.transact(1, READ.request, patience=0.5)
        assert now() - start == pytest.approx(0.5, abs=0.002)
        client.close()

    virtual_time.run(run())


def test_advice_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with polling(ScriptedLine(Framing.MBAP)) as bus:
            for _ in range(3):
                advise(bus.health, "buy a better cable")
            assert bus.health.advice == ["buy a better cable"]

    virtual_time.run(run())
    assert caplog.messages.count("meter:502: buy a better cable") == 1
