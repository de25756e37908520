"""Asking a unit for its models, on the bus that is polled."""

import asyncio
import logging
from array import array
from collections.abc import Sequence
from dataclasses import replace
from math import isnan

from mbmd._native.decode import Program
from mbmd.bus.client import Client
from mbmd.bus.poll import ATTEMPTS, BUSY_PAUSE
from mbmd.bus.resend import resend, rest
from mbmd.bus.unit import Found, UnitMeter
from mbmd.devices.schema import Register
from mbmd.errors import AnswerTimeout, LinkError, MbmdError, ModbusException, TransactionError
from mbmd.planner import Block, Limits, plan, refine
from mbmd.protocol.pdu import Request, read
from mbmd.readings.device import NAN
from mbmd.sunspec.chain import Ask, Chain, Reply, walk
from mbmd.sunspec.registers import HOLDING, Offer, borders

_TOO_LONG = 3
"""The exception of a device that is asked for more registers than it allows."""

log = logging.getLogger(__name__)


class NothingFoundError(MbmdError):
    """A unit answers, but has nothing to read; the text says why."""


class Search:
    """Walks along the models of a unit, and finds out which of them bring values."""

    def __init__(self, client: Client, meter: UnitMeter) -> None:
        self._client = client
        self._meter = meter
        self._heard = False
        self._error: TransactionError = AnswerTimeout("no answer")

    async def run(self) -> bool:
        """Let the meter read what there is; returns whether that is something else than before.

        Raises TransactionError if there was no answer, LinkError, and NothingFoundError.
        """
        meter = self._meter
        chain = await self._walk()
        if self._is_cut(chain):
            meter.search_later()
            return False
        offers = meter.offers(chain)
        registers = await self._choose(chain, offers)
        renewed = meter.adopt(Found(chain, registers))
        meter.tell(offers)
        if not any(registers):
            raise NothingFoundError(meter.emptiness)
        return renewed

    async def _walk(self) -> Chain:
        meter = self._meter
        steps = walk(meter.bases)
        try:
            ask = next(steps)
            while True:
                ask = steps.send(await self._ask(ask))
        except StopIteration as ended:
            chain: Chain | None = ended.value
        if chain is None:
            raise NothingFoundError(
                f"unit {meter.unit} has no SunSpec marker at {', '.join(map(str, sorted(meter.bases)))}: "
                "mbmd scan tells what it is"
            )
        if not chain.models:
            raise NothingFoundError(f"unit {meter.unit} has no models behind the marker at {chain.base}: {chain.end}")
        return chain

    def _is_cut(self, chain: Chain) -> bool:
        """Whether the answers ended within the models that are known; after an outage these may be others."""
        known = self._meter.found
        if known is None or not self._meter.readings.online:
            return False
        if not chain.may_go_on or chain.base != known.chain.base:
            return False
        return known.chain.models[: len(chain.models)] == chain.models

    async def _ask(self, ask: Ask) -> Reply:
        """What a read brings, asked again where that may help; raises if nothing was ever heard."""
        if ask.size > self._meter.settings.max_registers:
            return _TOO_LONG
        if await self._read(read(HOLDING, ask.address, ask.size)):
            return self._client.payload
        return self._nothing()

    async def _read(
        self, request: Request, program: Program | None = None, column: "array[float] | None" = None
    ) -> bool:
        """Whether a request gets a good answer, if need be in the last of several attempts."""
        lives = self._meter.readings.online or self._meter.is_heard
        attempts = 0
        while attempts < (ATTEMPTS if self._heard or lives else 1):
            attempts += 1
            try:
                await self._transact(request, program, column)
            except ModbusException as error:
                self._heard = self._heard or not error.means_silence
                if error.asks_for_other_plan:
                    return False
                if error.asks_for_time:
                    await asyncio.sleep(BUSY_PAUSE)
            except TransactionError:
                pass
            else:
                self._heard = True
                return True
        return False

    def _nothing(self) -> Reply:
        """What a read brings that was asked often enough."""
        error = self._error
        if not self._heard:
            raise error
        if not isinstance(error, ModbusException) or error.means_silence:
            return None
        if error.asks_for_time:
            raise error
        return error.code

    async def _transact(
        self, request: Request, program: Program | None = None, column: "array[float] | None" = None
    ) -> None:
        client, meter = self._client, self._meter
        readings = meter.readings
        pause = rest(client, meter, self._heard)
        readings.requests += 1
        try:
            try:
                await client.transact(
                    meter.unit, request, program, column, patience=meter.settings.timeout, pause=pause
                )
            except LinkError as lost:
                await resend(client, meter, lost, request, program, column, pause)
        except TransactionError as error:
            self._error = error
            readings.errors += 1
            readings.health.errors[error.kind] += 1
            log.debug("%s: search: %s", readings.id, error)
            raise

    async def _choose(self, chain: Chain, offers: list[Offer]) -> tuple[tuple[Register, ...], ...]:
        """For each part the registers that are wanted: of several for one measurement the first that has a value."""
        wanted = [
            {name: registers for name, registers in offered.candidates.items() if name in part.wanted}
            for part, offered in zip(self._meter.parts, offers, strict=True)
        ]
        rivals = {(number, name): found for number, of in enumerate(wanted) for name, found in of.items() if found[1:]}
        chosen = await self._with_values(rivals, borders(chain))
        return tuple(
            tuple(chosen.get((number, name), found[0]) for name, found in of.items())
            for number, of in enumerate(wanted)
        )

    async def _with_values(
        self, rivals: dict[tuple[int, str], tuple[Register, ...]], edges: Sequence[int]
    ) -> dict[tuple[int, str], Register]:
        """Of rivals the first that has a value now; where none has, the one that had one before, if there was one.

        Where that cannot be told, as a read gets no answer, the one before stays too.
        """
        chosen: dict[tuple[int, str], Register] = {}
        found_before = self._meter.found.registers if self._meter.found is not None else ()
        before = {register for registers in found_before for register in registers}
        unsure: set[tuple[int, str]] = set()
        for rank in range(max(map(len, rivals.values()), default=0)):
            asked = {
                key: found[rank]
                for key, found in rivals.items()
                if key not in chosen and key not in unsure and rank < len(found)
            }
            valued, unanswered = await self._having_values(asked, edges)
            chosen |= valued
            unsure |= unanswered
        for key, found in rivals.items():
            if key not in chosen and (known := before.intersection(found)):
                chosen[key] = known.pop()
        return chosen

    async def _having_values(
        self, asked: dict[tuple[int, str], Register], edges: Sequence[int]
    ) -> tuple[dict[tuple[int, str], Register], set[tuple[int, str]]]:
        """Those that have a value now, and those of which that is not known; what is refused has none."""
        meter = self._meter
        registers = [replace(register, measurement=str(slot)) for slot, register in enumerate(asked.values())]
        slots = {register.measurement: slot for slot, register in enumerate(registers)}
        column = array("d", [NAN]) * len(registers)
        limits = Limits(meter.settings.max_registers, borders=tuple(edges), crossing=False)
        blocks = plan(registers, slots, limits, meter.costs)
        unanswered: set[int] = set()
        while blocks:
            block = blocks.pop()
            if await self._fill(block, column):
                continue
            if _is_refusal(self._error):
                blocks += refine(block, slots, edges, 0)
            else:
                unanswered |= {slots[register.measurement] for register in block.registers}
        valued = {key: asked[key] for key, value in zip(asked, column, strict=True) if not isnan(value)}
        return valued, {key for slot, key in enumerate(asked) if slot in unanswered}

    async def _fill(self, block: Block, column: "array[float]") -> bool:
        """Read a block into a column; returns whether it was answered."""
        if not block.parts:
            return await self._read(block.request, block.program, column)
        data = b""
        for part in block.parts[:2]:
            if not await self._read(part.request):
                return False
            data += self._client.payload
        block.program.run(data, column)
        return True


def _is_refusal(error: TransactionError) -> bool:
    return isinstance(error, ModbusException) and not (error.means_silence or error.asks_for_time)
