"""Reading all registers of the models of a SunSpec unit, by hand and whatever it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mbmd.bus.poll import ATTEMPTS
from mbmd.config.options import MAX_READ
from mbmd.devices.identify import Read
from mbmd.errors import MbmdError, ModbusException
from mbmd.scan.ask import BUSY, Asker, Missing
from mbmd.sunspec.common import HEADER_REGISTERS
from mbmd.sunspec.cuts import Cuts
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.registers import HOLDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mbmd.scan.ask import Outcome
    from mbmd.session import Session
    from mbmd.sunspec.chain import Placement

MOST_VAIN = 8
"""Reads in vain, one after the other, after which a unit is taken to be gone."""
MOST_REFUSED = 1000
"""Refused reads after which no more are taken apart: a model may announce any length."""
TOO_LONG = 3
"""The exception that says that a read is too long."""
SILENCE = {
    Missing.SILENT: "no answer",
    Missing.ABSENT: "no answer, says the gateway",
    Missing.DAMAGED: "the answer was damaged",
}
"""Why there is no answer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was read of a model: registers by their place behind the beginning of its header, or why there are none."""

    model: Placement
    registers: dict[int, int] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)


class Witness(Asker):
    """An asker that remembers what its reads brought."""

    def __init__(self, session: Session, patience: float) -> None:
        super().__init__(session, patience)
        self.outcomes: dict[Read, Outcome] = {}

    async def again(self, unit: int, read: Read, attempts: int = ATTEMPTS) -> Outcome:
        """As of `Asker`."""
        self.outcomes[read] = outcome = await super().again(unit, read, attempts)
        return outcome


async def take_all(
    asker: Asker, unit: int, models: Iterable[Placement], most: int, tell: Callable[[Placement], None]
) -> list[Taken]:
    """All registers of some models of a unit, in reads of `most` registers at most; `tell` is told what comes next.

    What is refused is read in smaller and smaller parts, which begin and end with points. Where such parts bring all
    of it, what follows is read in no larger ones. No error ends it: it is told with the registers that are missing.
    """
    reader = _Reader(asker, unit, most)
    taken = []
    for model in models:
        tell(model)
        taken.append(await _take(reader, model))
    return taken


async def _take(reader: _Reader, model: Placement) -> Taken:
    taken = Taken(model, {0: model.id, 1: model.length})
    cuts = Cuts(definition(model.id), model.length, taken.registers)
    await _ModelReader(reader, taken, cuts).read(HEADER_REGISTERS, HEADER_REGISTERS + model.length)
    return taken


class _Reader:
    """Asks the unit. `most` registers at once; `tears`: texts are read in parts too, as they do not change.

    `gone` is why nothing is asked any more.
    """

    def __init__(self, asker: Asker, unit: int, most: int) -> None:
        self.most = most
        self.tears = most < MAX_READ
        self.gone = ""
        self._asker = asker
        self._unit = unit
        self._vain = 0
        self._refused = 0

    @property
    def has_patience(self) -> bool:
        """Whether what is refused is asked for in parts."""
        return not self.gone and self._refused < MOST_REFUSED

    async def ask(self, address: int, size: int) -> bytes | str:
        """The data, or why there is none."""
        if self.gone:
            return self.gone
        try:
            read = Read(HOLDING, address, size)
            outcome = await self._asker.again(self._unit, read, 1 if self._vain else ATTEMPTS)
        except MbmdError as error:
            self.gone = str(error)
            return self.gone
        if isinstance(outcome, bytes):
            self._vain = 0
            return outcome
        return self._refusal(outcome)

    def _refusal(self, outcome: int | Missing) -> str:
        """Why there is nothing; it decides how the next is asked."""
        why = SILENCE[outcome] if isinstance(outcome, Missing) else str(ModbusException(outcome))
        if isinstance(outcome, Missing) or outcome in BUSY:
            self._vain += 1
            self.gone = why if self._vain >= MOST_VAIN else ""
        else:
            self._vain = 0
            self._refused += 1
            self.tears = self.tears or outcome == TOO_LONG
        return why


class _ModelReader:
    def __init__(self, reader: _Reader, taken: Taken, cuts: Cuts) -> None:
        self._reader = reader
        self._taken = taken
        self._cuts = cuts

    async def read(self, start: int, end: int) -> bool:
        """Read from one place up to another; whether all of it came."""
        is_whole = True
        while start < end:
            last = self._cuts.last(start, end, self._reader.most, self._reader.tears)
            is_whole &= await self._part(start, last)
            start = last
        return is_whole

    async def _part(self, start: int, end: int) -> bool:
        data = await self._reader.ask(self._taken.model.address + start, end - start)
        if isinstance(data, bytes):
            words = (int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
            self._taken.registers.update(zip(range(start, end), words, strict=True))
            return True
        middle = self._middle(start, end)
        if middle is None:
            self._taken.refusals.update(dict.fromkeys(range(start, end), data))
            return False
        is_whole = await self.read(start, middle) & await self.read(middle, end)
        if is_whole:
            self._reader.most = min(self._reader.most, max(middle - start, end - middle))
        return is_whole

    def _middle(self, start: int, end: int) -> int | None:
        """Where a read that brought nothing is taken apart, if it is."""
        if not self._reader.has_patience:
            return None
        middle = self._cuts.middle(start, end)
        if middle is None and end - start > 1 and self._reader.tears and self._cuts.is_text(start):
            return (start + end) // 2
        return middle
