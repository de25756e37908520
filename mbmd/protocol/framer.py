"""The three framings behind one face, and the errors that a reader's codes stand for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mbmd._native import framing
from mbmd._native.decode import Program
from mbmd._native.query import Query
from mbmd.config.adapter import Framing
from mbmd.errors import FrameError, LinkError, MbmdError, ModbusException
from mbmd.protocol.pdu import Request

if TYPE_CHECKING:
    from array import array

ANSWER, DAMAGED, LOST_SYNC, WAITING = framing.ANSWER, framing.DAMAGED, framing.LOST_SYNC, framing.WAITING


class Framer:
    """Wraps the requests of one connection and reads their answers: Modbus TCP.

    `discard` and `forget` are those of the native reader. `identifies_answers` says that each answer names its
    request, so that a late one cannot be taken for another.
    """

    def __init__(
        self, reader: framing.Reader, encode: Callable[[int, bytes], bytes], identifies_answers: bool = True
    ) -> None:
        self.reader = reader
        self.identifies_answers = identifies_answers
        self._encode = encode
        self.feed = reader.feed
        self.discard = reader.discard
        self.forget = reader.forget

    def query(self, unit: int, request: Request, program: Program | None = None) -> Query:
        """A request that can be sent any number of times on this connection; `program` decodes its answer."""
        return Query(self._encode(unit, request.pdu), unit, request, program)

    def request(
        self, unit: int, request: Request, program: Program | None = None, column: "array[float] | None" = None
    ) -> bytes:
        """The frame to send; from now on its answer is waited for, and decoded into `column`."""
        return self.reader.ask(self.query(unit, request, program), column)

    def answer_characters(self, request: Request) -> int:  # noqa: ARG002 - only serial lines take time by length
        """Length of the good answer on a serial line."""
        return 0

    def error(self, code: int) -> MbmdError:
        """The error that a code of the reader, which is not ANSWER, stands for."""
        if code == framing.EXCEPTION:
            return ModbusException(self.reader.exception)
        if code == framing.LOST_SYNC:
            return LinkError("what came is not Modbus TCP")
        if code == framing.DAMAGED:
            return FrameError("the answer was damaged: wrong checksum", "damaged")
        return FrameError("the answer does not belong to the request", "foreign")


class SerialFramer(Framer):
    """RTU or ASCII, on a serial line or through a gateway.

    `frame_characters` and `byte_characters` are what a frame takes around its PDU and for each byte in it.
    """

    def __init__(
        self,
        reader: framing.Reader,
        encode: Callable[[int, bytes], bytes],
        frame_characters: int,
        byte_characters: int,
    ) -> None:
        super().__init__(reader, encode, identifies_answers=False)
        self._frame_characters = frame_characters
        self._byte_characters = byte_characters

    def answer_characters(self, request: Request) -> int:
        return self._frame_characters + self._byte_characters * (len(request.prefix) + request.length)


def make_framer(kind: Framing, transaction_ids: bool = True) -> Framer:
    """A framer for one connection; without `transaction_ids` the answers of Modbus TCP may carry any."""
    if kind is Framing.RTU:
        return SerialFramer(framing.RtuReader(), framing.rtu_request, 3, 1)
    if kind is Framing.ASCII:
        return SerialFramer(framing.AsciiReader(), framing.ascii_request, 7, 2)
    return Framer(framing.MbapReader(transaction_ids), _encode_mbap, transaction_ids)


def _encode_mbap(unit: int, pdu: bytes) -> bytes:
    """A frame whose transaction id comes when it is sent."""
    return framing.mbap_request(0, unit, pdu)
