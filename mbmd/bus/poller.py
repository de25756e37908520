"""Polls all devices of one bus, for ever."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from time import monotonic, time

from mbmd.backoff import pause_after
from mbmd.bus.client import Client, advise
from mbmd.bus.meter import Doubt, Meter
from mbmd.bus.other_framing import OtherFraming
from mbmd.bus.poll import BUSY_PAUSE, Poll
from mbmd.bus.scheduler import Scheduler
from mbmd.bus.search import NothingFoundError, Search
from mbmd.bus.unit import UnitMeter
from mbmd.bus.unit_pause import UnitPause
from mbmd.config.values import format_duration
from mbmd.errors import LinkError, ModbusException, MovedError, TransactionError, UsageError
from mbmd.planner import Block
from mbmd.readings.hub import Hub
from mbmd.turns import Gate

log = logging.getLogger(__name__)

MOST_BUSY = 10
"""Polls in a row in which a device may say that it is busy before it counts as offline."""
LINK_QUIET = 60.0
"""Seconds in which a link that comes and goes is told of but once."""

Keep = Callable[[Meter], None]
"""Called when a meter has learned something that a restart should know."""


class Poller:
    """The task of one bus; its devices may come and go while it runs.

    It connects, and wakes for what is due, through a gate that it may share with others.
    """

    def __init__(
        self,
        client: Client,
        meters: Iterable[Meter],
        hub: Hub,
        keep: Keep,
        other_framing: OtherFraming | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._client = client
        self._meters = list(meters)
        self._scheduler = Scheduler(self._meters, monotonic())
        self._hub = hub
        self._keep = keep
        self._other_framing = other_framing
        self._gate = gate or Gate()
        self._unit_pause = UnitPause(client.unit_pause)
        self._wanted = self._meters
        self._polling = False
        self._sleeper: asyncio.Future[None] | None = None
        self._link_failures = 0
        self._link_trouble = ""
        self._link_told = False
        self._quiet_until = 0.0

    @property
    def _watches_units(self) -> bool:
        """Whether errors may come of too short a pause between two units."""
        return self._client.adapter.is_serial_line and len(self._meters) > 1

    async def open(self) -> None:
        """Connect for the first time. Raises UsageError when the adapter needs the user."""
        try:
            await self._client.connect()
        except LinkError as error:
            self.link_is_down(error)

    def replace(self, meters: Iterable[Meter]) -> None:
        """Poll these from now on; a poll that is under way ends first. Those that stay keep their turns."""
        wanted = list(meters)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if not self._polling:
            self._renew_meters()
            if self._sleeper is not None:
                self._gate.let(self._sleeper)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            meter, due = self._scheduler.next()
            if (wait := due - monotonic()) > 0:
                await self._sleep(wait)
            elif not self._client.connected:
                await self._reconnect()
            else:
                self._polling = True
                await self._turn(meter)
                self._polling = False
                self._renew_meters()

    async def _sleep(self, seconds: float) -> None:
        """Sleep until a device is due, or others are polled."""
        loop = asyncio.get_running_loop()
        self._sleeper = loop.create_future()
        alarm = loop.call_later(seconds, self._gate.let, self._sleeper)
        try:
            await self._sleeper
        finally:
            alarm.cancel()
            self._sleeper = None

    def _renew_meters(self) -> None:
        """Take over the devices that are wanted."""
        if self._wanted is self._meters:
            return
        before, self._meters = self._meters, self._wanted
        now = monotonic()
        for meter in before:
            if meter not in self._meters:
                self._scheduler.remove(meter)
        for meter in self._meters:
            if meter not in before:
                self._scheduler.add(meter, now)
                if self._link_trouble and not self._client.connected:
                    self._withdraw(meter, self._link_trouble)
        self._client.expect(max(meter.settings.timeout for meter in self._meters))

    async def _reconnect(self) -> None:
        if self._link_failures:
            await asyncio.sleep(pause_after(self._link_failures, random.random()))  # noqa: S311
        await self._gate.passed()
        try:
            await self._client.connect()
        except (LinkError, UsageError) as error:
            self.link_is_down(error)
        else:
            self._link_failures = 0

    def _link_is_up(self) -> None:
        """A device has answered: only that proves a connection good."""
        if self._link_trouble:
            self._tell_of_link(logging.INFO, "connected again")
        self._link_trouble = ""
        self._other_framing = None

    def link_is_down(self, error: Exception) -> None:
        """All devices are offline until it is opened, which is tried again after growing pauses."""
        self._link_failures += 1
        self._client.health.connected = False
        if self._link_trouble:
            return
        trouble = str(error).removeprefix(f"{self._client.address}: ")
        now = monotonic()
        self._link_told = now >= self._quiet_until
        self._quiet_until = now + LINK_QUIET
        self._tell_of_link(logging.WARNING, trouble)
        self._link_trouble = f"the bus is down: {trouble}"
        for meter in self._meters:
            self._withdraw(meter, self._link_trouble)

    def _tell_of_link(self, level: int, text: str) -> None:
        bus = self._client.address
        log.log(level if self._link_told else logging.DEBUG, "%s: %s", bus, text, extra={"bus": bus})

    async def _turn(self, meter: Meter) -> None:
        started = monotonic()
        self._client.health.tick(started)
        if not isinstance(meter, UnitMeter):
            await self._poll(meter, started)
        elif not meter.must_search(started) or await self._search(meter, started):
            await self._poll(meter, started)
            meter.account(self._hub)
        if self._client.adapter.close:
            self._client.rest()

    async def _search(self, meter: UnitMeter, started: float) -> bool:
        """Ask a unit of SunSpec devices what there is to read; returns whether that is known."""
        known = await self._find(meter, started)
        meter.account(self._hub)
        return known

    async def _find(self, meter: UnitMeter, started: float) -> bool:
        try:
            await Search(self._client, meter).run()
        except (TransactionError, LinkError, NothingFoundError) as error:
            if meter.readings.online and meter.groups:
                meter.search_later()
                return True
            now = monotonic()
            if isinstance(error, ModbusException) and error.asks_for_time and meter.busy < MOST_BUSY:
                meter.busy += 1
                self._scheduler.postpone(meter, now + BUSY_PAUSE)
                return False
            is_link = isinstance(error, LinkError)
            if self._scheduler.failed(meter, now, 0.0 if is_link else now - started) > 1 or not is_link:
                self._go_offline(meter, error)
            await self._look_for_other_framing(meter, error)
            return False
        if not meter.readings.online:
            meter.is_heard = True
            self._scheduler.heard(meter)
        return True

    async def _poll(self, meter: Meter, started: float) -> None:
        poll = Poll(self._client, meter, started, self._observe if self._watches_units else None)
        link_error: LinkError | None = None
        try:
            await poll.run(self._again if self._is_alone(meter) else None)
            if poll.answered and meter.readings.health.refused:
                await poll.ask_again(time())
        except LinkError as error:
            link_error = error.with_traceback(None)  # which has this frame
        except MovedError as error:
            self._moved(poll, error)
            return
        if link_error is not None:  # all links may be lost at once
            await self._gate.passed()
        withdrawn = meter.count(poll.failed) if poll.failed and (poll.answered or not poll.busy) else ()
        if poll.pause:
            self._scheduler.postpone(meter, monotonic() + poll.pause)
        if poll.answered and link_error is None:
            self._succeeded(poll)
        else:
            meter.learned.conclude((), 0.0)
            await self._failed(poll, link_error)
        if withdrawn and meter.readings.online:
            self._tell_of_withdrawn(meter, withdrawn)
        if poll.readmitted:
            self._replan(meter)

    def _is_alone(self, meter: Meter) -> bool:
        """Whether the bus has nothing to do between the polls of a device."""
        return len(self._meters) == 1 and not isinstance(meter, UnitMeter) and not self._client.adapter.close

    def _again(self, poll: Poll) -> float | None:
        """Take what a poll brought whose device is due again at once, if there is nothing else to be done."""
        if not poll.meter.is_flat_out or self._wanted is not self._meters:
            return None
        self._succeeded(poll)
        started = monotonic()
        self._client.health.tick(started)
        return started

    def _moved(self, poll: Poll, error: MovedError) -> None:
        """Nothing of a poll counts, and the next one asks first what there is."""
        meter = poll.meter
        log.warning("%s: %s", meter.readings.id, error)
        meter.learned.conclude((), 0.0)
        meter.moved()
        self._scheduler.succeeded(meter, poll.started + meter.settings.rate)

    async def _failed(self, poll: Poll, link_error: LinkError | None) -> None:
        meter, started, now = poll.meter, poll.started, monotonic()
        if link_error is not None:
            meter.put_off(started, (), poll.failed, poll.left)
            if self._scheduler.failed(meter, now, 0.0) > 1:
                self._go_offline(meter, link_error)
            await self._look_for_other_framing(meter, link_error)
        elif poll.is_broken_off and meter.busy < MOST_BUSY:
            meter.busy += poll.busy
            meter.put_off(started, (), poll.failed, poll.left)
        else:
            self._scheduler.failed(meter, now, now - started)
            meter.refuses_all = poll.refusals > 0 or meter.refuses_all
            self._go_offline(meter, poll.error)
            await self._look_for_other_framing(meter, poll.error)

    def _succeeded(self, poll: Poll) -> None:
        if self._link_trouble or self._other_framing is not None:
            self._link_is_up()
        meter = poll.meter
        now, unix = monotonic(), time()
        self._publish(poll, now, unix)
        due = meter.advance(poll.started, poll.answered, poll.failed, poll.left, poll.refusals > 0)
        meter.readings.health.polled(poll.started, now)
        if poll.refusals or (meter.trying and meter.has_tried(poll.answered)):
            if self._conclude(poll, unix) and not (poll.failed or poll.left):
                due = now
        elif meter.learned.expire(unix):
            self._replan(meter)
        self._scheduler.succeeded(meter, due)

    def _conclude(self, poll: Poll, now: float) -> bool:
        """Learn from what was refused; returns whether other reads are to be tried at once."""
        meter = poll.meter
        latest = zip(meter.readings.measurements, meter.readings.latest, strict=True)
        valued = {measurement.name for measurement, value in latest if value == value} | meter.readings.texts.keys()
        refused = meter.learned.conclude(poll.answered, now, valued)
        for register in refused:
            log.warning(
                "%s is left out: the device refuses register %d (function %d); asked again in %s",
                meter.told(register.measurement),
                register.address,
                register.function,
                "a minute, then hourly" if register.measurement in valued else "an hour",
            )
        if any(register.measurement in valued for register in refused):
            meter.lost()
        renewed = self._replan(meter)
        if renewed or refused:
            log.info("%s: reads: %s", meter.readings.id, ", ".join(str(b) for g in meter.groups for b in g.plan))
        return renewed

    def _replan(self, meter: Meter) -> bool:
        renewed = meter.replan()
        self._keep(meter)
        return renewed

    def _publish(self, poll: Poll, now: float, unix: float) -> None:
        meter = poll.meter
        readings = meter.readings
        came = not readings.online
        was_gone, meter.probes = meter.probes > 0, 0
        if came:
            readings.health.trouble = ""
        doubts = meter.check(poll.fresh, now)
        brought = meter.commit(poll.fresh, poll.answered, doubts, now, unix, poll.whole, poll.texts)
        readings.health.last_seen = unix
        for doubt in doubts:
            self._tell_of(meter, doubt)
        for device, values, texts, is_back in brought:
            # A part may come to a unit that is online. Whom a link took down comes with it, which is told by itself.
            if is_back:
                if was_gone or not came or device.version == 1:
                    log.info("%s: online", device.id, extra={"device": device.id})
                self._hub.turn(device)
            self._hub.publish(device, values, texts)

    def _tell_of_withdrawn(self, meter: Meter, reads: Iterable[Block]) -> None:
        for block in reads:
            log.warning("%s: read %s is not answered any more, its values are withdrawn", meter.readings.id, block)

    def _tell_of(self, meter: Meter, doubt: Doubt) -> None:
        name = meter.told(doubt.measurement)
        if doubt.unguarded:
            log.warning("%s runs backwards or leaps time after time: it is let through from now on", name)
        elif doubt.believed:
            log.warning("%s is %.10g from now on, the counter goes on from there", name, doubt.value)
        else:
            level = logging.WARNING if meter.readings.health.held_back[doubt.measurement] == 1 else logging.DEBUG
            log.log(level, "%s of %.10g is held back: it was %.10g before", name, doubt.value, doubt.before)

    def _go_offline(self, meter: Meter, error: Exception | None) -> None:
        trouble = _trouble(meter.unit, error)
        if not meter.probes:
            log.warning("%s: offline, %s", meter.readings.id, trouble, extra={"device": meter.readings.id})
        meter.probes += 1
        self._withdraw(meter, trouble)
        if not any(other.readings.online for other in self._meters):
            self._client.renew()

    def _withdraw(self, meter: Meter, trouble: str) -> None:
        """A device is offline: nothing is known of it any more."""
        for readings in meter.withdraw(trouble):
            self._hub.turn(readings)

    def _observe(self, changed: bool, error: TransactionError | None, online: bool) -> None:
        """Take one request into account for the pause on a change of unit."""
        if not online or isinstance(error, ModbusException):
            return
        if self._unit_pause.observe(changed, error is None):
            pause = self._unit_pause.seconds
            self._client.unit_pause = self._client.health.unit_pause = pause
            log.warning(
                "%s: errors come after a change of unit, %s: the pause there is %s from now on",
                self._client.address,
                "and no pause mends it" if self._unit_pause.given_up else "which a pause may mend",
                format_duration(pause),
            )

    async def _look_for_other_framing(self, meter: Meter, error: Exception | None) -> None:
        """While nobody has ever answered, and all were asked, find out whether the gateway speaks another framing.

        Who refuses, or has nothing to read, has answered in this one, and may serve no second connection.
        """
        if isinstance(error, ModbusException | NothingFoundError):
            self._other_framing = None
        other = self._other_framing
        if other is None or not all(m.probes for m in self._meters) or not other.is_due(monotonic()):
            return
        self._client.disconnect()
        request = meter.first_request()
        if request is not None and await other.answers(meter.unit, request, meter.settings.timeout):
            advise(self._client.health, other.advice)


def _trouble(unit: int, error: Exception | None) -> str:
    if isinstance(error, ModbusException) and error.means_silence:
        return f"{error}: unit {unit} is asleep or not there"
    return str(error) if error is not None else "nothing is left to read"
