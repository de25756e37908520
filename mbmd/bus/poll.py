"""One poll of one device: its reads, asked again where that may help."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mbmd._native.query import Query
from mbmd.bus.client import Client
from mbmd.bus.meter import WITHDRAWN_AFTER, Meter
from mbmd.bus.resend import resend, rest
from mbmd.errors import LinkError, ModbusException, MovedError, TransactionError, UnsteadyError
from mbmd.planner import Block
from mbmd.readings.device import NO_TEXTS

if TYPE_CHECKING:
    from array import array

ATTEMPTS = 3
"""Times that a request is sent to a device that is online."""
VAIN_ATTEMPTS = 5
"""Requests, of several reads, after which a device that was online and answers none is offline."""
BUSY_PAUSE = 0.2
"""Seconds that a device gets which says that it is busy."""
STEADY_ATTEMPTS = 2
"""Times that values are read, and their scales before and after, until these are alike."""

log = logging.getLogger(__name__)

Again = Callable[["Poll"], float | None]
"""Told of a poll of which all was answered; either takes what it brought and says when the next begins, or neither."""
Observer = Callable[[bool, TransactionError | None, bool], None]
"""Told of each request: whether another unit was asked before, what went wrong, whether the device was online."""


class _Cut(NamedTuple):
    """What ended reads in a row, and whether another unit was asked before."""

    error: TransactionError | LinkError
    changed: bool


class Poll:
    """What one poll of a device brings, in `fresh` and `texts`.

    It began at `started`. `answered` are reads that were, parts of refused ones among them; `failed` got no usable
    answer; `left` are for the next poll, `pause` seconds from now. `busy` says that the device asked for time. `error`
    is the last one. `readmitted` says that a register was answered which was refused before, so that plans are to be
    made anew.
    """

    texts: Mapping[str, str] = NO_TEXTS
    failed: tuple[Block, ...] = ()
    left: tuple[Block, ...] = ()
    refusals = 0
    readmitted = False
    pause = 0.0
    busy = False
    error: TransactionError | None = None
    _at_fault: Block
    _cut: _Cut | None = None
    _rest: Sequence[Block] = ()
    _stepped_down: tuple[Block, ...] = ()
    _held: frozenset[bytes] = frozenset()
    _silent = False

    def __init__(self, client: Client, meter: Meter, started: float, observe: Observer | None) -> None:
        self.meter = meter
        self.started = started
        self.fresh = meter.readings.blank()
        self.answered: list[Block] = []
        self._client = client
        self._observe = observe
        self._due = blocks = meter.due(started)
        if meter.refuses_all:  # it is asked for one register alone, and for the others when that is answered
            self._rest, blocks = blocks, [meter.single()]
        self._ahead = blocks[::-1]

    @property
    def whole(self) -> bool:
        """Whether every read of the device was asked and answered."""
        return not (self.failed or self.left or self.refusals) and self.meter.is_all(self._due)

    async def run(self, again: Again | None = None) -> None:
        """Read all that is due, until the line goes down.

        `again` is asked when all of it was answered in a row. If it has taken that and gives a time, this is the next
        poll from then on, of the same reads. Raises LinkError when it brought nothing before, and MovedError.
        """
        meter = self.meter
        if not self._client.is_owed and (queries := meter.row(self._ahead, self._client.query)):
            await self._read_in_a_row(queries, again)
        while self._ahead:
            block = self._ahead.pop()
            if self._cut is None and self._client.may_hold and self._is_held(block):
                continue
            try:
                error = await self._read(block)
            except LinkError:
                self.failed += (block,)
                self.left += tuple(self._ahead[::-1])
                if not self.answered:
                    raise
                return
            if error is None:
                self.answered.append(block)
                meter.vain = 0
                if self._rest:
                    self._ahead, self._rest = [*reversed(self._rest)], ()
            elif self._is_over(block, error):
                break
        if self._stepped_down:
            self._gather_failed()

    async def _read_in_a_row(self, queries: tuple[Query, ...], again: Again | None) -> None:
        """Read all that is ahead; what goes wrong is the outcome of the first attempt at its read."""
        client, meter, ahead = self._client, self.meter, self._ahead
        exchange, changed = client.exchange, client.unit != meter.unit
        try:
            await client.transact_all(
                meter.unit,
                queries,
                self.fresh,
                patience=meter.settings.timeout,
                again=partial(self._begin_again, again) if again is not None else None,
            )
        except (TransactionError, LinkError) as error:
            self._cut = _Cut(error, changed and not exchange.answered)
        finally:
            meter.readings.requests += exchange.begun
        if not (done := exchange.answered):
            return
        self.answered = ahead[: -done - 1 : -1]
        del ahead[-done:]
        meter.vain = 0
        if self._observe is not None:
            for first in (changed, *[False] * (done - 1)):
                self._observe(first, None, True)

    def _begin_again(self, again: Again) -> "array[float] | None":
        """All was answered; the column of the next poll, if that begins at once."""
        self.answered = self._ahead[::-1]
        started = again(self)
        if started is None:
            return None
        self.meter.readings.requests += len(self._ahead)
        self.started, self.answered, self.fresh = started, [], self.meter.readings.blank()
        return self.fresh

    def _is_held(self, block: Block) -> bool:
        """Whether a read is left to the next poll, as a late answer may be taken for its own.

        While one is held, alike ones are not asked either: they would have it held for longer.
        """
        is_held = any(map(self._holds, block.parts)) if block.parts else self._holds(block)
        if is_held:
            self.left += (block,)
        return is_held

    def _holds(self, read: Block) -> bool:
        prefix = read.request.prefix
        if prefix not in self._held and not (pause := self._client.hold(self.meter.unit, read.request)):
            return False
        if prefix not in self._held:
            self.pause = max(self.pause, pause)
        self._held |= {prefix}
        return True

    def _is_over(self, block: Block, error: TransactionError) -> bool:
        """Draw the consequences of an error; whether nothing more is to be asked."""
        learned = self.meter.learned
        if isinstance(error, ModbusException) and error.asks_for_other_plan:
            self.refusals += 1
            self._ahead += learned.rejected(block, self._at_fault, self.answered)[::-1]
        elif isinstance(error, ModbusException) and error.asks_for_time:
            self.failed += (block,)
            self.busy = True
            self.left += tuple(self._ahead[::-1])
            self.pause = max(self.pause, BUSY_PAUSE)
            return True
        elif learned.is_trial(block):
            self._ahead += learned.unanswered(block, self._at_fault, self.answered)[::-1]
            self.refusals += 1
        elif self._may_step_down(block, error) and (parts := learned.failed(block, self._at_fault, self.answered)):
            self._ahead += parts[::-1]
            self._stepped_down += (block,)
            self.refusals += 1
        else:
            self.failed += (block,)
        return self.is_dead()

    def _may_step_down(self, block: Block, error: TransactionError) -> bool:
        """Whether a read at which a device with borders failed is made in parts: some mean that they refuse it.

        Who answers nothing is not asked for more and more; what failed as a whole is, at ever greater intervals.
        """
        if not isinstance(error, ModbusException) or not error.is_failure or not self.meter.learned.borders:
            return False
        if self.refusals and not self.answered:
            return False
        failures = self.meter.failures.get(block, 0)
        return not failures or (failures > WITHDRAWN_AFTER and failures.bit_count() == 1)

    def _gather_failed(self) -> None:
        """A read of which all parts failed has failed as a whole."""
        gathered: set[str] = set()
        for block in self._stepped_down:
            names = {register.measurement for register in block.registers}
            failed = {register.measurement for part in self.failed for register in part.registers}
            if names <= failed and not names <= gathered:
                apart = (part for part in self.failed if part.registers[0].measurement not in names)
                self.failed = (*apart, block)
                gathered |= names

    async def ask_again(self, now: float) -> None:
        """Ask for a register that was refused long ago."""
        learned = self.meter.learned
        if (register := learned.due(now)) is None:
            return
        learned.ask_later(register, now)
        for block in learned.ways(register):
            try:
                error: Exception | None = await self._read(block, 1)
            except LinkError as lost:
                error = lost.with_traceback(None)
            if error is None:
                self.answered.append(block)
                self.readmitted = True
                learned.readmit(register, block, now)
            if not (isinstance(error, ModbusException) and error.asks_for_other_plan):
                return

    def is_dead(self) -> bool:
        """Whether the device has not answered for as often as it takes; for a probe one silence is enough."""
        vain = self.meter.vain
        if self.answered or not vain:
            return False
        return vain >= VAIN_ATTEMPTS if self._lives else self._silent or vain >= ATTEMPTS

    @property
    def is_broken_off(self) -> bool:
        """Whether it is too early to say that the device is dead."""
        return self.busy or (bool(self.left) and not self.is_dead())

    @property
    def _lives(self) -> bool:
        """Whether there is a device, be it one that was found or refused a read just now."""
        return self.meter.readings.online or self.meter.is_heard or self.refusals > 0

    def _attempts(self, block: Block) -> int:
        if self.answered:
            return 1 if self.failed or self.meter.failures.get(block, 0) >= WITHDRAWN_AFTER else ATTEMPTS
        if not self._lives:
            return 1
        left = VAIN_ATTEMPTS - self.meter.vain
        return min(ATTEMPTS, left) if self._ahead else left

    async def _read(self, block: Block, attempts: int = 0, whole: Block | None = None) -> TransactionError | None:
        """Read a block, again after an error that may pass; returns the last error.

        It is asked `attempts` times at most; 0 means as often as the state of the poll suggests. A part of another
        block counts as that `whole` one where a refusal may be a surprise.
        """
        if block.parts:
            return await self._read_apart(block, attempts or self._attempts(block))
        while True:
            error = await self._ask(block)
            if error is None:
                if block.anchors or block.strings:
                    self._look_into(block, self._client.payload)
                return None
            attempts = (attempts or self._attempts(block)) - 1
            self._note(block, error)
            if attempts <= 0 or (isinstance(error, ModbusException) and self._decides(error, whole or block)):
                return error

    async def _ask(self, block: Block) -> TransactionError | None:
        """Read a block once, on a new connection where the line was closed; returns what went wrong."""
        meter, client, readings = self.meter, self._client, self.meter.readings
        pause = rest(client, meter, bool(self.answered)) if meter.probes else meter.settings.pause
        cut, self._cut = self._cut, None
        changed = client.unit != meter.unit if cut is None else cut.changed
        readings.requests += cut is None
        error: TransactionError | None = None
        try:
            try:
                if cut is not None:
                    raise cut.error
                await client.transact(
                    meter.unit, block.request, block.program, self.fresh, patience=meter.settings.timeout, pause=pause
                )
            except LinkError as lost:
                await resend(client, meter, lost, block.request, block.program, self.fresh, pause)
        except TransactionError as missed:
            error = missed
        if self._observe is not None:
            self._observe(changed, error, readings.online)
        return error

    def _look_into(self, block: Block, payload: bytes) -> None:
        """Take from an answer what no program decodes."""
        if not block.is_anchored(payload):
            raise MovedError("other models stand where its models were, so it is asked for them again")
        self.texts = {**self.texts, **block.texts(payload)}

    async def _read_apart(self, block: Block, attempts: int) -> TransactionError | None:
        """Read scales, values and scales again; values count only if the scales have surely stayed meanwhile."""
        client, readings = self._client, self.meter.readings
        for _ in range(STEADY_ATTEMPTS):
            errors = readings.errors
            payloads = []
            for part in block.parts:
                if (error := await self._read(part, attempts, block)) is not None:
                    return error
                self.meter.vain = 0
                payloads.append(client.payload)
            before, values, after = payloads
            # Without numbers the last answer may be a late one to the first request, if that was asked again.
            if block.is_steady(before, after) and not (client.may_hold and readings.errors > errors):
                block.program.run(before + values, self.fresh)
                return None
        unsteady = UnsteadyError("the scales may have changed while the values were read")
        self._note(block, unsteady)
        return unsteady

    def _note(self, block: Block, error: TransactionError) -> None:
        self.error = error.with_traceback(None)  # which has the frames of the poll, and these would have it
        self._at_fault = block
        readings = self.meter.readings
        readings.errors += 1
        readings.health.errors[error.kind] += 1
        if not self.answered and not self.meter.learned.is_trial(block):
            self.meter.vain += error.means_silence
        self._silent = not self._client.heard
        log.debug("%s: read %s: %s", readings.id, block, error)

    def _decides(self, error: ModbusException, block: Block) -> bool:
        """Whether asking again at once is of no use."""
        if error.asks_for_other_plan:
            return not self.meter.proven(block)
        return error.asks_for_time
