"""Work in turns: none of it keeps others from the event loop for long, and who came first is let in first."""

import asyncio
import itertools

import pytest

from mbmd import turns
from mbmd.turns import MOST, TURN, Gate, in_turns, rest


@pytest.mark.parametrize(("step", "expected"), [(0.0, 0), (TURN / 2, 5), (TURN, 10)])
def test_others_get_their_turn_when_much_is_made(monkeypatch: pytest.MonkeyPatch, step: float, expected: int) -> None:
    clock = itertools.count(1000, step)
    had = 0

    async def other() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0)
            had += 1

    async def main() -> list[int]:
        task = asyncio.create_task(other())
        await asyncio.sleep(0)
        monkeypatch.setattr(turns, "monotonic", lambda: next(clock))
        made = await in_turns(range(10), lambda number: number if number != 5 else None)
        task.cancel()
        return made

    assert asyncio.run(main()) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert had == expected


def test_what_is_made_of_things_that_change_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    things = {"a": 1, "b": 2}
    monkeypatch.setattr(turns, "TURN", 0.0)

    async def main() -> list[str]:
        asyncio.get_running_loop().call_soon(things.clear)
        return await in_turns(things, str.upper)

    assert asyncio.run(main()) == ["A", "B"]
    assert things == {}


def test_all_who_work_in_turns_have_one_share_of_a_turn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    made: list[int] = []
    monkeypatch.setattr(turns, "monotonic", lambda: now)

    def make(number: int) -> None:
        nonlocal now
        made.append(number)
        now += TURN / 4

    async def main() -> list[int]:
        tasks: list[asyncio.Task[list[None]]] = [
            asyncio.create_task(in_turns([worker] * 8, make)) for worker in range(3)
        ]
        in_each = []
        while not all(task.done() for task in tasks):
            before = len(made)
            await asyncio.sleep(0)
            in_each.append(len(made) - before)
        return in_each

    in_each = asyncio.run(main())
    assert sum(in_each) == 24
    assert sorted(made) == [0] * 8 + [1] * 8 + [2] * 8
    # The first works until its share is used up, and each of the others does one thing, so that it gets on too.
    assert max(in_each) <= 4 + 2


def test_who_rests_before_its_time_is_over_is_not_held_up() -> None:
    async def main() -> list[str]:
        heard: list[str] = []
        asyncio.get_running_loop().call_soon(heard.append, "others")
        await rest()
        heard.append("rested")
        return heard

    assert asyncio.run(main())[0] == "rested"


def test_what_fails_in_a_turn_is_raised_and_leaves_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN", 0.0)

    async def main() -> list[int]:
        with pytest.raises(ZeroDivisionError):
            await in_turns([1, 0, 1], lambda number: 1 // number)
        return await in_turns([1, 1], lambda number: 1 // number)

    assert asyncio.run(main()) == [1, 1]


def test_a_gate_lets_some_in_at_once_and_the_others_in_their_order() -> None:
    async def main() -> list[list[int]]:
        gate = Gate()
        came: list[int] = []

        async def come(number: int) -> None:
            await gate.passed()
            came.append(number)

        tasks = [asyncio.create_task(come(number)) for number in range(3 * MOST)]
        in_each = []
        while not all(task.done() for task in tasks):
            before = len(came)
            await asyncio.sleep(0)
            in_each.append(came[before:])
        return [some for some in in_each if some]

    in_each = asyncio.run(main())
    assert [number for some in in_each for number in some] == [*range(3 * MOST)]
    assert all(len(some) <= MOST for some in in_each)


def test_who_comes_alone_does_not_wait_and_leaves_nothing_behind() -> None:
    async def main() -> list[str]:
        gate = Gate()
        heard: list[str] = []
        for _ in range(2 * MOST):
            asyncio.get_running_loop().call_soon(heard.append, "others")
            await gate.passed()
            heard.append("passed")
            for _ in range(3):
                await asyncio.sleep(0)
        assert not gate._line
        assert not gate._passed
        return heard

    assert asyncio.run(main()) == ["passed", "others"] * (2 * MOST)


def test_who_was_cancelled_in_the_line_takes_no_room() -> None:
    async def main() -> int:
        gate = Gate()
        loop = asyncio.get_running_loop()
        waiters = [loop.create_future() for _ in range(MOST + 40)]
        for waiter in waiters:
            gate.let(waiter)
        for waiter in waiters[MOST:-1]:
            waiter.cancel()
        last = waiters[-1]
        had = 0
        while not last.done():
            await asyncio.sleep(0)
            had += 1
        return had

    assert asyncio.run(main()) <= 2


def test_who_has_passed_already_may_come_again_by_the_same_future() -> None:
    async def main() -> None:
        gate = Gate()
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        gate.let(done)
        await gate.passed()

    asyncio.run(main())


def test_who_has_passed_already_does_not_let_more_in() -> None:
    async def main() -> None:
        gate = Gate()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        done.set_result(None)
        gate.let(done)
        gate.let(done)
        waiters = [loop.create_future() for _ in range(4 * MOST)]
        for waiter in waiters:
            gate.let(waiter)
        for turn in range(1, 5):
            assert sum(waiter.done() for waiter in waiters) == turn * MOST
            await asyncio.sleep(0)

    asyncio.run(main())
