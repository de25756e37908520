from array import array

from mbmd._native.decode import Program
from mbmd._native.query import Query

WAITING: int
"""The answer is not there yet."""
ANSWER: int
"""The answer came; it is in `payload`, and in the column where a program was given."""
EXCEPTION: int
"""The device answered with an exception; its code is in `exception`."""
DAMAGED: int
"""A frame with a wrong checksum came; the reader still waits for a good one."""
MISMATCH: int
"""Modbus TCP: the frame of this transaction is not an answer to its request."""
LOST_SYNC: int
"""Modbus TCP: what came is no MBAP header; only a new connection helps. Said again until `discard`."""
ANY_TRANSACTION: int
"""Modbus TCP: what to await from a gateway that does not send the transaction id of the request back."""

def rtu_request(unit: int, pdu: bytes) -> bytes:
    """RTU frame: unit, PDU, CRC16. Raises ValueError for a unit beyond 255 or a PDU not of 1 to 253 bytes.

    OverflowError, here and below, for a number beyond 32 bits.
    """

def ascii_request(unit: int, pdu: bytes) -> bytes:
    """ASCII frame: colon, hex of unit, PDU and LRC, CR LF. Errors as `rtu_request`."""

def mbap_request(transaction: int, unit: int, pdu: bytes) -> bytes:
    """Modbus TCP frame: transaction id, protocol 0, length, unit, PDU. Errors as `rtu_request`."""

class Reader:
    """An incremental reader of answers; one of the framings below.

    `feed` takes bytes cut anywhere, throws away what is not the awaited answer, and never raises for
    what the bytes are. Memory is constant.
    """

    exception: int
    """Code of the exception after EXCEPTION."""
    skipped: int
    """Bytes thrown away since `expect`."""
    damaged: int
    """Frames with a wrong checksum since `expect`."""
    stale: int
    """Good frames that were not the answer since `expect` (ASCII and MBAP)."""
    echoes: int
    """Echoes of the request that were passed over since `expect`: 0 or 1."""
    unnumbered: int
    """Stale frames since `expect` that were the awaited answer, or its exception, in all but the transaction
    id (MBAP): a gateway that needs ANY_TRANSACTION, or late answers to the same request."""

    def expect(
        self,
        unit: int,
        prefix: bytes,
        length: int,
        program: Program | None = None,
        column: array[float] | None = None,
        transaction: int = 0,
        echo: bytes = b"",
    ) -> None:
        """Wait for an answer of `unit`: a PDU of `prefix` (1 to 5 bytes known beforehand, the function
        code first) and `length` bytes of data. On arrival `program` decodes them into `column`.

        `echo` is the frame just sent, for half-duplex adapters that send it back. Where the first bytes from now
        on are this very frame, they are passed over and not counted as skipped; while they may become it, nothing
        is decided; as soon as they differ, they are read as if no echo had been given. An answer that is the same
        frame as its request is taken for the echo. What came of an echo when the wait ends is thrown away.
        MBAP has no echoes and ignores it.

        With the transaction ANY_TRANSACTION (MBAP only) a frame of any id is the answer, or the exception, if it
        is one in all else; any other may be a late answer to an earlier request, and is stale.

        Bytes that came before and were not used are kept; `discard` throws them away.
        Raises ValueError when the answer does not fit a PDU, the program does not fit answer or column, or the
        echo is longer than the longest frame.
        """
    def ask(self, query: Query, column: array[float] | None = None) -> bytes:
        """`expect` the answer to a query; returns the frame to send, with the next transaction id (MBAP).

        Its echo is looked for, unless the answer looks the same and the last request brought no echo.
        Raises ValueError when the program does not fit the column.
        """
    def discard(self) -> None:
        """Throw away what is buffered and wait for nothing: a new connection."""
    def forget(self) -> None:
        """Wait for nothing, but stay in step with the stream: a timeout."""
    @property
    def payload(self) -> bytes:
        """The data behind the prefix; valid after ANSWER."""
    def feed(self, chunk: bytes) -> int:
        """Take bytes from the wire and say what they brought: one of the codes of this module.

        Raises ValueError or TypeError, and drops the answer, when the column has meanwhile become too short
        for the program or is none.
        """

class RtuReader(Reader):
    """RTU: a frame counts when unit, prefix, length and CRC are right; looked for at every byte."""

class AsciiReader(Reader):
    """ASCII: from colon to line feed, checked by LRC; what grows longer than a frame can be is damaged."""

class MbapReader(Reader):
    """Modbus TCP: frames of other transactions are dropped, unless ANY_TRANSACTION is awaited.

    Without `transaction_ids` that is what `ask` awaits.
    """

    def __init__(self, transaction_ids: bool = True) -> None: ...
