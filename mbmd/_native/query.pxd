from mbmd._native.decode cimport Program

cdef enum:
    MAX_PDU = 253
    MAX_PREFIX = 5


cdef class Query:
    cdef bytes frame
    cdef readonly object request
    cdef unsigned char header[MAX_PREFIX + 1]
    cdef Py_ssize_t header_size
    cdef Py_ssize_t length
    cdef Program program
    cdef bint is_its_own_answer
    cdef int check_column(self, object column) except -1


cdef check_request(int unit, bytes pdu)
cdef check_answer(int unit, bytes prefix, int length, Program program)
cdef void set_header(unsigned char* header, int unit, bytes prefix)
