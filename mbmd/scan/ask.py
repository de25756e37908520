"""Single reads of units that may not be there, and the account of what was lost on the way."""

import asyncio
from enum import Enum
from typing import TypeAlias

from mbmd.bus.poll import ATTEMPTS, BUSY_PAUSE
from mbmd.devices.identify import Read
from mbmd.errors import AnswerTimeout, FrameError, LinkError, ModbusException
from mbmd.protocol.pdu import read as read_request
from mbmd.session import Session

RECONNECT_PAUSES = (0.0, 0.5, 2.0)
"""Seconds before each attempt to connect again."""


BUSY = (5, 6)
"""Exceptions that ask for time."""


class Missing(Enum):
    """Why there is no answer: nothing came, a gateway said that nobody is there, or what came was none."""

    SILENT = "silent"
    ABSENT = "absent"
    DAMAGED = "damaged"


Outcome: TypeAlias = bytes | int | Missing
"""The data of an answer, the code of an exception, or why there is neither."""


class Asker:
    """Asks on one session and goes on whatever comes, as long as the bus can be connected to.

    `patience` is seconds to answer. `lost` is how many reads were answered only when asked again; `cut` how often the
    connection ended under a request, for `reason`. `disturbed` says that something came instead of an answer to the
    last request, or before it: noise, or a late answer to an earlier one.
    """

    def __init__(self, session: Session, patience: float) -> None:
        self.patience = patience
        self.lost = 0
        self.cut = 0
        self.reason = ""
        self.disturbed = False
        self._session = session
        self._client = session.client
        self._stale = 0

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self._client.health.requests

    @property
    def slowest(self) -> float | None:
        """The longest that an answer has taken, in seconds; None before the first."""
        return self._client.health.round_trip(1.0)

    async def once(self, unit: int, read: Read, patience: float | None = None) -> Outcome:
        """What one request brings. Raises LinkError or UsageError when the bus is gone for good."""
        self.disturbed = False
        try:
            request = read_request(*read)
            return await self._session.ask(unit, request, attempts=1, patience=patience or self.patience)
        except ModbusException as exception:
            return Missing.ABSENT if exception.means_silence else exception.code
        except AnswerTimeout:
            return self._listen()
        except FrameError:
            self.disturbed = True
            return Missing.DAMAGED
        except LinkError as error:
            self.cut += 1
            self.reason = str(error)
            await self._reconnect()
            return Missing.SILENT

    async def again(self, unit: int, read: Read, attempts: int = ATTEMPTS) -> Outcome:
        """What a read brings of a unit that is there, asked more than once where that may help."""
        lost = False
        outcome: Outcome = Missing.SILENT
        for _ in range(attempts):
            outcome = await self.once(unit, read)
            if outcome in BUSY:
                await asyncio.sleep(BUSY_PAUSE)
            elif isinstance(outcome, Missing):
                lost = True
            else:
                self.lost += lost
                break
        return outcome

    def _listen(self) -> Missing:
        """What it is that there was no answer."""
        stale, self._stale = self._stale, self._client.health.stale
        heard = self._client.heard
        self.disturbed = heard or self._client.health.stale > stale
        return Missing.DAMAGED if heard else Missing.SILENT

    async def _reconnect(self) -> None:
        for pause in RECONNECT_PAUSES:
            await asyncio.sleep(pause)
            try:
                return await self._client.connect()
            except LinkError as error:
                failure = error
        raise failure
