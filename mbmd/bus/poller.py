"""Polls all devices of one bus, for ever."""

import asyncio
import logging
from collections.abc import Iterable
from time import monotonic, time
from typing import TYPE_CHECKING

from mbmd.bus.client import Client
from mbmd.bus.meter import WITHDRAWN_AFTER, Meter
from mbmd.bus.scheduler import FIRST_PAUSE, LONGEST_PAUSE, Scheduler
from mbmd.errors import LinkError, ModbusException, TransactionError, UsageError
from mbmd.planner import Block
from mbmd.readings.hub import Hub

if TYPE_CHECKING:
    from array import array

ATTEMPTS = 3
"""Times that a request is sent to a device that is online."""

log = logging.getLogger(__name__)


class Poller:
    """The task of one bus."""

    def __init__(self, client: Client, meters: Iterable[Meter], rate: float, hub: Hub) -> None:
        self._client = client
        self._meters = list(meters)
        self._scheduler = Scheduler(self._meters, rate, monotonic())
        self._hub = hub
        self._link_down = False
        self._pause = FIRST_PAUSE

    async def open(self) -> None:
        """Connect for the first time. Raises UsageError when the adapter needs the user."""
        try:
            await self._client.connect()
        except LinkError as error:
            self._link_is_down(error)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            meter, due = self._scheduler.next()
            if (wait := due - monotonic()) > 0:
                await asyncio.sleep(wait)
            elif not self._client.connected:
                await self._reconnect()
            else:
                await self._turn(meter)

    async def _reconnect(self) -> None:
        while not self._client.connected:
            if self._link_down:
                await asyncio.sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            try:
                await self._client.connect()
            except (LinkError, UsageError) as error:
                self._link_is_down(error)

    def _link_is_up(self) -> None:
        """A device has answered: only that proves a connection good."""
        self._link_down = False
        self._pause = FIRST_PAUSE
        log.info("%s: connected again", self._client.address)

    def _link_is_down(self, error: Exception) -> None:
        if self._link_down:
            return
        self._link_down = True
        log.warning("%s: %s", self._client.address, str(error).removeprefix(f"{self._client.address}: "))
        for meter in self._meters:
            meter.go_offline()

    async def _turn(self, meter: Meter) -> None:
        started = monotonic()
        link_error: LinkError | None = None
        answered: bool | None = False
        try:
            answered = await self._poll(meter)
        except LinkError as error:
            link_error = error
        if answered:
            self._scheduler.succeeded(meter, started)
        elif answered is False and self._scheduler.failed(meter, monotonic()) > 1 and link_error is not None:
            self._go_offline(meter, link_error)

    async def _poll(self, meter: Meter) -> bool | None:
        """Read a device's whole plan; whether any of it was answered, None when nothing was asked.

        From a read on that a late answer could be taken for, the plan is left to the next poll, which is put off
        until it may be sent: the other devices go on, and no request makes further late answers meanwhile.
        """
        fresh = meter.readings.blank()
        failed: list[Block] = []
        answered = False
        ahead = meter.plan[::-1]
        error: TransactionError | None = None
        while ahead:
            block = ahead.pop()
            if pause := self._client.hold(meter.unit, block.request):
                self._scheduler.postpone(meter, monotonic() + pause)
                ahead.append(block)
                break
            patient = (meter.readings.online or answered) and not failed
            error = await self._read(meter, block, fresh, ATTEMPTS if patient else 1)
            if error is None:
                answered = True
            elif isinstance(error, ModbusException) and error.asks_for_other_plan:
                ahead += self._replan(meter, block, error)[::-1]
            else:
                failed.append(block)
                meter.put_last(block)
                if error.means_silence and not answered:
                    break
        if answered:
            self._publish(meter, fresh, failed, ahead)
        elif not failed and ahead:
            return None
        else:
            self._go_offline(meter, error)
        return answered

    async def _read(self, meter: Meter, block: Block, fresh: "array[float]", attempts: int) -> TransactionError | None:
        """Read a block into `fresh`, again after an error that may pass; returns the last error."""
        readings = meter.readings
        failure: TransactionError | None = None
        for _ in range(attempts):
            if meter.pause:
                await asyncio.sleep(meter.pause)
            readings.requests += 1
            try:
                await self._transact(meter, block, fresh)
            except TransactionError as error:
                readings.errors += 1
                log.debug("%s: read %s: %s", readings.id, block, error)
                failure = error
                if isinstance(error, ModbusException) and error.asks_for_other_plan:
                    break
            else:
                return None
        return failure

    async def _transact(self, meter: Meter, block: Block, fresh: "array[float]") -> None:
        """Ask once, and once more on a new connection: some gateways close theirs after each answer."""
        try:
            await self._client.transact(meter.unit, block.request, block.program, fresh)
        except LinkError:
            meter.readings.errors += 1
            try:
                await self._client.connect()
            except UsageError as error:  # only at the start does it end the daemon
                raise LinkError(str(error)) from None
            meter.readings.requests += 1
            await self._client.transact(meter.unit, block.request, block.program, fresh)

    def _replan(self, meter: Meter, block: Block, error: ModbusException) -> list[Block]:
        parts = meter.replan(block)
        if parts:
            log.info("%s: read %s: %s, reading it in %d parts", meter.readings.id, block, error, len(parts))
        else:
            names = ", ".join(register.measurement for register in block.registers)
            log.warning("%s: %s is left out, register %s: %s", meter.readings.id, names, block, error)
        return parts

    def _publish(self, meter: Meter, fresh: "array[float]", failed: list[Block], held: list[Block]) -> None:
        readings = meter.readings
        if self._link_down:
            self._link_is_up()
        if not readings.online:
            log.info("%s: online", readings.id)
            meter.silent = False
        meter.commit(fresh, failed, monotonic(), time(), held)
        for block in failed:
            if meter.failures[block] == WITHDRAWN_AFTER:
                log.warning("%s: read %s is not answered any more, its values are withdrawn", readings.id, block)
        self._hub.publish(readings, fresh)

    def _go_offline(self, meter: Meter, error: Exception | None) -> None:
        if not meter.silent:
            log.warning("%s: offline, %s", meter.readings.id, error)
            meter.silent = True
        meter.go_offline()
        if not any(other.readings.online for other in self._meters):
            self._client.renew()
