"""Adapters that send back what they are sent, and gateways that do not say whose answer it is."""

from dataclasses import replace

import pytest

from mbmd.bus.client import Client
from mbmd.config.adapter import Framing, parse_adapter
from mbmd.errors import AnswerTimeout, FrameError, LinkError, ModbusException, TransactionError
from mbmd.planner import Limits, plan
from mbmd.protocol.pdu import Request
from mbmd.protocol.timing import Costs
from tests import virtual_time
from tests.polled_bus import TIMEOUT, make_meter, polling, right, values
from tests.scripted import (
    ADAPTERS,
    Asked,
    FarEnd,
    ScriptedLine,
    Step,
    by_byte,
    cut,
    drop,
    echo,
    exception,
    flip,
    good,
    halting,
    late,
    noise,
    of_count,
    of_transaction,
    of_unit,
    only,
    registers,
    split,
    steps,
    word,
)
from tests.virtual_time import now

SERIAL = [Framing.RTU, Framing.ASCII]
UNNUMBERED = replace(ADAPTERS[Framing.MBAP], transaction_ids=False)
(READ,) = plan(registers(5, 8), {"Current": 0, "Voltage": 1}, Limits(), Costs(1, 0))
(OTHER,) = plan(registers(305, 308), {"Current": 0, "Voltage": 1}, Limits(), Costs(1, 0))
ANSWER = b"".join(word(1, 3, at).to_bytes(2) for at in range(5, 9))


def outcomes(line: ScriptedLine, requests: int) -> tuple[Client, list[bytes | type[Exception]]]:
    """What each of some equal requests brought: the data of the answer, or the class of its error."""

    async def run() -> tuple[Client, list[bytes | type[Exception]]]:
        client = Client(line.adapter, line.open, TIMEOUT)
        await client.connect()
        brought: list[bytes | type[Exception]] = []
        for _ in range(requests):
            try:
                if not client.connected:
                    await client.connect()
                await client.transact(1, READ.request)
                brought.append(client.payload)
            except (TransactionError, LinkError) as error:
                brought.append(type(error))
        client.close()
        return client, brought

    return virtual_time.run(run())


def unnumbered(*script: Step) -> ScriptedLine:
    line = ScriptedLine(Framing.MBAP, script)
    line.adapter = UNNUMBERED
    return line


@pytest.mark.parametrize("kind", SERIAL)
@pytest.mark.parametrize(
    "step",
    [echo(), echo(by_byte), echo(split(3)), echo(halting(2, 0.02)), late(0.02, echo()), echo(late(0.02))],
    ids=["at once", "by byte", "split", "halting", "late", "late after the echo"],
)
def test_what_an_adapter_sends_back_is_not_taken_for_the_answer(kind: Framing, step: Step) -> None:
    client, brought = outcomes(ScriptedLine(kind, [step] * 5), 6)
    assert brought == [ANSWER] * 6
    assert client.health.echoes == 5
    assert (client.health.stale, client.health.damaged, client.health.timeouts) == (0, 0, 0)


def in_bytes(far: FarEnd, asked: Asked) -> None:
    for byte in asked.request() + asked.good():
        far.send(bytes((byte,)))


@pytest.mark.parametrize("kind", SERIAL)
def test_an_echo_may_come_in_one_piece_with_the_answer_or_byte_by_byte(kind: Framing) -> None:
    script: list[Step] = [
        lambda far, asked: far.send(asked.request() + asked.good()),
        in_bytes,
    ]
    client, brought = outcomes(ScriptedLine(kind, script), 3)
    assert brought == [ANSWER] * 3
    assert client.health.echoes == 2


@pytest.mark.parametrize("kind", SERIAL)
@pytest.mark.parametrize(
    ("step", "error"),
    [(echo(drop), AnswerTimeout), (echo(exception(2)), ModbusException), (echo(flip(70)), FrameError)],
)
def test_an_echo_hides_no_error(kind: Framing, step: Step, error: type[Exception]) -> None:
    client, brought = outcomes(ScriptedLine(kind, [step, echo()]), 3)
    assert brought == [error, ANSWER, ANSWER]
    assert client.health.echoes == 2


@pytest.mark.parametrize("kind", SERIAL)
@pytest.mark.parametrize("size", range(1, 7))
def test_a_cut_echo_before_a_good_answer_is_only_noise(kind: Framing, size: int) -> None:
    def step(far: FarEnd, asked: Asked) -> None:
        noise(asked.request()[:size])(far, asked)

    _, brought = outcomes(ScriptedLine(kind, [step, echo()]), 3)
    assert brought[0] in (ANSWER, AnswerTimeout, FrameError)
    assert brought[1:] == [ANSWER, ANSWER]


@pytest.mark.parametrize("kind", SERIAL)
def test_a_bus_on_an_adapter_that_hears_itself_reads_all(kind: Framing) -> None:
    async def run() -> None:
        meters = make_meter(1), make_meter(2)
        line = ScriptedLine(kind)
        line.by_unit = {1: echo(), 2: echo()}
        async with polling(line, *meters) as bus:
            await bus.wait(20.5)
            assert all(values(meter.readings) == right(meter) for meter in meters)
            assert all(meter.readings.errors == 0 for meter in meters)
            assert bus.health.echoes == bus.health.requests
            assert bus.health.stale == 0

    virtual_time.run(run())


def test_answers_may_carry_any_transaction_id_where_the_gateway_does_not_echo_it() -> None:
    script = [of_transaction(offset) for offset in (1, -1, 0, 4000)]
    client, brought = outcomes(unnumbered(*script), 5)
    assert brought == [ANSWER] * 5
    assert (client.health.stale, client.health.advice) == (0, [])


@pytest.mark.parametrize("step", [of_unit(2), of_count(3), of_count(9)])
def test_but_they_must_fit_the_request(step: Step) -> None:
    client, brought = outcomes(unnumbered(step, steps(step, good)), 3)
    assert brought == [AnswerTimeout, ANSWER, ANSWER]
    assert client.health.stale == 2


def test_an_exception_may_carry_any_transaction_id_too() -> None:
    line = unnumbered(lambda far, asked: exception(2)(far, replace(asked, transaction=77)))
    assert outcomes(line, 2)[1] == [ModbusException, ANSWER]


@pytest.mark.parametrize("request_", [READ.request, OTHER.request])
def test_without_numbers_a_late_answer_is_never_taken_for_the_connection_is_renewed(request_: Request) -> None:
    async def run() -> None:
        line = unnumbered(late(1.5 * TIMEOUT, of_transaction(3)), late(0.9 * TIMEOUT))
        client = Client(line.adapter, line.open, TIMEOUT)
        await client.connect()
        with pytest.raises(AnswerTimeout):
            await client.transact(1, READ.request)
        assert not client.connected
        await client.connect()
        await client.transact(1, request_)
        assert client.payload == line.asked[-1].words()
        assert now() == pytest.approx(1000 + 1.9 * TIMEOUT, abs=0.001)
        client.close()

    virtual_time.run(run())


ADVICE = (
    "answers do not carry the transaction id of their request: if the gateway cannot echo it, "
    "write the adapter as tcp://meter:502?transaction_ids=false"
)


def test_a_gateway_that_does_not_echo_transaction_ids_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        line = only(1, of_transaction(1000))
        async with polling(line) as bus:
            await bus.wait(60)
            assert not bus.meters[0].readings.online
            assert bus.health.advice == [ADVICE]
            assert bus.health.stale > 0

    virtual_time.run(run())
    assert caplog.messages.count(f"meter:502: {ADVICE}") == 1


def test_what_is_advised_works() -> None:
    async def run() -> None:
        line = only(1, of_transaction(1000))
        line.adapter = parse_adapter(ADVICE.split()[-1])
        async with polling(line) as bus:
            await bus.wait(10)
            assert values(bus.meters[0].readings) == right(bus.meters[0])
            assert bus.meters[0].readings.errors == 0
            assert bus.health.advice == []

    virtual_time.run(run())


@pytest.mark.parametrize(
    "script",
    [[good, steps(of_transaction(-1)), good], [drop, good], [good, late(2 * TIMEOUT), drop]],
    ids=["a late answer later", "no answer", "a slow device"],
)
def test_other_faults_bring_no_such_advice(script: list[Step]) -> None:
    client, brought = outcomes(ScriptedLine(Framing.MBAP, script), 5)
    assert AnswerTimeout in brought
    assert brought[-1] == ANSWER
    assert client.health.advice == []


def test_a_cut_answer_without_a_number_costs_at_most_its_connection() -> None:
    for size in range(17):
        first, *others = outcomes(unnumbered(cut(size)), 4)[1]
        assert first is AnswerTimeout
        assert all(brought in (ANSWER, AnswerTimeout, LinkError) for brought in others)
