# cython: auto_pickle=False
"""Requests into frames, and incremental readers of the answers, for RTU, ASCII and MBAP.

Sources: MODBUS over Serial Line V1.02 (RTU section 2.5.1, ASCII section 2.5.2),
MODBUS Messaging on TCP/IP V1.0b (MBAP section 3.1.3).
"""

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_Size
from libc.string cimport memcmp, memcpy, memmove

from mbmd._native.crc cimport crc16_of
from mbmd._native.decode cimport Program, copy_into_column
from mbmd._native.query cimport MAX_PDU, Query, check_answer, check_request, set_header

WAITING, ANSWER, EXCEPTION, DAMAGED, MISMATCH, LOST_SYNC = range(6)

ANY_TRANSACTION = C_ANY_TRANSACTION

cdef const char* HEX = b"0123456789ABCDEF"


def rtu_request(int unit, bytes pdu not None):
    cdef unsigned char frame[MAX_PDU + 3]
    cdef Py_ssize_t size = PyBytes_Size(pdu)
    cdef unsigned int crc
    check_request(unit, pdu)
    frame[0] = <unsigned char> unit
    memcpy(frame + 1, PyBytes_AsString(pdu), size)
    crc = crc16_of(frame, size + 1)
    frame[size + 1] = crc & 0xFF
    frame[size + 2] = crc >> 8
    return PyBytes_FromStringAndSize(<char*> frame, size + 3)


def ascii_request(int unit, bytes pdu not None):
    cdef unsigned char frame[MAX_ASCII + 5]
    cdef Py_ssize_t size = PyBytes_Size(pdu)
    cdef const unsigned char* data = <const unsigned char*> PyBytes_AsString(pdu)
    cdef Py_ssize_t i
    cdef unsigned int byte, total = 0
    check_request(unit, pdu)
    frame[0] = c":"
    for i in range(size + 2):
        byte = unit if i == 0 else data[i - 1] if i <= size else -total & 0xFF
        total = (total + byte) & 0xFF
        frame[1 + 2 * i] = HEX[byte >> 4]
        frame[2 + 2 * i] = HEX[byte & 15]
    frame[5 + 2 * size] = c"\r"
    frame[6 + 2 * size] = c"\n"
    return PyBytes_FromStringAndSize(<char*> frame, 7 + 2 * size)


def mbap_request(int transaction, int unit, bytes pdu not None):
    cdef unsigned char frame[MAX_PDU + 7]
    cdef Py_ssize_t size = PyBytes_Size(pdu)
    check_request(unit, pdu)
    if not 0 <= transaction <= 0xFFFF:
        raise ValueError("a transaction id is a number from 0 to 65535")
    frame[0] = transaction >> 8
    frame[1] = transaction & 0xFF
    frame[2] = frame[3] = 0
    frame[4] = (size + 1) >> 8
    frame[5] = (size + 1) & 0xFF
    frame[6] = <unsigned char> unit
    memcpy(frame + 7, PyBytes_AsString(pdu), size)
    return PyBytes_FromStringAndSize(<char*> frame, size + 7)


cdef class Reader:
    """What all framings share: the buffer, what is waited for, and delivery into a column."""

    def expect(
        self,
        int unit,
        bytes prefix not None,
        int length,
        Program program=None,
        column=None,
        int transaction=0,
        bytes echo not None=b"",
    ):
        cdef unsigned char header[MAX_PREFIX + 1]
        cdef Py_ssize_t size = PyBytes_Size(prefix)
        check_answer(unit, prefix, length, program)
        if not self.can_await(transaction):
            raise ValueError("the expected answer does not fit a PDU")
        if program is not None and program.slots > len(column):
            raise ValueError("the program does not fit the column")
        self.expect_echo(echo)
        set_header(header, unit, prefix)
        self.transaction = transaction
        self.begin(header, size + 1, length, program, column)

    def ask(self, Query query not None, column=None):
        query.check_column(column)
        return self.put(query, column)

    cdef bytes put(self, Query query, object column):
        """Wait for the answer to a query whose program fits the column; returns the frame to send."""
        frame = self.numbered_frame(query)
        self.begin(query.header, query.header_size, query.length, query.program, column)
        return frame

    cdef bytes numbered_frame(self, Query query):
        """The frame of a query, told from others; here by nothing."""
        # An answer that is its request looks like an echo: what the last request brought tells which of them comes.
        self.expect_echo(b"" if query.is_its_own_answer and not self.echoes else query.frame)
        return query.frame

    cdef void begin(self, const unsigned char* header, Py_ssize_t size, Py_ssize_t length, Program program, object column):
        memcpy(self.header, header, size)
        self.header_size = size
        self.length = length
        self.program = program
        self.column = column
        self.exception = 0
        self.skipped = self.damaged = self.stale = self.echoes = self.unnumbered = 0
        self.waiting = True

    cdef bint can_await(self, int transaction) noexcept:
        return 0 <= transaction <= 0xFFFF or (self.numbered and transaction == C_ANY_TRANSACTION)

    cdef expect_echo(self, bytes echo):
        cdef Py_ssize_t size = PyBytes_Size(echo)
        if size > <Py_ssize_t> sizeof(self.echo):
            raise ValueError("the echo is longer than a frame can be")
        memcpy(self.echo, PyBytes_AsString(echo), size)
        self.echo_size = 0 if self.numbered else size
        self.echo_seen = 0

    cdef void forget_echo(self) noexcept:
        self.echo_size = self.echo_seen = 0

    def discard(self):
        self.forget_echo()
        self.filled = 0
        self.waiting = False
        self.program = self.column = None

    def forget(self):
        self.skipped += self.echo_seen
        self.forget_echo()
        self.waiting = False
        self.program = self.column = None
        self.scan()

    @property
    def payload(self):
        return PyBytes_FromStringAndSize(<char*> self.data, self.length)

    def feed(self, bytes chunk not None):
        return self.receive(chunk)

    cdef int receive(self, bytes chunk) except -1:
        cdef const unsigned char* source = <const unsigned char*> PyBytes_AsString(chunk)
        cdef Py_ssize_t size = PyBytes_Size(chunk)
        cdef Py_ssize_t damaged = self.damaged
        cdef Py_ssize_t held = self.echo_seen
        cdef Py_ssize_t passed = self.pass_echo(source, size)
        cdef int found = C_WAITING
        if self.echo_size:
            return C_WAITING
        if held and not self.echoes:
            found = self.take(self.echo, held, found)
        found = self.take(source + passed, size - passed, found)
        if found == C_WAITING and self.damaged > damaged:
            return C_DAMAGED
        return found

    cdef Py_ssize_t pass_echo(self, const unsigned char* source, Py_ssize_t size) noexcept:
        """How many bytes of a chunk are of the echo; the wait for it ends when it is whole, or turns out to be none."""
        cdef Py_ssize_t part = min(size, self.echo_size - self.echo_seen)
        if memcmp(self.echo + self.echo_seen, source, part) != 0:
            self.forget_echo()
            return 0
        self.echo_seen += part
        if self.echo_size and self.echo_seen == self.echo_size:
            self.forget_echo()
            self.echoes = 1
        return part

    cdef int take(self, const unsigned char* source, Py_ssize_t left, int found) except -1:
        """Scan what came after bytes that brought `found`; what all of them brought."""
        cdef Py_ssize_t part
        cdef int code
        while True:
            part = min(left, CAPACITY - self.filled)
            memcpy(self.buffer + self.filled, source, part)
            self.filled += part
            source += part
            left -= part
            code = self.scan()
            if code == C_LOST_SYNC:
                return code if found == C_WAITING else found
            if code != C_WAITING:
                found = code
                self.finish(code)
            if not left:
                return found

    cdef finish(self, int code):
        program, column = self.program, self.column
        self.waiting = False
        self.program = self.column = None
        if code == C_ANSWER and program is not None:
            copy_into_column(program, self.data, column)
        self.scan()

    cdef int scan(self) noexcept:
        """Look for the answer in the buffer; leave only what may be the beginning of a frame.

        Leaves room in the buffer. Finds no answer while nothing is waited for.
        """
        self.filled = 0
        return C_WAITING

    cdef void drop(self, Py_ssize_t size) noexcept:
        self.filled -= size
        memmove(self.buffer, self.buffer + size, self.filled)

    cdef int judge(self, const unsigned char* adu, Py_ssize_t size) noexcept:
        """What a whole frame (unit and PDU, checksum passed) is to the one who waits."""
        if size == 3 and adu[0] == self.header[0] and adu[1] == (self.header[1] | 0x80):
            return C_EXCEPTION
        if size == self.header_size + self.length and memcmp(adu, self.header, self.header_size) == 0:
            return C_ANSWER
        return C_MISMATCH

    cdef int match(self, const unsigned char* adu, Py_ssize_t size) noexcept:
        """Judge a whole frame, and keep what an answer or an exception says."""
        cdef int code = self.judge(adu, size)
        if code == C_EXCEPTION:
            self.exception = adu[2]
        elif code == C_ANSWER:
            memcpy(self.data, adu + self.header_size, self.length)
        return code


cdef class RtuReader(Reader):
    cdef int scan(self) noexcept:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t size
        cdef unsigned char* frame
        cdef int code
        if not self.waiting:
            at = self.filled
        while at < self.filled:
            frame = self.buffer + at
            size = self.frame_size(frame, self.filled - at)
            if size > self.filled - at:
                break
            if size:
                if crc16_of(frame, size - 2) == <unsigned int> (frame[size - 2] | (frame[size - 1] << 8)):
                    code = self.match(frame, size - 2)
                    if code != C_MISMATCH:
                        self.skipped += at
                        self.drop(at + size)
                        return code
                self.damaged += 1
            at += 1
        self.skipped += at
        self.drop(at)
        return C_WAITING

    cdef Py_ssize_t frame_size(self, const unsigned char* frame, Py_ssize_t available) noexcept:
        """Bytes of the awaited frame if it may begin here, 0 if it does not."""
        cdef Py_ssize_t header = min(available, self.header_size)
        if memcmp(frame, self.header, header) == 0:
            return self.header_size + self.length + 2
        if frame[0] == self.header[0] and (available == 1 or frame[1] == (self.header[1] | 0x80)):
            return 5
        return 0


cdef int hex_value(unsigned char digit) noexcept:
    if c"0" <= digit <= c"9":
        return digit - c"0"
    if c"A" <= digit <= c"F":
        return digit - c"A" + 10
    if c"a" <= digit <= c"f":
        return digit - c"a" + 10
    return -1


cdef class AsciiReader(Reader):
    cdef int scan(self) noexcept:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t start = -1
        cdef int code
        if not self.waiting:
            self.skipped += self.filled
            self.drop(self.filled)
        while at < self.filled:
            if self.buffer[at] == c":":
                self.skipped += at - max(start, 0)
                start = at
            elif start >= 0 and (self.buffer[at] == c"\n" or at - start > MAX_ASCII + 2):
                code = self.read_frame(self.buffer + start + 1, at - start - 1)
                if code == C_ANSWER or code == C_EXCEPTION:
                    self.drop(at + 1)
                    return code
                self.skipped += at + 1 - start
                self.damaged += code == C_DAMAGED
                self.stale += code == C_MISMATCH
                self.drop(at + 1)
                at = -1
                start = -1
            at += 1
        if start < 0:
            self.skipped += self.filled
            start = self.filled
        self.drop(start)
        return C_WAITING

    cdef int read_frame(self, const unsigned char* text, Py_ssize_t size) noexcept:
        """Decode what stands between the colon and the line feed; C_DAMAGED when it is no good frame."""
        cdef unsigned char adu[MAX_PDU + 2]
        cdef unsigned int total = 0
        cdef int high, low
        cdef Py_ssize_t i
        if size and text[size - 1] == c"\r":
            size -= 1
        if size < 6 or size % 2 or size > MAX_ASCII:
            return C_DAMAGED
        for i in range(size // 2):
            high = hex_value(text[2 * i])
            low = hex_value(text[2 * i + 1])
            if high < 0 or low < 0:
                return C_DAMAGED
            adu[i] = <unsigned char> (high << 4 | low)
            total += adu[i]
        if total & 0xFF:
            return C_DAMAGED
        return self.match(adu, size // 2 - 1)


cdef class MbapReader(Reader):
    cdef int last
    cdef bint repeats

    def __cinit__(self, bint transaction_ids=True):
        self.numbered = True
        self.repeats = not transaction_ids

    cdef bytes numbered_frame(self, Query query):
        cdef Py_ssize_t size = PyBytes_Size(query.frame)
        cdef bytes frame = PyBytes_FromStringAndSize(PyBytes_AsString(query.frame), size)
        cdef unsigned char* head = <unsigned char*> PyBytes_AsString(frame)
        if size < 7:
            raise ValueError("the frame of a query is too short for Modbus TCP")
        self.last = (self.last + 1) & 0xFFFF
        head[0] = self.last >> 8
        head[1] = self.last & 0xFF
        self.transaction = C_ANY_TRANSACTION if self.repeats else self.last
        return frame

    cdef int scan(self) noexcept:
        cdef unsigned int size
        cdef unsigned char* head = self.buffer
        cdef int code
        while self.filled >= 7:
            size = head[4] << 8 | head[5]
            if head[2] or head[3] or size < 2 or size > MAX_PDU + 1:
                return C_LOST_SYNC
            if self.filled < <Py_ssize_t> size + 6:
                break
            if self.waiting:
                if self.is_awaited(head, size):
                    code = self.match(head + 6, size)
                    self.drop(size + 6)
                    return code
                self.unnumbered += self.judge(head + 6, size) != C_MISMATCH
            self.stale += 1
            self.skipped += size + 6
            self.drop(size + 6)
        return C_WAITING

    cdef bint is_awaited(self, const unsigned char* head, Py_ssize_t size) noexcept:
        """Whether a whole frame ends the wait."""
        if self.transaction == C_ANY_TRANSACTION:
            return self.judge(head + 6, size) != C_MISMATCH
        return (head[0] << 8 | head[1]) == self.transaction
