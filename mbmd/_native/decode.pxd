from libc.stdint cimport uint64_t

cdef struct Source:
    int kind
    int words
    bint swapped
    bint has_nan
    uint64_t nan
    Py_ssize_t start

cdef struct Step:
    Source value
    int shift
    uint64_t mask
    double divisor
    double offset
    bint scaled
    Source scale
    Py_ssize_t slot


cdef class Program:
    cdef Step* steps
    cdef Py_ssize_t count
    cdef readonly Py_ssize_t payload_bytes
    cdef readonly Py_ssize_t slots
    cdef void execute(self, const unsigned char* payload, double* column) noexcept nogil


cdef void copy_into_column(Program program, const unsigned char* payload, object column) except *
