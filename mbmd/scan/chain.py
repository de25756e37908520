"""Walking along the models of a SunSpec unit, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbmd.devices.identify import Read
from mbmd.scan.ask import Asker, Missing
from mbmd.sunspec.chain import walk
from mbmd.sunspec.common import BASES
from mbmd.sunspec.registers import HOLDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbmd.sunspec.chain import Chain


async def find_chain(asker: Asker, unit: int, bases: Sequence[int] = BASES) -> Chain | None:
    """The models of a unit that is there; None if it has no marker. Errors as of `Asker.once`."""
    steps = walk(bases)
    try:
        ask = next(steps)
        while True:
            outcome = await asker.again(unit, Read(HOLDING, *ask))
            ask = steps.send(None if isinstance(outcome, Missing) else outcome)
    except StopIteration as ended:
        chain: Chain | None = ended.value
        return chain
