"""Whether a gateway that stays silent speaks the other framing: RTU where Modbus TCP was asked for, or the reverse."""

from dataclasses import replace

from mbmd.bus.client import Client
from mbmd.config.adapter import Adapter, Framing, Medium
from mbmd.errors import LinkError, ModbusException, TransactionError, UsageError
from mbmd.protocol.pdu import Request
from mbmd.transport.open import Opener

FIRST_PAUSE = 10.0
LONGEST_PAUSE = 3600.0
_OTHER = {Framing.MBAP: Framing.RTU, Framing.RTU: Framing.MBAP}
_NAMES = {Framing.MBAP: "Modbus TCP", Framing.RTU: "RTU over TCP"}


class OtherFraming:
    """Asks one request in the other framing, on a connection of its own, and more and more seldom."""

    def __init__(self, adapter: Adapter, open_line: Opener) -> None:
        self._adapter = replace(adapter, framing=_OTHER[adapter.framing], transaction_ids=True)
        self._open_line = open_line
        self._due = 0.0
        self._pause = FIRST_PAUSE
        spoken, asked = _NAMES[self._adapter.framing], _NAMES[adapter.framing]
        self.advice = f"this gateway speaks {spoken}, not {asked}: write the adapter as {self._adapter}"

    @classmethod
    def of(cls, adapter: Adapter, open_line: Opener) -> "OtherFraming | None":
        """For a TCP gateway; None where there is no other framing to think of."""
        known = adapter.medium is Medium.TCP and adapter.framing in _OTHER
        return cls(adapter, open_line) if known else None

    def is_due(self, now: float) -> bool:
        """Whether it is worth trying at `now`; if so, the next time is later."""
        if now < self._due:
            return False
        self._due = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True

    async def answers(self, unit: int, request: Request, patience: float) -> bool:
        """Whether the gateway answers in the other framing, be it with an exception."""
        client = Client(self._adapter, self._open_line, patience)
        try:
            await client.connect()
            await client.transact(unit, request)
        except ModbusException:
            return True
        except (TransactionError, LinkError, UsageError):
            return False
        finally:
            client.close()
        return True
