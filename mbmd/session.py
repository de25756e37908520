"""A connection for commands that ask a few things by hand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from mbmd.bus.client import Client
from mbmd.bus.poll import ATTEMPTS, BUSY_PAUSE
from mbmd.bus.trace import Trace
from mbmd.config.adapter import Adapter, Medium
from mbmd.devices.schema import DeviceType
from mbmd.errors import AnswerTimeout, FrameError, ModbusException, NotConnectedError
from mbmd.protocol.pdu import Request
from mbmd.transport.open import Opener, opener

raw_log = logging.getLogger("mbmd.raw")


class Session:
    """Asks the devices of one bus, one request at a time."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def ask(self, unit: int, request: Request, attempts: int = ATTEMPTS) -> bytes:
        """The data of the answer to a request, which is sent again where that may help: not one that writes.

        Raises TransactionError for what the last attempt brought, LinkError when the line is down.
        """
        for left in reversed(range(attempts)):
            try:
                await self._transact(unit, request)
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

    async def _transact(self, unit: int, request: Request) -> None:
        try:
            await self.client.transact(unit, request)
        except NotConnectedError:
            await self.client.connect()
            await self.client.transact(unit, request)


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
