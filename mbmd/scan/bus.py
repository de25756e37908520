"""Asking all units of one bus what they are."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from mbmd.config.adapter import Adapter, Framing
from mbmd.scan.alike import are_alike
from mbmd.scan.ask import Asker, Missing
from mbmd.scan.unit import Examiner, Portrait
from mbmd.session import Session, session
from mbmd.sunspec.common import BASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbmd.devices.identify import Identifier

ALIKE = 4
"""Units from the first on that are all one device under many ids, before others are asked whether they are too."""
WITNESSES = (247, 199, 151, 97, 61)
"""Units that no bus has all of, beside its first ones."""
SHORTEST = 0.05
"""Seconds that a unit gets at the least which is asked once more, for an answer may have been lost."""
LATE = 1.0
"""Seconds that a unit gets whose answer may have come too late."""
MOST_LATE = 16
"""More units than these are not late, but the line is noisy."""
LONGEST = 3.0
"""Seconds that a gateway is given to say that a unit does not answer."""
EVERYBODY = (0, 255)
"""Units of Modbus TCP under which a device may answer whatever its id is."""


class Watch(Protocol):
    """Who is told how a scan goes on."""

    def asking(self, adapter: Adapter, unit: int, left: int) -> None:
        """A unit is asked now, and then so many others."""

    def found(self, adapter: Adapter, portrait: Portrait) -> None:
        """A device was found."""


@dataclass(slots=True)
class Survey:
    """What is known of a bus, at any moment of its scan.

    `portraits` are units that are there, in the order in which they were found. `is_one_device`: every unit is the
    first of them. `cut` is how often the connection ended under a request, for `reason`; `seconds` and `requests` are
    what the scan took, `complete` that it went to its end.
    """

    adapter: Adapter
    portraits: list[Portrait] = field(default_factory=list)
    is_one_device: bool = False
    complete: bool = False
    requests: int = 0
    seconds: float = 0.0
    cut: int = 0
    reason: str = ""

    @property
    def found(self) -> list[Portrait]:
        """The units of a known type, by id."""
        return sorted((portrait for portrait in self.portraits if portrait.is_known), key=lambda p: p.unit)

    @property
    def unknown(self) -> list[Portrait]:
        """The units that are there and of no known type, by id."""
        return sorted((portrait for portrait in self.portraits if not portrait.is_known), key=lambda p: p.unit)


class Scan:
    """Asks units one after the other, and those again whose answer may have been lost; fills a survey."""

    def __init__(
        self, session: Session, survey: Survey, identifier: Identifier, sunspec: bool, patience: float, watch: Watch
    ) -> None:
        self.survey = survey
        self._asker = Asker(session, patience)
        self._watch = watch
        self._may_queue = survey.adapter.framing is Framing.MBAP
        bases = (survey.adapter.options.bases or BASES) if sunspec else ()
        # Most of what speaks Modbus TCP by itself is SunSpec, what stands on a line are meters.
        self._examiner = Examiner(self._asker, identifier, bases, marker_first=self._may_queue)
        self._patience = patience
        self._silent: list[int] = []
        self._doubtful: dict[int, None] = {}

    async def run(self, units: Sequence[int]) -> None:
        """Ask all units. Raises LinkError or UsageError when the bus is gone for good; what was found stays."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            await self._run(units)
            self.survey.complete = True
        finally:
            self.survey.seconds = loop.time() - started
            self.survey.requests = self._asker.requests
            self.survey.cut, self.survey.reason = self._asker.cut, self._asker.reason

    async def _run(self, units: Sequence[int]) -> None:
        for number, unit in enumerate(units, 1):
            self._watch.asking(self.survey.adapter, unit, len(units) - number)
            await self._ask(unit)
            if number == min(ALIKE, len(units)) and await self._is_one_device(number):
                return
        await self._ask_again()
        if self._may_queue:
            self._merge_everybody()

    async def _ask(self, unit: int, patience: float | None = None) -> None:
        outcome = await self._examiner.look(unit, patience)
        if isinstance(outcome, Portrait):
            self._keep(outcome)
        elif outcome is not Missing.ABSENT:
            self._silent.append(unit)
            if outcome is Missing.DAMAGED or self._asker.disturbed:
                await self._doubt()
            else:
                self._asker.patience = self._patience

    def _keep(self, portrait: Portrait) -> None:
        self.survey.portraits.append(portrait)
        if portrait.is_known:
            self._watch.found(self.survey.adapter, portrait)

    async def _doubt(self) -> None:
        """What came may be the late answer of a unit that was taken for silent.

        A gateway of Modbus TCP queues what it is asked while it waits for a unit. It is waited for until it has
        worked that off, and is given more time as long as that is of use: until it says nothing of a unit after all.
        """
        queue = self._silent[-math.ceil(LONGEST / self._patience) :] if self._may_queue else self._silent[-2:]
        self._doubtful.update(dict.fromkeys(queue))
        if self._may_queue:
            await self._work_off(queue)
            self._asker.patience = LONGEST
            self._patience = min(2 * self._patience, LONGEST)

    async def _work_off(self, queue: Sequence[int]) -> None:
        """Wait until a gateway answers the last of its queue, or has nothing more to say."""
        quiet = 0
        for _ in queue:
            if await self._asker.once(queue[-1], self._examiner.first, LONGEST) is not Missing.SILENT:
                return
            # A late answer shows with the request after the one that it came under.
            quiet = 0 if self._asker.disturbed else quiet + 1
            if quiet > 1:
                return

    async def _is_one_device(self, asked: int) -> bool:
        """Whether the units so far, and others that nobody would expect, all are the first one."""
        if not len(self.survey.portraits) == asked > 1:
            return False
        first, *others = self.survey.portraits
        if not all(are_alike(first, other) for other in others):
            return False
        seen = {portrait.unit for portrait in self.survey.portraits}
        for unit in WITNESSES:
            witness = await self._examiner.look(unit) if unit not in seen else first
            if not isinstance(witness, Portrait) or not are_alike(first, witness):
                return False
        self.survey.portraits = [first]
        self.survey.is_one_device = True
        return True

    async def _ask_again(self) -> None:
        """Where answers were lost, each silent unit may be one whose only answer was; else only the doubtful."""
        silent, self._silent = self._silent, []
        if self._asker.lost:
            patience = max(SHORTEST, 2 * (self._asker.slowest or 0.0))
            await self._ask_all(silent, min(patience, self._asker.patience))
        if self._may_queue or len(self._doubtful) <= MOST_LATE:
            known = {portrait.unit for portrait in self.survey.portraits}
            await self._ask_all([unit for unit in self._doubtful if unit not in known], max(self._asker.patience, LATE))

    async def _ask_all(self, units: Sequence[int], patience: float) -> None:
        for number, unit in enumerate(units, 1):
            self._watch.asking(self.survey.adapter, unit, len(units) - number)
            await self._ask(unit, patience)

    def _merge_everybody(self) -> None:
        """Take units that stand for any id for the device that has answered under an id of its own."""
        portraits = self.survey.portraits
        for extra in [portrait for portrait in portraits if portrait.unit in EVERYBODY]:
            owner = next((p for p in portraits if p.unit not in EVERYBODY and are_alike(p, extra)), None)
            if owner is not None:
                portraits.remove(extra)
                portraits[portraits.index(owner)] = replace(owner, also_at=(*owner.also_at, extra.unit))


async def scan(
    survey: Survey,
    units: Sequence[int],
    identifier: Identifier,
    sunspec: bool,
    patience: float,
    watch: Watch,
    raw: bool = False,
) -> None:
    """Ask `units` of the survey's adapter, `patience` seconds each, and fill the survey.

    Raises LinkError or UsageError when the adapter cannot be opened, or is gone for good.
    """
    async with session(survey.adapter, patience, raw) as bus:
        await Scan(bus, survey, identifier, sunspec, patience, watch).run(units)
