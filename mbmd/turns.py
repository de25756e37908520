"""Work that takes long is done in turns of the event loop, so that the polls go on in between."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TypeVar
from weakref import WeakKeyDictionary

TURN = 0.001
"""Seconds of a turn of the event loop that work of this kind takes, all of it together."""
MOST = 4
"""Polls that begin in one turn: with the answers to others it takes as long again as they do."""

Thing = TypeVar("Thing")
Made = TypeVar("Made")


async def in_turns(things: Iterable[Thing], make: Callable[[Thing], Made | None]) -> list[Made]:
    """What is made of each thing, if anything; others use the event loop in between when it takes long."""
    turn = _turn()
    turn.begin()
    made = []
    for thing in list(things):
        if (one := make(thing)) is not None:
            made.append(one)
        await turn.rest()
    return made


async def rest() -> None:
    """Let others use the event loop, if work done in turns has held it for long."""
    await _turn().rest()


class _Turn:
    """A turn of an event loop, of which all who work in turns have one share together."""

    def __init__(self) -> None:
        self._goes_on = False
        self._ends = 0.0

    def begin(self) -> None:
        """Work begins; the time of others in the same turn counts as its own."""
        if not self._goes_on:
            self._goes_on = True
            self._ends = monotonic() + TURN
            asyncio.get_running_loop().call_soon(self._end)

    async def rest(self) -> None:
        self.begin()
        if monotonic() >= self._ends:
            await asyncio.sleep(0)
            self.begin()

    def _end(self) -> None:
        self._goes_on = False


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turn] = WeakKeyDictionary()


def _turn() -> _Turn:
    loop = asyncio.get_running_loop()
    turn = _turns.get(loop)
    if turn is None:
        turn = _turns[loop] = _Turn()
    return turn


class Gate:
    """Lets MOST through in each turn of the event loop; the others wait in line.

    A thousand devices that are due at the same moment would hold it for long if they all began at once.
    """

    def __init__(self) -> None:
        self._passed = 0
        self._line: deque[asyncio.Future[None]] = deque()

    async def passed(self) -> None:
        """Wait for the turn in which one may go on."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.let(waiter)
        await waiter

    def let(self, waiter: "asyncio.Future[None]") -> None:
        """Let someone through who waits for this future, now or later; it may be cancelled meanwhile."""
        if waiter.done():
            return
        if self._passed or self._line:
            self._line.append(waiter)
            self._let_some()
        else:
            asyncio.get_running_loop().call_soon(self._begin)
            self._let_one(waiter)

    def _begin(self) -> None:
        """Another turn has begun."""
        self._passed = 0
        self._let_some()
        if self._passed:
            asyncio.get_running_loop().call_soon(self._begin)

    def _let_some(self) -> None:
        while self._line and self._passed < MOST:
            self._let_one(self._line.popleft())

    def _let_one(self, waiter: "asyncio.Future[None]") -> None:
        if not waiter.done():
            self._passed += 1
            waiter.set_result(None)
