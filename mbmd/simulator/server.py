"""pymodbus's server over any asyncio transport, with faults in what it answers and sends."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.server.base import ModbusBaseServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator.simcore import SimCore
from pymodbus.transport import CommParams, CommType

from mbmd.config.adapter import Framing, Medium
from mbmd.simulator.faults import NO_FAULTS, Faults, Spoiler

_FRAMERS = {Framing.RTU: FramerType.RTU, Framing.ASCII: FramerType.ASCII, Framing.MBAP: FramerType.SOCKET}
_REGISTER_READS = (3, 4)
_CARRIERS = {Medium.TCP: CommType.TCP, Medium.UDP: CommType.UDP}

# To pymodbus a request for an absent unit is an error of the program, told with a dump of frames.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)


class Server(ModbusBaseServer):
    """The server of one bus: a listener on TCP or UDP, or only a maker of handlers.

    An absent unit is silent on a serial line; behind MBAP a gateway answers exception 11 for it. `is_asleep` tells of
    units that are there and do not answer now.
    """

    def __init__(
        self,
        units: SimCore,
        medium: Medium,
        framing: Framing,
        address: tuple[str, int] = ("", 0),
        faults: Faults = NO_FAULTS,
        is_asleep: Callable[[int], bool] = lambda _: False,
    ) -> None:
        params = CommParams(comm_name="simulator", comm_type=_CARRIERS[medium], source_address=address)
        silent = framing is not Framing.MBAP
        super().__init__(params, [], silent, False, None, _FRAMERS[framing], None, None, None, None)
        self.context = _Refusing(units, faults)
        self._datagrams = medium is Medium.UDP
        self._faults = faults
        self._spoiler = Spoiler(faults)
        self._is_asleep = is_asleep

    def callback_new_connection(self) -> "Handler":
        """The handler of a new connection, called by pymodbus."""
        return self.handler(self._datagrams)

    def handler(self, whole_frames: bool) -> "Handler":
        """A handler for any asyncio transport; whole_frames: each piece of data is a request by itself."""
        return Handler(self, self._faults, self._spoiler, whole_frames)

    def answers(self, unit: int) -> bool:
        """Whether a unit says anything at all now."""
        return unit not in self._faults.dead and not self._is_asleep(unit)

    async def listen(self) -> bool:
        """Open the port; pymodbus's own listen would hide the OSError that tells why it cannot."""
        self.is_listener = True
        listener = await self.call_create()
        self.transport = listener[0] if isinstance(listener, tuple) else listener
        return True

    @property
    def port(self) -> int:
        """The port it listens on."""
        listener: Any = self.transport
        socket = listener.sockets[0] if hasattr(listener, "sockets") else listener.get_extra_info("socket")
        return int(socket.getsockname()[1])

    async def shutdown(self) -> None:
        """Close the port and all connections, and let what they had begun come to its end."""
        await super().shutdown()  # type: ignore[no-untyped-call]
        await settle()


class Handler(ServerRequestHandler, asyncio.Protocol):
    """The server's end of one connection: takes one request at a time, as a Modbus client sends them."""

    def __init__(self, server: Server, faults: Faults, spoiler: Spoiler, whole_frames: bool) -> None:
        super().__init__(server, None, None, None)  # type: ignore[no-untyped-call]
        self._answers = server.answers
        self._faults = faults
        self._spoiler = spoiler
        self._whole_frames = whole_frames

    def datagram_received(self, data: bytes, addr: tuple[Any, ...] | None) -> None:
        """Data from any carrier; pymodbus would put a frame that follows a broken one behind its rest."""
        if self._faults.echo:
            self._transmit(data, addr)
        if self._whole_frames:
            self.recv_buffer = b""
        super().datagram_received(data, addr)

    def server_send(self, pdu: ModbusPDU, addr: tuple[Any, ...] | None) -> None:
        """Answer, unless the unit is dead or asleep."""
        if not self._answers(pdu.dev_id):
            return
        if not self._faults.transaction:
            pdu.transaction_id = 0
        super().server_send(pdu, addr)  # type: ignore[no-untyped-call]

    def send(self, data: bytes, addr: tuple[Any, ...] | None = None) -> None:
        """Send an answer as the faults will have it."""
        answer = self._spoiler.spoil(data)
        if not answer:
            return
        if delay := self._spoiler.delay():
            self.loop.call_later(delay, self._transmit, answer, addr)
        else:
            super().send(answer, addr)

    def _transmit(self, data: bytes, addr: tuple[Any, ...] | None) -> None:
        """Send while a request may be under way: pymodbus's own send would drop what has come of it."""
        begun = self.recv_buffer
        super().send(data, addr)
        self.recv_buffer = begun


class _Refusing(SimCore):
    """Units that refuse some reads."""

    def __init__(self, units: SimCore, faults: Faults) -> None:
        super().__init__([])
        self.devices = units.devices
        self._units = units
        self._faults = faults

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        """What a read gets."""
        if func_code in _REGISTER_READS and device_id in self.devices:
            if self._faults.max_registers is not None and count > self._faults.max_registers:
                return ExcCodes.ILLEGAL_VALUE
            if self._faults.refuses(func_code, address, count):
                return ExcCodes.ILLEGAL_ADDRESS
        return await self._units.async_getValues(device_id, func_code, address, count)

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        """What a write gets."""
        return await self._units.async_setValues(device_id, func_code, address, values)


async def settle() -> None:
    """Let requests in work and closing transports end; pymodbus takes three turns of the loop to an answer."""
    for _ in range(5):
        await asyncio.sleep(0)
