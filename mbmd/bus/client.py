"""One transaction at a time on one connection."""

import asyncio
import logging
from dataclasses import replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from mbmd._native.decode import Program
from mbmd._native.exchange import Exchange
from mbmd._native.query import Query
from mbmd.bus.deadline import Deadline
from mbmd.bus.late import LateAnswers
from mbmd.bus.link import Link
from mbmd.bus.trace import FrameTrace, Trace
from mbmd.bus.wire import Wire
from mbmd.config.adapter import Adapter, Medium
from mbmd.errors import AnswerTimeout, FrameError, LinkError, MbmdError, NotConnectedError
from mbmd.protocol.framer import ANSWER, DAMAGED, LOST_SYNC, make_framer
from mbmd.protocol.pdu import Request
from mbmd.readings.health import BusHealth
from mbmd.transport.line import Line
from mbmd.transport.open import Opener

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable

log = logging.getLogger(__name__)

AFTER_DAMAGE = 0.05
"""Seconds that a good frame may still take to follow a damaged one, beside its own time on the wire."""
ALMOST = 0.001
"""Seconds by which a deadline may ring too early: timers are as coarse."""
LATE = 1.0
"""Seconds, at the least, for which an answer may come after its timeout and be taken for that of a like request."""


class Client:
    """The master of one bus: asks, and takes nothing but the answer.

    `timeout` is how long a device may take to answer, beyond the time that the frames take on the wire.
    `unit` was asked last; `unit_pause` is the rest before another is asked, in seconds. `exchange` holds the requests
    that were begun last, and how many of them were answered.
    """

    def __init__(
        self,
        adapter: Adapter,
        open_line: Opener,
        timeout: float,
        trace: Trace | None = None,
        health: BusHealth | None = None,
    ) -> None:
        self.adapter = adapter
        self.address = adapter.address
        self.health = health or BusHealth(adapter.address, has_wire=adapter.is_serial_line)
        self.unit_pause = self.health.unit_pause = adapter.unit_pause
        self.unit: int | None = None
        self._wire = Wire(adapter, self.health) if adapter.is_serial_line else None
        self._framer = make_framer(adapter.framing, adapter.transaction_ids)
        self.query = self._framer.query
        self.exchange = Exchange(self._framer.reader, self._came, monotonic, self.health.trips)
        self._trace: FrameTrace | None = None
        self.trace(trace)
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline(self._loop, self._expire)
        self._is_stream = adapter.medium is Medium.TCP
        # A stream loses nothing: however late, an answer will come, unless the connection ends.
        self._late = None if self._framer.identifies_answers else LateAnswers(inf if self._is_stream else LATE)
        self.expect(timeout)
        # Without numbers and checksums, the rest of an answer would be made whole by the beginning of the next.
        self._is_fragile = not (adapter.is_serial_line or adapter.transaction_ids)
        self._link = Link(adapter, open_line, self.health)
        self._answer: asyncio.Future[int] | None = None
        self._again: Callable[[], array[float] | None] | None = None
        self._awaits = False
        self._damaged = False
        self._patience = timeout
        self._asked = 0
        self._free = 0.0

    @property
    def may_hold(self) -> bool:
        """Whether `hold` can be anything but 0: answers do not name their requests."""
        return self._late is not None

    @property
    def is_owed(self) -> bool:
        """Whether `hold` may be anything but 0 now: a late answer may still come."""
        return self._late is not None and self._late.is_any(monotonic())

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._link.line is not None

    def expect(self, timeout: float) -> None:
        """From now on devices may take so long to answer; what is missed already stays so."""
        self._timeout = timeout
        if self._late is not None:
            # A request asked again may still get its second answer a timeout later.
            late = max(LATE, timeout)
            self._late.seconds = inf if self._is_stream else late
            self._late.elsewhere = late if self.adapter.is_serial_line else 0.0

    def trace(self, tell: Trace | None) -> None:
        """Tell of each frame from now on; None: of none."""
        self._trace = FrameTrace(tell) if tell is not None else None
        self.exchange.heard = self._heard if self._wire is not None or self._trace is not None else None

    async def connect(self) -> None:
        """Open the line. Raises LinkError, or UsageError where only the user can help."""
        self._framer.discard()
        if self._late is not None and self._is_stream:
            self._late.renewed(monotonic())
        await self._link.open(self.exchange.data_received, self._lost)
        self._asked = 0

    def close(self) -> None:
        """Close the line and give back timers; the client cannot be used again."""
        self.disconnect()
        self.exchange.close()
        self._deadline.close()
        if self._wire is not None:
            self._wire.close()

    def disconnect(self) -> None:
        """Close the line; `connect` opens it again."""
        self._link.close()

    def rest(self) -> None:
        """Close the line until it is needed again, which is no fault of it."""
        self._link.rest()

    async def transact(
        self,
        unit: int,
        request: Request,
        program: Program | None = None,
        column: "array[float] | None" = None,
        *,
        patience: float | None = None,
        pause: float = 0.0,
    ) -> None:
        """Send a request, not before `hold` and a rest of `pause` are over, and wait for its answer.

        `program` decodes the answer into `column`; `patience` counts in place of the client's timeout.
        Raises LinkError when the line is down, else the TransactionError that tells what came.
        """
        query = self.query(unit, request, program)
        await self.transact_all(unit, (query,), column, patience=patience, pause=pause)

    async def transact_all(
        self,
        unit: int,
        queries: tuple[Query, ...],
        column: "array[float] | None" = None,
        *,
        patience: float | None = None,
        pause: float = 0.0,
        again: "Callable[[], array[float] | None] | None" = None,
    ) -> None:
        """`transact` each of these as soon as the one before was answered; `hold` and `pause` are kept for the first.

        When all were answered, `again` may give another column for which they are asked once more, at once.
        Raises what `transact` does, for the first that is not answered: `exchange.answered` is its place.
        """
        exchange = self.exchange
        exchange.begin(queries, column)
        if unit != self.unit and self.unit_pause > pause:
            pause = self.unit_pause
        if pause or self._late is not None:
            await self._wait_for_turn(unit, queries[0].request, pause)
        if self._link.line is None:
            raise NotConnectedError(f"{self.address}: the connection is closed")
        self.unit = unit
        self._patience = self._timeout if patience is None else patience
        self._again = again
        self._answer = answer = self._loop.create_future()
        try:
            self._send(self._link.line)
            code = await answer
        except (AnswerTimeout, LinkError, asyncio.CancelledError) as error:
            if self._awaits and not exchange.is_done:
                self._missed(unit, self._asking, error)
            raise
        finally:
            self._answer = self._again = None
            self._account()
        if code != ANSWER:
            raise self._unanswered(unit, self._asking, code)

    def hold(self, unit: int, request: Request) -> float:
        """Seconds for which a late answer to another request could be taken for the answer to this one.

        A stream, which may bring them however late, is closed, so that the wait has an end.
        """
        if self._late is None:
            return 0.0
        now = monotonic()
        seconds = self._late.hold(unit, request, now)
        if seconds == inf:
            self.disconnect()
            self._late.renewed(now)
            seconds = self._late.hold(unit, request, now)
        return seconds

    def renew(self) -> None:
        """Close a connection that brings no answers: the host may have another address by now, or we."""
        if self.adapter.medium in (Medium.TCP, Medium.UDP):
            self.disconnect()

    @property
    def heard(self) -> bool:
        """Whether a serial line has brought anything since the last request, beside its echo."""
        return self._wire is not None and self._wire.has_brought_anything(self._framer.reader.echoes)

    @property
    def payload(self) -> bytes:
        """The data of the last good answer."""
        return self._framer.reader.payload

    async def _wait_for_turn(self, unit: int, request: Request, pause: float) -> None:
        if seconds := self.hold(unit, request):
            await asyncio.sleep(seconds)
        if self._wire is None or self._wire.silence is None:
            if (seconds := self._free + pause - monotonic()) > 0:
                await asyncio.sleep(seconds)
        elif not await self._wire.silence.wait(pause):
            raise _talking()

    def _send(self, line: Line) -> None:
        """Send the next request and set the deadline of its answer."""
        reader, exchange, patience = self._framer.reader, self.exchange, self._patience
        if reader.skipped:
            self.health.stale += reader.stale
        frame = exchange.next(line.write)
        if self._trace is not None:
            self._trace.sent(frame)
        if self._wire is not None:
            patience += self._wire.occupy(frame, self._framer.answer_characters(self._asking))
        self._asked += 1
        self._awaits = True
        self._damaged = False
        line.write(frame)
        self._deadline.set(patience)

    def _go_on(self) -> None:
        """A request was answered; send the next one as soon as the line is silent."""
        self._stop_awaiting()
        if self._wire is not None and self._wire.silence is not None:
            self._wire.silence.call(self._send_next)
        else:
            self._send_next(True)

    def _stop_awaiting(self) -> None:
        if self._awaits and self._wire is not None:
            self.health.echoes += self._framer.reader.echoes
        self._awaits = False

    def _send_next(self, is_silent: bool) -> None:
        answer = self._answer
        if answer is None or answer.done():
            return
        if not is_silent:
            answer.set_exception(_talking())
        elif self._link.line is None:
            answer.set_exception(NotConnectedError(f"{self.address}: the connection is closed"))
        else:
            self._send(self._link.line)

    @property
    def _asking(self) -> Request:
        """What was or will be sent next."""
        exchange = self.exchange
        request: Request = exchange.queries[exchange.answered].request
        return request

    def _account(self) -> None:
        """Take an exchange that is over into the account of the bus."""
        exchange, health = self.exchange, self.health
        self._free = now = monotonic()
        health.waited += exchange.take_waited()
        if self._awaits and not exchange.is_done:
            health.waited += now - exchange.sent
        self._stop_awaiting()

    def _unanswered(self, unit: int, request: Request, code: int) -> MbmdError:
        """What came in place of an answer."""
        self.health.unanswered += 1
        if code == DAMAGED and self._late is not None:  # it may have been another's, and its own still come
            self._late.missed(unit, request, self._free, self._patience)
        return self._doubt(unit, request) or self._framer.error(code)

    def _missed(self, unit: int, request: Request, error: BaseException) -> None:
        """No answer came: it may still come, and must not be taken for another's."""
        self.health.unanswered += 1
        self.health.timeouts += isinstance(error, AnswerTimeout)
        self._framer.forget()
        if self._late is not None:
            self._late.missed(unit, request, monotonic())
        if self._is_fragile:
            self.disconnect()
        if self._asked == 1 and not self.exchange.answered and self._framer.reader.unnumbered:
            advise(
                self.health,
                "answers do not carry the transaction id of their request: if the gateway cannot echo it,"
                f" write the adapter as {replace(self.adapter, transaction_ids=False)}",
            )

    def _doubt(self, unit: int, request: Request) -> FrameError | None:
        """What came was no answer; it may be the late one of another request, and the request's own still come."""
        if self._late is None or not self._late.doubtful(unit, request, self._free):
            return None
        self._late.missed(unit, request, self._free)
        self.health.stale += 1
        return FrameError("what came may be a late answer to an earlier request", "stale")

    def _heard(self, data: bytes) -> None:
        """What comes is to be accounted for, or shown."""
        if self._wire is not None:
            self._wire.heard(data, self._awaits)
        if self._trace is not None:
            self._trace.heard(data)

    def _came(self, code: int) -> None:
        """Called by the exchange with what has come, unless it went on by itself."""
        if self._trace is not None:
            self._trace.ended()
        if code == DAMAGED:
            if not self._damaged:
                self._damaged = True
                self.health.damaged += 1
                self._deadline.set(AFTER_DAMAGE + (self._wire.answer_seconds if self._wire is not None else 0.0))
            return
        if code == LOST_SYNC:
            self.disconnect()
        answer = self._answer
        if answer is None or answer.done():
            return
        try:
            goes_on = code == ANSWER and (not self.exchange.is_done or self._begins_again())
        except Exception as error:
            answer.set_exception(error)
            return
        if goes_on:
            self._go_on()
        else:
            answer.set_result(code)

    def _begins_again(self) -> bool:
        if self._again is None:
            return False
        self._account()
        if (column := self._again()) is None:
            return False
        self.exchange.begin(self.exchange.queries, column)
        return True

    def _lost(self, exc: Exception | None) -> None:
        """The line has ended by itself."""
        answer = self._answer
        if answer is not None and not answer.done():
            kind = LinkError if self._awaits else NotConnectedError
            answer.set_exception(kind(f"{self.address}: {exc or 'the connection was closed'}"))

    def _expire(self) -> None:
        if not self._awaits:
            return
        if self._wire is None and (left := self.exchange.sent + self._patience - monotonic()) > ALMOST:
            self._deadline.set(left)  # other requests have followed by themselves
            return
        self._framer.forget()
        if self._trace is not None:
            self._trace.ended()
        answer = self._answer
        if answer is None or answer.done():
            return
        if self._damaged:
            answer.set_result(DAMAGED)
        else:
            answer.set_exception(AnswerTimeout("no answer"))


def _talking() -> FrameError:
    return FrameError("others never stop talking on the line", "noise")


def advise(health: BusHealth, text: str) -> None:
    """Tell the user, once, what would make the bus better."""
    if text not in health.advice:
        health.advice.append(text)
        log.warning("%s: %s", health.address, text)
