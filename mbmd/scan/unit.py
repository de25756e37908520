"""Asking one unit what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mbmd.bus.poll import ATTEMPTS
from mbmd.devices.identify import Identifier, Match, Read, also_fit
from mbmd.scan.ask import BUSY, Asker, Missing
from mbmd.scan.chain import follow, reply
from mbmd.scan.subdevices import type_name
from mbmd.sunspec.chain import walk
from mbmd.sunspec.common import MARKER_REGISTERS
from mbmd.sunspec.registers import HOLDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mbmd.devices.evidence import Answer
    from mbmd.sunspec.chain import Chain

RETICENT_AFTER = 2
"""Reads that brought nothing after which a unit is taken for one that says nothing about what it does not know."""
NOBODY_AFTER = 3
"""Reads that all brought nothing, after which what was heard was no unit, or one that has no time for anybody."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a unit has said of itself.

    `matches` are the types that fit, best first, none for a SunSpec device, whose models are `sunspec`. `also_at` are
    other units under which the same device answers.
    """

    unit: int
    answers: Mapping[Read, Answer] = field(default_factory=dict)
    matches: tuple[Match, ...] = ()
    sunspec: Chain | None = None
    also_at: tuple[int, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it is of a type that mbmd has."""
        return self.sunspec is not None or bool(self.matches)

    @property
    def is_damaged(self) -> bool:
        """Whether something came, but never a whole answer."""
        return all(answer is None for answer in self.answers.values())

    @property
    def types(self) -> tuple[str, ...]:
        """The types that it is one of, best first: those that nothing tells apart from the best."""
        if self.sunspec is not None:
            return (type_name(self.sunspec),)
        return tuple(device.type for device in self.matches[0].types) if self.matches else ()

    @property
    def also(self) -> tuple[str, ...]:
        """Other types that fit about as well."""
        return tuple(device.type for match in also_fit(self.matches) for device in match.types)


class Examiner:
    """Asks units what they are: one of the types that `identifier` knows, or a SunSpec device.

    These are looked for at `bases`; none to look for none. With `marker_first`, or without types, a unit is asked for
    the first of them first.
    """

    def __init__(self, asker: Asker, identifier: Identifier, bases: Sequence[int], marker_first: bool) -> None:
        self._asker = asker
        self._identifier = identifier
        self._bases = bases
        self._markers = [Read(HOLDING, base, MARKER_REGISTERS) for base in bases]
        begins = (*self._markers, *identifier.probes) if marker_first else (*identifier.probes, *self._markers)
        self.first = begins[0]
        """The read that a unit is asked first."""

    async def look(self, unit: int, patience: float | None = None) -> Portrait | Missing:
        """What a unit says of itself; anything but silence to the first read is a sign of life.

        DAMAGED: there was something, but it was silent when asked again.
        """
        for attempt in range(ATTEMPTS):
            heard = await self._asker.once(unit, self.first, patience)
            if not isinstance(heard, Missing):
                return await self._examine(unit, {} if heard in BUSY else {self.first: heard})
            if heard is not Missing.DAMAGED:
                return Missing.DAMAGED if attempt else heard
        return Portrait(unit, {self.first: None})

    async def _examine(self, unit: int, answers: dict[Read, Answer]) -> Portrait:
        # Any register may hold 230 by chance, and some inverters have meters' registers beside their models; the
        # marker is no chance. It costs a meter a few of its many reads, and spares an inverter the rest of them.
        chain = await self._find_chain(unit, answers)
        if chain is not None:
            return Portrait(unit, answers, sunspec=chain)
        while not _is_vain(answers):
            read = self._identifier.next_read(answers, brief=_is_reticent(answers))
            if read is None:
                break
            await self._ask(unit, read, answers)
        return Portrait(unit, answers, tuple(self._identifier.matches(answers)))

    async def _find_chain(self, unit: int, answers: dict[Read, Answer]) -> Chain | None:
        """The models of a unit, if it has the marker; only reads of that are worth keeping."""

        async def ask(read: Read) -> Answer:
            if read not in self._markers:
                return await reply(self._asker, unit, read)
            return None if _is_vain(answers) else await self._ask(unit, read, answers)

        return await follow(walk(self._bases), self._asker, ask)

    async def _ask(self, unit: int, read: Read, answers: dict[Read, Answer]) -> Answer:
        """Ask unless it is known; a unit that has more than once kept silent is asked once only."""
        if read not in answers:
            outcome = await self._asker.again(unit, read, 1 if _is_reticent(answers) else ATTEMPTS)
            answers[read] = None if isinstance(outcome, Missing) else outcome
        return answers[read]


def _is_reticent(answers: Mapping[Read, Answer]) -> bool:
    return sum(map(_is_nothing, answers.values())) >= RETICENT_AFTER


def _is_vain(answers: Mapping[Read, Answer]) -> bool:
    return len(answers) >= NOBODY_AFTER and all(map(_is_nothing, answers.values()))


def _is_nothing(answer: Answer) -> bool:
    """Whether asking for more brings no more: no answer, or that there is no time for one, however often asked."""
    return answer is None or answer in BUSY
