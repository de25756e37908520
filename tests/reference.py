"""The oracle: checksums, framing, decoding, the minute window and the counters in slow and obvious Python.

Written from the specifications, not from the kernels: MODBUS over Serial Line V1.02 (RTU section 2.5.1, ASCII
section 2.5.2), MODBUS Messaging on TCP/IP V1.0b (section 3.1.3), MODBUS Application Protocol V1.1b3 (section 7).
"""

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

NAN = float("nan")


def crc16(data: bytes) -> int:
    """CRC bit by bit, as section 2.5.1.2 tells it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            carry = crc & 1
            crc >>= 1
            if carry:
                crc ^= 0xA001
    return crc


def lrc(data: bytes) -> int:
    """Two's complement of the sum, section 2.5.2.2."""
    return (256 - sum(data) % 256) % 256


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """An RTU frame, of a request or an answer; the CRC's low byte goes first."""
    adu = bytes([unit]) + pdu
    return adu + crc16(adu).to_bytes(2, "little")


def ascii_frame(unit: int, pdu: bytes) -> bytes:
    """An ASCII frame, of a request or an answer."""
    adu = bytes([unit]) + pdu
    return b":" + (adu + bytes([lrc(adu)])).hex().upper().encode() + b"\r\n"


def mbap_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A Modbus TCP frame, of a request or an answer."""
    return struct.pack(">HHHB", transaction, 0, 1 + len(pdu), unit) + pdu


def exception_pdu(function: int, code: int) -> bytes:
    """The PDU by which a device refuses a request."""
    return bytes([function + 0x80, code])


ANY = -1
"""In place of a transaction: the gateway does not send back that of the request."""


@dataclass(frozen=True)
class Awaited:
    """The answer that is waited for: `prefix` and `length` bytes of data from `unit`.

    `echo` is the request, which an adapter may send back before the answer.
    """

    unit: int
    prefix: bytes
    length: int
    transaction: int = 0
    echo: bytes = b""

    def judge(self, unit: int, pdu: bytes) -> str:
        """What a good frame is: 'answer', 'exception' or 'mismatch'."""
        if unit == self.unit and len(pdu) == 2 and pdu[0] == self.prefix[0] + 0x80:
            return "exception"
        good = unit == self.unit and pdu.startswith(self.prefix) and len(pdu) == len(self.prefix) + self.length
        return "answer" if good else "mismatch"


@dataclass
class Found:
    """What a whole stream brings; `kind` is 'nothing', 'answer', 'exception', 'mismatch' or 'lost'."""

    kind: str = "nothing"
    payload: bytes = b""
    exception: int = 0
    skipped: int = 0
    damaged: int = 0
    stale: int = 0
    echoes: int = 0
    unnumbered: int = 0

    def take(self, kind: str, pdu: bytes, awaited: Awaited) -> None:
        """Note the frame that ends the wait."""
        self.kind = kind
        if kind == "answer":
            self.payload = pdu[len(awaited.prefix) :]
        if kind == "exception":
            self.exception = pdu[1]


Read = Callable[[bytes, Awaited], Found]
"""How a framing reads a whole stream."""


def read_after_echo(read: Read, stream: bytes, awaited: Awaited, kept: bytes = b"") -> Found:
    """Without the echo, if the stream begins with it; nothing yet, while all of the stream may be its beginning.

    `kept` came before the request was sent.
    """
    if not awaited.echo:
        return read(kept + stream, awaited)
    if stream.startswith(awaited.echo):
        found = read(kept + stream[len(awaited.echo) :], awaited)
        found.echoes = 1
        return found
    if awaited.echo.startswith(stream):
        return Found()
    return read(kept + stream, awaited)


def read_rtu(stream: bytes, awaited: Awaited) -> Found:
    """The first good frame from the left. A frame that may still become whole is waited for.

    Once it is there, what follows is thrown away, for nothing is awaited then.
    """
    found = Found()
    answer = bytes([awaited.unit]) + awaited.prefix
    refusal = bytes([awaited.unit, awaited.prefix[0] + 0x80])
    for at in range(len(stream)):
        rest = stream[at:]
        for begin, size in ((answer, len(answer) + awaited.length + 2), (refusal, 5)):
            if rest[: len(begin)] != begin[: len(rest)]:
                continue
            if len(rest) < size:
                found.skipped = at
                return found
            frame = rest[:size]
            if frame == rtu_frame(frame[0], frame[1:-2]):
                found.take("answer" if begin is answer else "exception", frame[1:-2], awaited)
                found.skipped = len(stream) - size
                return found
            found.damaged += 1
            break
    found.skipped = len(stream)
    return found


ASCII_TEXT = re.compile(rb"(?:[0-9A-Fa-f]{2}){3,255}")
ASCII_LONGEST = 513
"""A colon, 255 bytes in hex, CR, LF."""


def read_ascii(stream: bytes, awaited: Awaited) -> Found:
    """The first good answer between a colon and a line feed. A colon begins a frame anew wherever it stands.

    A frame that has grown longer than any can be is damaged.
    """
    found = Found()
    pending = b""
    used = 0
    for at in range(len(stream)):
        char = stream[at : at + 1]
        if char == b":":
            pending = char
        elif pending:
            pending += char
            if char == b"\n" or len(pending) > ASCII_LONGEST:
                kind, pdu = judge_ascii(pending, awaited)
                if kind in ("answer", "exception"):
                    found.take(kind, pdu, awaited)
                    found.skipped = len(stream) - len(pending)
                    return found
                found.damaged += kind == "damaged"
                found.stale += kind == "mismatch"
                pending = b""
        used = at + 1 - len(pending)
    found.skipped = used
    return found


def judge_ascii(frame: bytes, awaited: Awaited) -> tuple[str, bytes]:
    """'damaged', or what the frame is to the one who waits, and its PDU."""
    text = frame[1:-1].removesuffix(b"\r")
    if not frame.endswith(b"\n") or not ASCII_TEXT.fullmatch(text):
        return "damaged", b""
    adu = bytes.fromhex(text.decode())
    if lrc(adu[:-1]) != adu[-1]:
        return "damaged", b""
    return awaited.judge(adu[0], adu[1:-1]), adu[1:-1]


def read_mbap(stream: bytes, awaited: Awaited) -> Found:
    """Frame by frame by their lengths, until a header cannot be one.

    Frames of other transactions are stale, and so is every frame after the awaited one. Where any transaction will
    do, frames that are not the answer are stale.
    """
    found = Found()
    while len(stream) >= 7:
        transaction, protocol, length, unit = struct.unpack(">HHHB", stream[:7])
        if protocol != 0 or not 2 <= length <= 254:
            if found.kind == "nothing":
                found.kind = "lost"
            return found
        frame, stream = stream[: 6 + length], stream[6 + length :]
        if len(frame) < 6 + length:
            return found
        kind = awaited.judge(unit, frame[7:])
        fits = kind != "mismatch" if awaited.transaction == ANY else transaction == awaited.transaction
        if found.kind == "nothing" and fits:
            found.take(kind, frame[7:], awaited)
        else:
            found.unnumbered += found.kind == "nothing" and kind != "mismatch"
            found.stale += 1
            found.skipped += len(frame)
    return found


FORMATS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "float32": ">f",
    "uint64": ">Q",
    "int64": ">q",
    "float64": ">d",
}


def raw_of(kind: str, registers: bytes) -> bytes:
    """The bytes of the type at the beginning of `registers`, the highest first."""
    raw = registers[: struct.calcsize(FORMATS[kind.removesuffix("_swapped")])]
    if kind.endswith("_swapped"):
        words = [raw[at : at + 2] for at in range(0, len(raw), 2)]
        raw = b"".join(reversed(words))
    return raw


def decode(kind: str, registers: bytes, divisor: float = 1, nan: int | None = None) -> float:
    """The value of the type at the beginning of `registers`; NaN for the marker and what is not finite."""
    raw = raw_of(kind, registers)
    if nan is not None and int.from_bytes(raw) == nan:
        return NAN
    value = float(struct.unpack(FORMATS[kind.removesuffix("_swapped")], raw)[0]) / divisor
    return value if math.isfinite(value) else NAN


Bits = tuple[int, int]
"""The lowest bit of a field and how many there are."""
Scale = tuple[str, int, int | None]
"""Type, place in registers and marker of a power of ten."""


def decode_field(
    kind: str,
    place: int,
    payload: bytes,
    divisor: float,
    nan: int | None,
    offset: float,
    bits: Bits | None,
    scale: Scale | None,
) -> float:
    """The value at a place of an answer, with all that a device table may say of it."""
    exponent = 0.0
    if scale is not None:
        exponent = decode(scale[0], payload[2 * scale[1] :], 1, scale[2])
        if not abs(exponent) <= 10:  # and nothing is within NaN
            return NAN
    if kind == "bit":
        value = float(int(bin(payload[place // 8] + 0x100)[-1 - place % 8]))
    elif bits is not None:
        raw = int.from_bytes(raw_of(kind, payload[2 * place :]))
        value = NAN if raw == nan else float(raw // 2 ** bits[0] % 2 ** bits[1])
    else:
        value = decode(kind, payload[2 * place :], 1, nan)
    value = value * 10**exponent / divisor if exponent >= 0 else value / (10**-exponent * divisor)
    value = value + offset if offset else value
    return value if math.isfinite(value) else NAN


@dataclass
class Minute:
    """Every reading of a run, kept for ever."""

    slots: int
    readings: list[tuple[int, list[float]]] = field(default_factory=list)

    def add(self, now: float, values: list[float]) -> None:
        """Keep a column."""
        self.readings.append((int(now), values))

    def mean(self, now: float) -> list[float]:
        """Means over the second of `now` and the 59 before it."""
        second = int(now)
        recent = [values for when, values in self.readings if second - 59 <= when <= second]
        columns = [[values[slot] for values in recent if not math.isnan(values[slot])] for slot in range(self.slots)]
        return [math.fsum(column) / len(column) if column else NAN for column in columns]


@dataclass
class Counter:
    """All that an energy counter ever showed: believed and held back, each as (value, second)."""

    growth: float
    step: float
    rounding: float
    believed: list[tuple[float, float]] = field(default_factory=list)
    held_back: list[tuple[float, float]] = field(default_factory=list)
    in_a_row: int = 0

    def reaches(self, value: float, before: tuple[float, float], now: float) -> bool:
        """Whether a counter may have come this far from what it was before, up or down."""
        seconds = max(now - before[1], 0) + 60
        far = self.growth * seconds + self.step + self.rounding * abs(value)
        return abs(value - before[0]) <= far

    def look(self, value: float, now: float) -> tuple[float, str]:
        """What stays in the column, and the verdict: '', 'held back' or 'accepted anew'."""
        if not math.isfinite(value):
            return value, ""
        last = self.believed[-1] if self.believed else (value, now)
        if last[0] - self.rounding * abs(last[0]) <= value <= last[0]:
            return self.believe(last[0], now), ""
        if value > last[0] and self.reaches(value, last, now):
            return self.believe(value, now), ""
        continues = self.in_a_row > 0 and self.reaches(value, self.held_back[-1], now)
        if continues and self.in_a_row == 2:
            return self.believe(value, now), "accepted anew"
        self.in_a_row = self.in_a_row + 1 if continues else 1
        self.held_back.append((value, now))
        return NAN, "held back"

    def believe(self, value: float, now: float) -> float:
        """The value counts from now on."""
        self.believed.append((value, now))
        self.in_a_row = 0
        return value
