"""A connection for commands that ask a few things by hand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from mbmd.bus.client import Client
from mbmd.bus.poll import ATTEMPTS, BUSY_PAUSE
from mbmd.bus.trace import Trace
from mbmd.config.adapter import Adapter, Medium
from mbmd.devices.schema import DeviceType
from mbmd.errors import (
    AnswerTimeout,
    FrameError,
    LinkError,
    MbmdError,
    ModbusException,
    NotConnectedError,
    TransactionError,
)
from mbmd.protocol.kinds import Span, cells, read_request, write_request
from mbmd.protocol.pdu import Request
from mbmd.transport.open import Opener, opener

raw_log = logging.getLogger("mbmd.raw")

_BUSY = 6
"""The exception that says that nothing was done, and that the request may come again."""
_NOTHING_DONE = (1, 2, 3, _BUSY, 10)
"""Exceptions after which a write has surely changed nothing; 4 says that it failed on the way."""


class Written(NamedTuple):
    """What is known after a write that the device did not refuse.

    `doubt` is what came in place of its answer. `after` is what was read then, or None where `unread` says why not.
    """

    doubt: MbmdError | None
    after: list[int] | None
    unread: MbmdError | None


class Session:
    """Asks the devices of one bus, one request at a time."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(
        self, unit: int, request: Request, attempts: int = ATTEMPTS, *, patience: float | None = None
    ) -> bytes:
        """The data of the answer to a request, which is sent again where that may help: not one that writes.

        `patience` counts in place of that of the session.
        Raises TransactionError for what the last attempt brought, LinkError when the line is down.
        """
        for left in reversed(range(attempts)):
            try:
                await self._transact(unit, request, patience)
            except (AnswerTimeout, FrameError):
                if not left:
                    raise
            except ModbusException as exception:
                if not (left and exception.asks_for_time):
                    raise
                await asyncio.sleep(BUSY_PAUSE)
            else:
                break
        return self.client.payload

    async def read(self, unit: int, span: Span) -> list[int]:
        """The cells of a span that one request can read. Errors as of `ask`."""
        return cells(span, await self.ask(unit, read_request(span)))

    async def write(self, unit: int, span: Span, new: Sequence[int], function: int = 0) -> Written:
        """Write cells once, and read them back; what was not answered is not sent again, as it may have been done.

        Without a `function` the one for several cells is used, and where the device does not know it and there is one
        cell alone, the one for that. Raises TransactionError or LinkError where surely nothing was written.
        """
        doubt: MbmdError | None = None
        try:
            await self._write(unit, span, new, function)
        except (TransactionError, LinkError) as error:
            if _has_done_nothing(error):
                raise
            doubt = error
        return Written(doubt, *await self._read_back(unit, span, new))

    async def _write(self, unit: int, span: Span, new: Sequence[int], function: int) -> None:
        several, one = span.kind.write_many, span.kind.write_one
        first = write_request(function or several, span.address, new)
        try:
            await self._send(unit, first)
        except ModbusException as exception:
            if function or len(new) > 1 or not exception.is_final:
                raise
            await self._send(unit, write_request(one, span.address, new))

    async def _send(self, unit: int, request: Request) -> None:
        for _ in range(ATTEMPTS - 1):
            try:
                await self._transact(unit, request)
            except ModbusException as exception:
                if exception.code != _BUSY:
                    raise
                await asyncio.sleep(BUSY_PAUSE)
            else:
                return
        await self._transact(unit, request)

    async def _read_back(self, unit: int, span: Span, new: Sequence[int]) -> tuple[list[int] | None, MbmdError | None]:
        """What is there after a write, which some devices take a while to carry out; or why it cannot be read."""
        there: list[int] = []
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(BUSY_PAUSE)
            try:
                there = await self.read(unit, span)
            except MbmdError as error:
                return None, error
            if there == list(new):
                break
        return there, None

    async def _transact(self, unit: int, request: Request, patience: float | None = None) -> None:
        """Raises NotConnectedError where the request did not go out, as there is no connection any more."""
        client = self.client
        pause = client.adapter.options.pause or 0.0
        try:
            await client.transact(unit, request, patience=patience, pause=pause)
        except NotConnectedError:
            try:
                await client.connect()
            except LinkError as error:
                raise NotConnectedError(str(error)) from None
            await client.transact(unit, request, patience=patience, pause=pause)


def _has_done_nothing(error: TransactionError | LinkError) -> bool:
    """Whether a write that ended so has surely changed nothing."""
    if isinstance(error, ModbusException):
        return error.code in _NOTHING_DONE
    return isinstance(error, NotConnectedError) or (isinstance(error, FrameError) and error.kind == "noise")


@asynccontextmanager
async def session(
    adapter: Adapter, patience: float, raw: bool = False, mocked: Iterable[tuple[DeviceType, int]] = ()
) -> AsyncIterator[Session]:
    """An open session on an adapter; `patience` is seconds to answer, `raw` logs frames, `mocked` stand on `mock`.

    Raises LinkError or UsageError when the adapter cannot be opened.
    """
    client = Client(adapter, open_adapter(adapter, mocked), patience, trace(adapter, raw))
    try:
        await client.connect()
        yield Session(client)
    finally:
        client.close()


def open_adapter(adapter: Adapter, mocked: Iterable[tuple[DeviceType, int]]) -> Opener:
    """How to open an adapter; on `mock` stand the device types and units of `mocked`."""
    if adapter.medium is not Medium.MOCK:
        return opener(adapter)
    from mbmd.simulator.site import mock_line
    from mbmd.simulator.slaves import Gaps

    return mock_line(list(mocked), Gaps.ZERO)


def trace(adapter: Adapter, raw: bool) -> Trace | None:
    """What logs the frames on an adapter, if `raw`."""
    if not raw:
        return None

    def log_frame(direction: str, data: bytes) -> None:
        raw_log.info("%s %s %s", adapter.address, direction, data.hex(" "))

    return log_frame
