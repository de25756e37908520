"""Walking along the models of a SunSpec unit, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbmd.devices.identify import Read
from mbmd.scan.ask import BUSY, Asker, Missing
from mbmd.sunspec.chain import walk
from mbmd.sunspec.common import BASES
from mbmd.sunspec.registers import HOLDING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mbmd.sunspec.chain import Chain, Reply, Walk

MOST_VAIN = 20
"""Requests of one walk that bring nothing, after which it goes no further: a unit that has many models and keeps silent
about most of them would hold up all others."""


async def find_chain(asker: Asker, unit: int, bases: Sequence[int] = BASES) -> Chain | None:
    """The models of a unit that is there; None if it has no marker. Errors as of `Asker.once`."""
    return await follow(walk(bases), asker, lambda read: reply(asker, unit, read))


async def follow(steps: Walk, asker: Asker, ask: Callable[[Read], Awaitable[Reply]]) -> Chain | None:
    """The end of a walk whose reads `ask` brings, by the asker."""
    vain = 0
    try:
        place = next(steps)
        while True:
            sent = asker.requests
            brought = await ask(Read(HOLDING, *place)) if vain < MOST_VAIN else None
            is_answer = brought is not None and brought not in BUSY
            vain += max(0, asker.requests - sent - is_answer)
            place = steps.send(brought)
    except StopIteration as ended:
        chain: Chain | None = ended.value
        return chain


async def reply(asker: Asker, unit: int, read: Read) -> Reply:
    """What a read of a unit that is there brings in the end."""
    outcome = await asker.again(unit, read)
    return None if isinstance(outcome, Missing) else outcome
