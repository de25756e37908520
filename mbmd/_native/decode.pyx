"""Decode programs: from the registers of an answer to doubles in a column."""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AsString, PyBytes_Size
from libc.math cimport NAN, isfinite
from libc.stdint cimport int16_t, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef enum:
    UNSIGNED = 0
    SIGNED = 1
    FLOAT = 2

KINDS = {
    "uint16": (UNSIGNED, 1),
    "int16": (SIGNED, 1),
    "uint32": (UNSIGNED, 2),
    "int32": (SIGNED, 2),
    "float32": (FLOAT, 2),
    "uint64": (UNSIGNED, 4),
    "int64": (SIGNED, 4),
    "float64": (FLOAT, 4),
}


cdef double number_of(int kind, int words, uint64_t raw) noexcept nogil:
    cdef uint32_t half = <uint32_t> raw
    cdef float single
    cdef double result
    if kind == UNSIGNED:
        return <double> raw
    if kind == SIGNED:
        if words == 1:
            return <double> <int16_t> raw
        if words == 2:
            return <double> <int32_t> raw
        return <double> <int64_t> raw
    if words == 2:
        memcpy(&single, &half, 4)
        return single
    memcpy(&result, &raw, 8)
    return result


cdef class Program:
    def __cinit__(self, fields):
        cdef Py_ssize_t i = 0
        cdef Step* step
        fields = list(fields)
        self.steps = <Step*> malloc((len(fields) + 1) * sizeof(Step))
        if self.steps is NULL:
            raise MemoryError
        for name, offset, divisor, nan, slot in fields:
            base = name.removesuffix("_swapped")
            kind, words = KINDS[base]
            if not 0 <= offset <= 0xFFFF or not 0 <= slot <= 0xFFFF or divisor == 0:
                raise ValueError("offset or slot out of range, or divisor zero")
            step = &self.steps[i]
            step.kind = kind
            step.words = words
            step.swapped = base != name
            step.has_nan = nan is not None
            step.nan = nan if nan is not None else 0
            step.divisor = divisor
            step.offset = 2 * <Py_ssize_t> offset
            step.slot = slot
            self.payload_bytes = max(self.payload_bytes, step.offset + 2 * step.words)
            self.slots = max(self.slots, step.slot + 1)
            i += 1
        self.count = i

    def __dealloc__(self):
        free(self.steps)

    cdef void execute(self, const unsigned char* payload, double* column) noexcept nogil:
        cdef Py_ssize_t i
        cdef int word
        cdef const unsigned char* at
        cdef Step* step
        cdef uint64_t raw
        cdef double value
        for i in range(self.count):
            step = &self.steps[i]
            raw = 0
            for word in range(step.words):
                at = payload + step.offset + 2 * (step.words - 1 - word if step.swapped else word)
                raw = (raw << 16) | <uint64_t> ((at[0] << 8) | at[1])
            if step.has_nan and raw == step.nan:
                value = NAN
            else:
                value = number_of(step.kind, step.words, raw) / step.divisor
            column[step.slot] = value if isfinite(value) else NAN

    def run(self, bytes payload not None, column):
        if PyBytes_Size(payload) < self.payload_bytes:
            raise ValueError("the payload is shorter than the program reads")
        copy_into_column(self, <const unsigned char*> PyBytes_AsString(payload), column)


cdef void copy_into_column(Program program, const unsigned char* payload, object column) except *:
    cdef Py_buffer view
    PyObject_GetBuffer(column, &view, PyBUF_WRITABLE | PyBUF_FORMAT)
    try:
        if view.itemsize != sizeof(double) or view.format is NULL or view.format[0] != c"d":
            raise TypeError("a column is a buffer of doubles")
        if view.len < program.slots * <Py_ssize_t> sizeof(double):
            raise ValueError("the column is shorter than the program fills")
        program.execute(payload, <double*> view.buf)
    finally:
        PyBuffer_Release(&view)
