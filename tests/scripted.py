"""A far end of a line in memory that answers each request as its script says, in any framing.

Encodings are written down plainly from the specifications and share nothing with `mbmd._native`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from mbmd.config.adapter import Adapter, Framing, parse_adapter
from mbmd.devices.schema import Register
from mbmd.errors import LinkError
from mbmd.transport.line import Line, Receiver
from mbmd.transport.memory import MemoryTransport, join

ADAPTERS = {
    Framing.RTU: parse_adapter("rtu+udp://gateway:23?baudrate=115200"),
    Framing.ASCII: parse_adapter("ascii:///dev/meters?baudrate=115200"),
    Framing.MBAP: parse_adapter("tcp://meter:502"),
}
"""A line of each framing that needs no silence, so that it lives in virtual time."""

MEASUREMENTS = ("Current", "Voltage", "Power", "Frequency", "Cosphi", "THD", "Sum", "Import", "Export")


def word(unit: int, function: int, address: int) -> int:
    """The register of every scripted device at a place; no two near places are alike."""
    return (unit * 9973 + function * 1231 + address * 37 + 11) & 0xFFFF


def registers(*addresses: int, function: int = 3) -> list[Register]:
    """A one-word register at each address."""
    return [Register(name, function, at, "uint16") for name, at in zip(MEASUREMENTS, addresses, strict=False)]


def crc(data: bytes) -> bytes:
    """CRC16 bit by bit, MODBUS over Serial Line V1.02, section 2.5.1.2."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def wrap(framing: Framing, unit: int, pdu: bytes, transaction: int = 0) -> bytes:
    """A frame on the wire."""
    body = bytes((unit,)) + pdu
    if framing is Framing.RTU:
        return body + crc(body)
    if framing is Framing.ASCII:
        return b":" + (body + bytes((-sum(body) & 0xFF,))).hex().upper().encode() + b"\r\n"
    return transaction.to_bytes(2) + b"\0\0" + len(body).to_bytes(2) + body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the far end heard it, at a moment of the loop's clock."""

    framing: Framing
    unit: int
    function: int
    address: int
    count: int
    transaction: int
    when: float

    @property
    def place(self) -> tuple[int, int]:
        """Address and count."""
        return self.address, self.count

    def request(self) -> bytes:
        """The request itself."""
        pdu = bytes((self.function,)) + self.address.to_bytes(2) + self.count.to_bytes(2)
        return self.frame(pdu)

    def words(self) -> bytes:
        """The registers asked for."""
        span = range(self.address, self.address + self.count)
        return b"".join(word(self.unit, self.function, at).to_bytes(2) for at in span)

    def good(self) -> bytes:
        """The answer."""
        data = self.words()
        return self.frame(bytes((self.function, len(data))) + data)

    def frame(self, pdu: bytes) -> bytes:
        """Any PDU as an answer to this request."""
        return wrap(self.framing, self.unit, pdu, self.transaction)


def unwrap(framing: Framing, frame: bytes, when: float) -> Asked:
    """The request in a whole frame; a frame that is not one fails the test."""
    transaction = 0
    if framing is Framing.RTU:
        assert crc(frame[:-2]) == frame[-2:]
        body = frame[:-2]
    elif framing is Framing.ASCII:
        assert (frame[:1], frame[-2:]) == (b":", b"\r\n")
        body = bytes.fromhex(frame[1:-2].decode())
        assert sum(body) & 0xFF == 0
        body = body[:-1]
    else:
        transaction, body = int.from_bytes(frame[:2]), frame[6:]
        assert frame[2:6] == b"\0\0" + len(body).to_bytes(2)
    assert len(body) == 6
    address, count = int.from_bytes(body[2:4]), int.from_bytes(body[4:6])
    return Asked(framing, body[0], body[1], address, count, transaction, when)


Step = Callable[["FarEnd", Asked], None]
"""What the far end does about one request."""


class FarEnd(asyncio.Protocol):
    """Carries out the next step of the line's script for each request; after its end all answers are good."""

    transport: asyncio.Transport

    def __init__(self, line: "ScriptedLine") -> None:
        self._line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        asked = unwrap(self._line.framing, data, asyncio.get_running_loop().time())
        self._line.asked.append(asked)
        self._line.step(asked)(self, asked)

    def send(self, data: bytes) -> None:
        """Put bytes on the line, as one piece."""
        self.transport.write(data)


class ScriptedLine:
    """The way to a far end: `open` is an Opener. `asked` is every request, `opened` how often it was opened."""

    def __init__(self, framing: Framing, script: Iterable[Step] = ()) -> None:
        self.framing = framing
        self.adapter: Adapter = ADAPTERS[framing]
        self.asked: list[Asked] = []
        self.opened = 0
        self.down = 0
        self.script: Iterator[Step] = iter(script)
        self.by_unit: dict[int, Step] = {}
        self.near: MemoryTransport | None = None

    async def open(self, receiver: Receiver) -> Line:
        """Join a new far end; refuses the next `down` times."""
        self.opened += 1
        if self.down:
            self.down -= 1
            raise LinkError(f"{self.adapter.address}: unplugged")
        self.near, _ = join(_Near(receiver), FarEnd(self))
        return self.near

    def step(self, asked: Asked) -> Step:
        """What to do about a request: by its unit if that is told, else as the script goes on."""
        return self.by_unit.get(asked.unit) or next(self.script, good)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Address and count of every request."""
        return [asked.place for asked in self.asked]


def only(unit: int, step: Step, framing: Framing = Framing.MBAP) -> ScriptedLine:
    """A line on which a unit does the same about every request."""
    line = ScriptedLine(framing)
    line.by_unit[unit] = step
    return line


class _Near(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self.data_received = receiver.data_received  # type: ignore[method-assign]
        self.connection_lost = receiver.connection_lost  # type: ignore[method-assign]


def good(far: FarEnd, asked: Asked) -> None:
    """The answer in one piece."""
    far.send(asked.good())


def drop(far: FarEnd, asked: Asked) -> None:
    """No answer."""


def by_byte(far: FarEnd, asked: Asked) -> None:
    """The answer, each byte by itself."""
    for byte in asked.good():
        far.send(bytes((byte,)))


def split(at: int) -> Step:
    """The answer in two pieces."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(asked.good()[:at])
        far.send(asked.good()[at:])

    return step


def flip(bit: int) -> Step:
    """The answer with one bit wrong."""

    def step(far: FarEnd, asked: Asked) -> None:
        frame = bytearray(asked.good())
        frame[bit // 8 % len(frame)] ^= 1 << bit % 8
        far.send(bytes(frame))

    return step


def cut(size: int) -> Step:
    """Only the first bytes of the answer."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(asked.good()[:size])

    return step


def halting(size: int, seconds: float) -> Step:
    """The first bytes of the answer, and the rest after a while."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(asked.good()[:size])
        asyncio.get_running_loop().call_later(seconds, far.send, asked.good()[size:])

    return step


def noise(data: bytes) -> Step:
    """Bytes that mean nothing, then the answer."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(data + asked.good())

    return step


def late(seconds: float, then: Step = good) -> Step:
    """The answer after a while; on a line that was closed meanwhile it is lost."""

    def step(far: FarEnd, asked: Asked) -> None:
        asyncio.get_running_loop().call_later(seconds, then, far, asked)

    return step


def of_unit(unit: int) -> Step:
    """Another unit's answer, with that unit's values."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(replace(asked, unit=unit).good())

    return step


def of_count(count: int) -> Step:
    """An answer of another length."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(replace(asked, count=count).good())

    return step


def of_transaction(offset: int) -> Step:
    """The answer with another transaction id."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(replace(asked, transaction=asked.transaction + offset & 0xFFFF).good())

    return step


def exception(code: int) -> Step:
    """An exception."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(asked.frame(bytes((asked.function | 0x80, code))))

    return step


def refuse(*addresses: int, code: int = 2) -> Step:
    """An exception for each read that touches one of the addresses, else the answer."""

    def step(far: FarEnd, asked: Asked) -> None:
        touched = any(asked.address <= address < asked.address + asked.count for address in addresses)
        (exception(code) if touched else good)(far, asked)

    return step


def echo(then: Step = good) -> Step:
    """The request comes back before the answer, as of an adapter that hears itself."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(asked.request())
        then(far, asked)

    return step


def hang_up(after: int = 0) -> Step:
    """The first bytes of the answer, and then the line is closed."""

    def step(far: FarEnd, asked: Asked) -> None:
        far.send(asked.good()[:after])
        asyncio.get_running_loop().call_soon(far.transport.close)

    return step


def steps(*parts: Step) -> Step:
    """Several things about one request."""

    def step(far: FarEnd, asked: Asked) -> None:
        for part in parts:
            part(far, asked)

    return step
