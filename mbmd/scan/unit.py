"""Asking one unit what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mbmd.bus.poll import ATTEMPTS
from mbmd.devices.identify import Identifier, Match, Read, also_fit
from mbmd.scan.ask import BUSY, Asker, Missing
from mbmd.sunspec.common import (
    BASES,
    HEADER_REGISTERS,
    MARKER,
    MARKER_REGISTERS,
    Common,
    common_length,
    parse_common,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbmd.devices.evidence import Answer

RETICENT_AFTER = 2
"""Reads that brought nothing after which a unit is taken for one that says nothing about what it does not know."""
NOBODY_AFTER = 3
"""Reads that all brought nothing, after which what was heard was no unit, or one that has no time for anybody."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a unit has said of itself.

    `matches` are the types that fit, best first, none for a SunSpec device, which `sunspec` tells of. `also_at` are
    other units under which the same device answers.
    """

    unit: int
    answers: Mapping[Read, Answer] = field(default_factory=dict)
    matches: tuple[Match, ...] = ()
    sunspec: Common | None = None
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
            return ("SUNSPEC",)
        return tuple(device.type for device in self.matches[0].types) if self.matches else ()

    @property
    def also(self) -> tuple[str, ...]:
        """Other types that fit about as well."""
        return tuple(device.type for match in also_fit(self.matches) for device in match.types)


class Examiner:
    """Asks units what they are: one of the types that `identifier` knows or, where `sunspec`, a SunSpec device."""

    def __init__(self, asker: Asker, identifier: Identifier, sunspec: bool) -> None:
        self._asker = asker
        self._identifier = identifier
        self._sunspec = sunspec
        marker = Read(3, BASES[0], MARKER_REGISTERS)
        self.first = marker if sunspec or not identifier.probes else identifier.probes[0]
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
        if self._sunspec:
            found = await self._find_sunspec(unit, answers)
            if found is not None:
                return Portrait(unit, answers, sunspec=found)
        while not _is_vain(answers):
            read = self._identifier.next_read(answers, brief=_is_reticent(answers))
            if read is None:
                break
            await self._ask(unit, read, answers)
        return Portrait(unit, answers, tuple(self._identifier.matches(answers)))

    async def _ask(self, unit: int, read: Read, answers: dict[Read, Answer]) -> Answer:
        """Ask unless it is known; a unit that has more than once kept silent is asked once only."""
        if read not in answers:
            outcome = await self._asker.again(unit, read, 1 if _is_reticent(answers) else ATTEMPTS)
            answers[read] = None if isinstance(outcome, Missing) else outcome
        return answers[read]

    async def _find_sunspec(self, unit: int, answers: dict[Read, Answer]) -> Common | None:
        for base in BASES:
            if await self._ask(unit, Read(3, base, MARKER_REGISTERS), answers) == MARKER:
                return await self._common(unit, base + MARKER_REGISTERS)
            if _is_vain(answers):
                break
        return None

    async def _common(self, unit: int, address: int) -> Common:
        """What model 1 says, if it stands there and can be read."""
        header = await self._asker.again(unit, Read(3, address, HEADER_REGISTERS))
        length = common_length(header) if isinstance(header, bytes) else 0
        if not length:
            return Common()
        data = await self._asker.again(unit, Read(3, address + HEADER_REGISTERS, length))
        return parse_common(data) if isinstance(data, bytes) else Common()


def _is_reticent(answers: Mapping[Read, Answer]) -> bool:
    return sum(map(_is_nothing, answers.values())) >= RETICENT_AFTER


def _is_vain(answers: Mapping[Read, Answer]) -> bool:
    return len(answers) >= NOBODY_AFTER and all(map(_is_nothing, answers.values()))


def _is_nothing(answer: Answer) -> bool:
    """Whether asking for more brings no more: no answer, or that there is no time for one, however often asked."""
    return answer is None or answer in BUSY
