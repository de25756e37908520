"""Answers that come after their time, of transactions one after another, in all framings and virtual time."""

import asyncio

import pytest

from mbmd.bus.client import LATE
from mbmd.config.adapter import Framing
from mbmd.errors import AnswerTimeout, FrameError, ModbusException
from tests import virtual_time
from tests.asked_client import (
    ALIKE,
    HERE,
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
    ScriptedLine,
    drop,
    exception,
    flip,
    late,
    steps,
)


@pytest.mark.parametrize("kind", Framing)
def test_a_late_answer_is_taken_for_the_same_request_but_never_for_another(kind: Framing) -> None:
    first, other, again = outcome(kind, [late(1.5 * TIMEOUT)], HERE, THERE, HERE)
    assert [first, other, again] == [AnswerTimeout, right(THERE), right(HERE)]


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("delay", [1.01 * TIMEOUT, 2 * TIMEOUT, 5 * TIMEOUT, 0.9 * LATE])
def test_repeated_requests_have_as_many_answers(kind: Framing, delay: float) -> None:
    slow = [late(delay)] * 3
    brought = outcome(kind, slow, HERE, HERE, HERE, THERE, LONGER, THERE)
    assert all(values in (AnswerTimeout, right(HERE)) for values in brought[:3])
    assert brought[3:] == [right(THERE), right(LONGER), right(THERE)]


@pytest.mark.parametrize("kind", SERIAL)
def test_answers_may_be_late_by_a_long_timeout_too(kind: Framing) -> None:
    async def run() -> list[float]:
        async with connected(ScriptedLine(kind, [late(6.0), late(5.8)]), 5.0) as client:
            with pytest.raises(AnswerTimeout):
                await read(client)
            assert await read(client) == right(HERE)  # it is the first answer, the second is on its way
            return await read(client, THERE)

    assert virtual_time.run(run()) == right(THERE)


@pytest.mark.parametrize("kind", SERIAL)
def test_a_late_exception_is_not_taken_for_that_of_another_request(kind: Framing) -> None:
    script = [late(1.2 * TIMEOUT, exception(2)), late(0.5 * TIMEOUT)]
    brought = outcome(kind, script, HERE, LONGER, LONGER, THERE)
    assert brought == [AnswerTimeout, FrameError, right(LONGER), right(THERE)]


@pytest.mark.parametrize("kind", SERIAL)
def test_after_a_late_exception_the_own_answer_may_be_late_too(kind: Framing) -> None:
    script = [late(1.2 * TIMEOUT, exception(2)), late(0.9 * TIMEOUT), late(0.9 * TIMEOUT)]
    brought = outcome(kind, script, HERE, LONGER, ALIKE)
    assert brought == [AnswerTimeout, FrameError, right(ALIKE)]


@pytest.mark.parametrize("kind", SERIAL)
def test_an_exception_after_the_late_answer_is_past_counts(kind: Framing) -> None:
    async def run() -> int:
        async with connected(ScriptedLine(kind, [drop, exception(2)])) as client:
            with pytest.raises(AnswerTimeout):
                await read(client)
            await asyncio.sleep(2 * LATE)
            with pytest.raises(ModbusException) as caught:
                await read(client, LONGER)
            return caught.value.code

    assert virtual_time.run(run()) == 2


@pytest.mark.parametrize("kind", SERIAL)
def test_a_damaged_late_answer_hides_no_later_one(kind: Framing) -> None:
    # The request of LONGER gets the damaged rest of HERE, and its own answer only after it was given up.
    script = [late(1.2 * TIMEOUT, steps(flip(70), exception(1), flip(30))), late(TIMEOUT - 0.001)]
    brought = outcome(kind, script, HERE, LONGER, THERE, LONGER)
    assert brought[0] is AnswerTimeout
    assert all(
        values in (right(block), FrameError, AnswerTimeout)
        for values, block in zip(brought[1:], (LONGER, THERE, LONGER), strict=True)
    )
