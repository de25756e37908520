"""A device in memory that takes writes, and does with each what its script says; no line of its own in `mbmd`."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping

from mbmd.config.adapter import Framing
from mbmd.errors import LinkError
from mbmd.transport.line import Line, Receiver
from mbmd.transport.memory import MemoryTransport, join
from tests.scripted import ADAPTERS, crc, wrap

Act = Callable[["Device", int, bytes], bytes | None]
"""What a device does about a request (transaction and PDU) and answers, None for nothing."""

WRITES = (5, 6, 15, 16)


class Device:
    """Unit 1: `registers` and `coils` by address, those that are not there are refused (exception 2).

    `script` has an act for each write, after its end all are carried out; `unknown` are functions that it does not
    know, `deaf` functions that it does not answer. `heard` is every request PDU.
    """

    def __init__(
        self, framing: Framing = Framing.MBAP, script: Iterable[Act] = (), registers: Mapping[int, int] | None = None
    ) -> None:
        self.framing = framing
        self.adapter = ADAPTERS[framing]
        self.registers = dict(registers if registers is not None else dict.fromkeys(range(100, 110), 7))
        self.coils = dict.fromkeys(range(20), 0)
        self.script: Iterator[Act] = iter(script)
        self.unknown: set[int] = set()
        self.deaf: set[int] = set()
        self.echoes = False
        self.heard: list[bytes] = []
        self.opened = 0
        self.down = 0
        self.far: MemoryTransport | None = None

    @property
    def functions(self) -> list[int]:
        """The function of every request."""
        return [pdu[0] for pdu in self.heard]

    async def open(self, receiver: Receiver) -> Line:
        """An Opener; refuses while `down`."""
        if self.down:
            self.down -= 1
            raise LinkError(f"{self.adapter.address}: unplugged")
        self.opened += 1
        near, self.far = join(_End(receiver.data_received, receiver.connection_lost), _End(self._hear))
        return near

    def _hear(self, frame: bytes) -> None:
        transaction, pdu = unframe(self.framing, frame)
        if self.echoes:
            self.send(frame)
        self.heard.append(pdu)
        act = next(self.script, good) if pdu[0] in WRITES else good
        answer = act(self, transaction, pdu)
        if answer is not None:
            self.send(wrap(self.framing, 1, answer, transaction))

    def send(self, frame: bytes) -> None:
        """Put a frame on the line."""
        assert self.far is not None
        self.far.write(frame)

    def hang_up(self) -> None:
        """End the connection."""
        assert self.far is not None
        self.far.close()

    def carry_out(self, pdu: bytes) -> bytes | None:
        """Do what is asked for; the good answer, or an exception, or nothing."""
        function, address = pdu[0], int.from_bytes(pdu[1:3])
        if function in self.unknown:
            return bytes((function | 0x80, 1))
        table = self.coils if function in (1, 2, 5, 15) else self.registers
        count = 1 if function in (5, 6) else int.from_bytes(pdu[3:5])
        span = range(address, address + count)
        if not all(at in table for at in span):
            return bytes((function | 0x80, 2))
        if function in WRITES:
            table.update(zip(span, _values(pdu, count), strict=True))
        return None if function in self.deaf else _answer(pdu, [table[at] for at in span])


class Saying(Device):
    """A device that does what `acts` say about its first requests of any kind; after their end it is a good one."""

    def __init__(self, acts: Iterable[Act], framing: Framing = Framing.MBAP) -> None:
        super().__init__(framing)
        self.acts = iter(acts)

    def carry_out(self, pdu: bytes) -> bytes | None:
        act = next(self.acts, answered)
        return act(self, 0, pdu)


def _values(pdu: bytes, count: int) -> list[int]:
    if pdu[0] == 5:
        return [int(pdu[3:5] == b"\xff\x00")]
    if pdu[0] == 6:
        return [int.from_bytes(pdu[3:5])]
    if pdu[0] == 15:
        return [pdu[6 + at // 8] >> at % 8 & 1 for at in range(count)]
    return [int.from_bytes(pdu[6 + 2 * at : 8 + 2 * at]) for at in range(count)]


def _answer(pdu: bytes, cells: list[int]) -> bytes:
    if pdu[0] in WRITES:
        return pdu[:5]
    if pdu[0] in (1, 2):
        data = bytes(sum(bit << at for at, bit in enumerate(cells[i : i + 8])) for i in range(0, len(cells), 8))
    else:
        data = b"".join(cell.to_bytes(2) for cell in cells)
    return bytes((pdu[0], len(data))) + data


class _End(asyncio.Protocol):
    def __init__(
        self, received: Callable[[bytes], None], lost: Callable[[Exception | None], None] = lambda _: None
    ) -> None:
        self.data_received = received  # type: ignore[method-assign, assignment]
        self.connection_lost = lost  # type: ignore[method-assign, assignment]


def unframe(framing: Framing, frame: bytes) -> tuple[int, bytes]:
    """Transaction and PDU of a whole frame to unit 1."""
    if framing is Framing.MBAP:
        assert frame[2:7] == b"\0\0" + (len(frame) - 6).to_bytes(2) + b"\1"
        return int.from_bytes(frame[:2]), frame[7:]
    body = bytes.fromhex(frame[1:-2].decode()) if framing is Framing.ASCII else frame
    if framing is Framing.RTU:
        assert crc(body[:-2]) == body[-2:]
        body = body[:-1]
    assert body[0] == 1
    return 0, body[1:-1]


def good(device: Device, _: int, pdu: bytes) -> bytes | None:
    """Carried out and answered."""
    return device.carry_out(pdu)


def answered(device: Device, _: int, pdu: bytes) -> bytes | None:
    """The same for a device that is Saying."""
    return Device.carry_out(device, pdu)


def lost_answer(device: Device, _: int, pdu: bytes) -> None:
    """Carried out, and nothing is heard of it."""
    device.carry_out(pdu)


def lost(device: Device, _: int, pdu: bytes) -> None:
    """Never arrived."""


def pretended(device: Device, _: int, pdu: bytes) -> bytes:
    """Answered well, and not carried out."""
    return pdu[:5]


def slow(seconds: float) -> Act:
    """Answered at once, and carried out after a while."""

    def act(device: Device, _: int, pdu: bytes) -> bytes:
        asyncio.get_running_loop().call_later(seconds, device.carry_out, pdu)
        return pdu[:5]

    return act


def refused(code: int, does_it: bool = False) -> Act:
    """An exception; `does_it` all the same."""

    def act(device: Device, _: int, pdu: bytes) -> bytes:
        if does_it:
            device.carry_out(pdu)
        return bytes((pdu[0] | 0x80, code))

    return act


def damaged(device: Device, transaction: int, pdu: bytes) -> None:
    """Carried out, and the answer has a bit wrong."""
    frame = bytearray(wrap(device.framing, 1, device.carry_out(pdu) or b"", transaction))
    frame[-1 if device.framing is Framing.RTU else -3] ^= 1
    device.send(bytes(frame))


def cut_off(device: Device, _: int, pdu: bytes) -> None:
    """Carried out, and the connection ends."""
    device.carry_out(pdu)
    device.hang_up()
