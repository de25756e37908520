from libc.stdint cimport int32_t, uint8_t, uint64_t

cdef struct Source:
    uint64_t nan
    int32_t start
    uint8_t kind
    uint8_t words
    uint8_t swapped
    uint8_t has_nan

cdef struct Step:
    Source value
    double divisor
    double offset
    uint64_t mask
    int32_t slot
    uint8_t shift
    uint8_t scaled
    Source scale


cdef class Program:
    cdef Step* steps
    cdef Py_ssize_t count
    cdef readonly Py_ssize_t payload_bytes
    cdef readonly Py_ssize_t slots
    cdef void execute(self, const unsigned char* payload, double* column) noexcept nogil


cdef void copy_into_column(Program program, const unsigned char* payload, object column) except *
