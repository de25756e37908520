from mbmd._native.decode cimport Program
from mbmd._native.query cimport MAX_PDU, MAX_PREFIX, Query

cdef enum:
    MAX_ASCII = 2 * (MAX_PDU + 2)
    CAPACITY = 1024

cdef enum:
    C_WAITING = 0
    C_ANSWER = 1
    C_EXCEPTION = 2
    C_DAMAGED = 3
    C_MISMATCH = 4
    C_LOST_SYNC = 5
    C_ANY_TRANSACTION = -1


cdef class Reader:
    cdef unsigned char buffer[CAPACITY]
    cdef Py_ssize_t filled
    cdef unsigned char header[MAX_PREFIX + 1]
    cdef Py_ssize_t header_size
    cdef Py_ssize_t length
    cdef int transaction
    cdef bint numbered  # frames carry a transaction id, and no adapter sends them back
    cdef readonly bint waiting
    cdef unsigned char echo[MAX_ASCII + 5]
    cdef Py_ssize_t echo_size
    cdef Py_ssize_t echo_seen
    cdef unsigned char data[MAX_PDU]
    cdef Program program
    cdef object column
    cdef readonly int exception
    cdef readonly Py_ssize_t skipped
    cdef readonly Py_ssize_t damaged
    cdef readonly Py_ssize_t stale
    cdef readonly Py_ssize_t echoes
    cdef readonly Py_ssize_t unnumbered

    cdef bytes put(self, Query query, object column)
    cdef bytes numbered_frame(self, Query query)
    cdef void begin(self, const unsigned char* header, Py_ssize_t size, Py_ssize_t length, Program program, object column)
    cdef bint can_await(self, int transaction) noexcept
    cdef expect_echo(self, bytes echo)
    cdef void forget_echo(self) noexcept
    cdef int receive(self, bytes chunk) except -1
    cdef Py_ssize_t pass_echo(self, const unsigned char* source, Py_ssize_t size) noexcept
    cdef int take(self, const unsigned char* source, Py_ssize_t left, int found) except -1
    cdef finish(self, int code)
    cdef int scan(self) noexcept
    cdef void drop(self, Py_ssize_t size) noexcept
    cdef int judge(self, const unsigned char* adu, Py_ssize_t size) noexcept
    cdef int match(self, const unsigned char* adu, Py_ssize_t size) noexcept
