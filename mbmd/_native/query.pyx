# cython: auto_pickle=False
"""A request that can be sent any number of times: its frame, and what is known of its answer beforehand."""

from cpython.bytes cimport PyBytes_AsString, PyBytes_Size
from libc.string cimport memcpy

from mbmd._native.decode cimport Program


cdef check_request(int unit, bytes pdu):
    if not 0 <= unit <= 255:
        raise ValueError("a unit is a number from 0 to 255")
    if not 1 <= PyBytes_Size(pdu) <= MAX_PDU:
        raise ValueError("a PDU has 1 to 253 bytes")


cdef check_answer(int unit, bytes prefix, int length, Program program):
    cdef Py_ssize_t size = PyBytes_Size(prefix)
    check_request(unit, prefix)
    if size > MAX_PREFIX or not 0 <= length <= MAX_PDU - size:
        raise ValueError("the expected answer does not fit a PDU")
    if program is not None and program.payload_bytes > length:
        raise ValueError("the program does not fit the answer")


cdef void set_header(unsigned char* header, int unit, bytes prefix):
    """What a good answer begins with, from the unit on."""
    header[0] = <unsigned char> unit
    memcpy(header + 1, PyBytes_AsString(prefix), PyBytes_Size(prefix))


cdef class Query:
    def __cinit__(self, bytes frame not None, int unit, request not None, Program program=None):
        prefix, length = request.prefix, request.length
        check_answer(unit, prefix, length, program)
        set_header(self.header, unit, prefix)
        self.frame = frame
        self.request = request
        self.header_size = PyBytes_Size(prefix) + 1
        self.length = length
        self.program = program
        self.is_its_own_answer = request.is_its_own_answer

    cdef int check_column(self, object column) except -1:
        if self.program is not None and self.program.slots > len(column):
            raise ValueError("the program does not fit the column")
        return 0
