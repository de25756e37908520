"""One poll of one device: its reads, asked again where that may help."""

import logging
from collections.abc import Callable

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.unit_pause import LONGEST
from mbmd.errors import LinkError, ModbusException, TransactionError, UsageError
from mbmd.planner import Block

ATTEMPTS = 3
"""Times that a request is sent to a device that is online."""
VAIN_ATTEMPTS = 5
"""Requests, of several reads, after which a device that was online and answers none is offline."""
BUSY_PAUSE = 0.2
"""Seconds that a device gets which says that it is busy."""

log = logging.getLogger(__name__)

Observer = Callable[[bool, TransactionError | None, bool], None]
"""Told of each request: whether another unit was asked before, what went wrong, whether the device was online."""


class Poll:
    """What one poll of a device brings, in `fresh`.

    `answered` are reads that were, parts of refused ones among them; `failed` got no usable answer; `left` are for
    the next poll, `pause` seconds from now. `busy` says that the device asked for time. `error` is the last one.
    """

    def __init__(self, client: Client, meter: Meter, started: float, observe: Observer | None) -> None:
        self.meter = meter
        self.fresh = meter.readings.blank()
        self.answered: list[Block] = []
        self.failed: list[Block] = []
        self.left: list[Block] = []
        self.refusals = 0
        self.pause = 0.0
        self.busy = False
        self.error: TransactionError | None = None
        self._client = client
        self._observe = observe
        self._ahead = meter.due(started)[::-1]
        self._all = len(self._ahead) == meter.readings.health.plan.reads
        self._silent = False

    @property
    def whole(self) -> bool:
        """Whether every read of the device was asked and answered."""
        return self._all and not (self.failed or self.left or self.refusals)

    async def run(self) -> None:
        """Read all that is due. Raises LinkError."""
        while self._ahead and not self.is_dead():
            block = self._ahead.pop()
            if pause := self._client.hold(self.meter.unit, block.request):
                self._leave(block, pause)
                return
            error = await self._read(block, self._attempts())
            if error is None:
                self.answered.append(block)
                self.meter.vain = 0
            elif isinstance(error, ModbusException) and error.asks_for_other_plan:
                self.refusals += 1
                self._ahead += self.meter.learned.rejected(block)[::-1]
            else:
                self.failed.append(block)
                self.meter.put_last(block)
                if isinstance(error, ModbusException) and error.asks_for_time:
                    self.busy = True
                    self._leave(None, BUSY_PAUSE)
                    return

    async def ask_again(self, now: float) -> bool:
        """Ask for registers that were refused long ago; whether any was answered, so that plans change."""
        again = False
        for block in self.meter.learned.due(now):
            answered = await self._read(block, 1) is None
            self.meter.learned.asked_again(block.registers[0], now, answered)
            if answered:
                self.answered.append(block)
                again = True
        return again

    def _leave(self, block: Block | None, pause: float) -> None:
        self.left = ([block] if block else []) + self._ahead[::-1]
        self.pause = pause

    def is_dead(self) -> bool:
        """Whether the device has not answered for as often as it takes; for a probe one silence is enough."""
        vain = self.meter.vain
        if self.answered or not vain:
            return False
        return vain >= VAIN_ATTEMPTS if self._lives else self._silent or vain >= ATTEMPTS

    @property
    def _lives(self) -> bool:
        """Whether there is a device, be it one that refused a read just now."""
        return self.meter.readings.online or self.refusals > 0

    def _attempts(self) -> int:
        if self.answered:
            return 1 if self.failed else ATTEMPTS
        if not self._lives:
            return 1
        left = VAIN_ATTEMPTS - self.meter.vain
        return min(ATTEMPTS, left) if self._ahead else left

    def _pause(self) -> float:
        """The rest before a request; for a renewed probe on a serial line one after which any device listens.

        Who misses what follows another unit's answer too soon would else never be heard of on a busy line.
        """
        meter = self.meter
        if meter.probes > 1 and not self.answered and self._client.adapter.is_serial_line:
            return max(meter.settings.pause, LONGEST)
        return meter.settings.pause

    async def _read(self, block: Block, attempts: int) -> TransactionError | None:
        """Read a block, again after an error that may pass; returns the last error."""
        meter, client, observe = self.meter, self._client, self._observe
        settings, readings = meter.settings, meter.readings
        for _ in range(attempts):
            changed = client.unit != meter.unit
            readings.requests += 1
            try:
                try:
                    await client.transact(
                        meter.unit,
                        block.request,
                        block.program,
                        self.fresh,
                        patience=settings.timeout,
                        pause=self._pause() if meter.probes else settings.pause,
                    )
                except LinkError as error:
                    await self._again_on_a_new_line(block, error)
            except TransactionError as error:
                self._note(block, error)
                if observe is not None:
                    observe(changed, error, readings.online)
                if isinstance(error, ModbusException) and self._decides(error, block):
                    break
            else:
                if observe is not None:
                    observe(changed, None, readings.online)
                return None
        return self.error

    def _note(self, block: Block, error: TransactionError) -> None:
        self.error = error
        readings = self.meter.readings
        readings.errors += 1
        readings.health.errors[error.kind] += 1
        self.meter.vain += error.means_silence
        self._silent = not self._client.heard
        log.debug("%s: read %s: %s", readings.id, block, error)

    def _decides(self, error: ModbusException, block: Block) -> bool:
        """Whether asking again at once is of no use."""
        if error.asks_for_other_plan:
            return not self.meter.proven(block)
        return error.asks_for_time or error.is_final

    async def _again_on_a_new_line(self, block: Block, lost: LinkError) -> None:
        """Ask once more: some gateways close their connection after each answer."""
        meter = self.meter
        if lost.asked:
            meter.readings.requests += 1
            meter.readings.errors += 1
            meter.readings.health.errors[lost.kind] += 1
        try:
            await self._client.connect()
        except UsageError as error:  # only at the start does it end the daemon
            raise LinkError(str(error)) from None
        await self._client.transact(
            meter.unit,
            block.request,
            block.program,
            self.fresh,
            patience=meter.settings.timeout,
            pause=self._pause(),
        )
