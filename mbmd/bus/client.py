"""One transaction at a time on one connection."""

import asyncio
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from mbmd._native.decode import Program
from mbmd.bus.deadline import Deadline
from mbmd.bus.late import LateAnswers
from mbmd.bus.silence import Silence
from mbmd.bus.trace import FrameTrace, Trace
from mbmd.config.adapter import Adapter, Medium
from mbmd.errors import AnswerTimeout, FrameError, LinkError
from mbmd.protocol.framer import ANSWER, DAMAGED, LOST_SYNC, WAITING, make_framer
from mbmd.protocol.pdu import Request
from mbmd.protocol.timing import silent_interval
from mbmd.transport.line import Line
from mbmd.transport.open import Opener

if TYPE_CHECKING:
    from array import array

AFTER_DAMAGE = 0.05
"""Seconds that a good frame may still take to follow a damaged one."""
LATE = 1.0
"""Seconds, at the least, for which an answer may come after its timeout and be taken for that of a like request."""
PATIENCE = 1.0
"""Seconds, at the least, for which others may talk on a serial line before a request."""
LONGEST_FRAME = 256
"""Characters of an RTU frame, MODBUS over Serial Line V1.02, section 2.5.1."""


class _Connection:
    """One life of the line; that a line ends after it was given up does not concern the client any more."""

    def __init__(self, client: "Client") -> None:
        self.data_received = client.data_received
        self._client: Client | None = client

    @property
    def over(self) -> bool:
        return self._client is None

    def give_up(self) -> None:
        self._client = None

    def connection_lost(self, exc: Exception | None) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.connection_lost(exc)


class Client:
    """The master of one bus: asks, and takes nothing but the answer.

    `timeout` is how long a device may take to answer, beyond the time that the frames take on the wire.
    """

    def __init__(self, adapter: Adapter, open_line: Opener, timeout: float, trace: Trace | None = None) -> None:
        self.address = adapter.address
        self._open_line = open_line
        self._timeout = timeout
        self._trace = FrameTrace(trace) if trace is not None else None
        self._character = adapter.character_seconds if adapter.is_serial_line else 0.0
        self._framer = make_framer(adapter.framing)
        self._feed = self._framer.feed
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline(self._loop, self._expire)
        interval = silent_interval(adapter) if adapter.medium is Medium.SERIAL else 0.0
        patience = max(PATIENCE, LONGEST_FRAME * self._character)
        self._silence = Silence(interval, patience) if interval else None
        self._is_stream = adapter.medium is Medium.TCP
        # A request asked again may still get its second answer a timeout later. A stream loses nothing: however
        # late, the answer will come, unless the connection ends.
        late = inf if self._is_stream else max(LATE, timeout)
        self._late = None if self._framer.identifies_answers else LateAnswers(late)
        self._line: Line | None = None
        self._connection = _Connection(self)
        self._answer: asyncio.Future[int] | None = None
        self._damaged = False

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._line is not None

    async def connect(self) -> None:
        """Open the line. Raises LinkError, or UsageError where only the user can help."""
        self._framer.discard()
        if self._late is not None and self._is_stream:
            self._late.clear()
        self._connection.give_up()
        connection = self._connection = _Connection(self)
        line = await self._open_line(connection)
        if connection.over:  # an event loop may tell of the end before it tells of the beginning
            line.close()
            raise LinkError(f"{self.address}: the connection was closed at once")
        self._line = line

    def close(self) -> None:
        """Close the line and give back timers; the client cannot be used again."""
        self.disconnect()
        self._deadline.close()
        if self._silence is not None:
            self._silence.close()

    def disconnect(self) -> None:
        """Close the line; `connect` opens it again."""
        self._connection.give_up()
        if self._line is not None:
            self._line.close()
            self._line = None

    async def transact(
        self, unit: int, request: Request, program: Program | None = None, column: "array[float] | None" = None
    ) -> None:
        """Send a request, not before `hold` is over, and wait for its answer, which `program` decodes into `column`.

        Raises LinkError when the line is down, else the TransactionError that tells what came.
        """
        if self._character:
            await self._wait_for_turn(unit, request)
        line = self._line
        if line is None:
            raise LinkError(f"{self.address}: the connection is closed")
        self._answer = answer = self._loop.create_future()
        self._damaged = False
        self._send(line, unit, request, program, column)
        try:
            code = await answer
        except (AnswerTimeout, asyncio.CancelledError):
            self._framer.forget()
            if self._late is not None:
                self._late.missed(unit, request, monotonic())
            raise
        finally:
            self._answer = None
            self._deadline.clear()
        if code != ANSWER:
            raise self._doubt(unit, request) or self._framer.error(code)

    def hold(self, unit: int, request: Request) -> float:
        """Seconds for which a late answer to another request could be taken for the answer to this one.

        A stream is closed instead of being waited for: the new one brings no old answers.
        """
        seconds = self._late.hold(unit, request, monotonic()) if self._late is not None else 0.0
        if seconds and self._is_stream:
            self.disconnect()
            return 0.0
        return seconds

    def renew(self) -> None:
        """Close a connection that brings no answers; a serial line or a UDP socket has nothing to renew."""
        if self._is_stream:
            self.disconnect()

    @property
    def payload(self) -> bytes:
        """The data of the last good answer."""
        return self._framer.reader.payload

    async def _wait_for_turn(self, unit: int, request: Request) -> None:
        if seconds := self.hold(unit, request):
            await asyncio.sleep(seconds)
        if self._silence is not None and not await self._silence.wait():
            raise FrameError("others never stop talking on the line")

    def _send(
        self, line: Line, unit: int, request: Request, program: Program | None, column: "array[float] | None"
    ) -> None:
        frame = self._framer.request(unit, request, program, column)
        if self._trace is not None:
            self._trace.sent(frame)
        patience = self._timeout
        if self._character:
            sending = len(frame) * self._character
            patience += sending + self._framer.answer_characters(request) * self._character
            if self._silence is not None:
                self._silence.sending(sending)
        line.write(frame)
        self._deadline.set(patience)

    def _doubt(self, unit: int, request: Request) -> FrameError | None:
        """What came was no answer; it may be the late one of another request, and the request's own still come."""
        if self._late is None or not self._late.doubtful(unit, request, monotonic()):
            return None
        self._late.missed(unit, request, monotonic())
        return FrameError("what came may be a late answer to an earlier request")

    def data_received(self, data: bytes) -> None:
        """Called by the line with what came."""
        if self._silence is not None:
            self._silence.heard()
        if self._trace is not None:
            self._trace.heard(data)
        code = self._feed(data)
        if code == WAITING:
            return
        if self._trace is not None:
            self._trace.ended()
        if code == DAMAGED:
            if not self._damaged:
                self._damaged = True
                self._deadline.set(AFTER_DAMAGE)
            return
        if code == LOST_SYNC:
            self.disconnect()
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_result(code)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the line has ended by itself."""
        self._line = None
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_exception(LinkError(f"{self.address}: {exc or 'the connection was closed'}"))

    def _expire(self) -> None:
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
