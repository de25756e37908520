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
    C_MOST_SCALE = 10

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
BIT = "bit"
MOST_SCALE = C_MOST_SCALE

cdef uint64_t ALL_BITS = <uint64_t> -1
cdef double[C_MOST_SCALE + 1] POWERS_OF_TEN
POWERS_OF_TEN[:] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]


cdef inline double number_of(int kind, int words, uint64_t raw) noexcept nogil:
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


cdef inline uint32_t two_words(const unsigned char* at, bint swapped) noexcept nogil:
    cdef uint32_t bits = <uint32_t> at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]
    return bits << 16 | bits >> 16 if swapped else bits


cdef inline uint64_t bits_at(const Source* source, const unsigned char* payload) noexcept nogil:
    """The bits at a source, of which no words are a single byte. What compilers know as one load is written out."""
    cdef const unsigned char* at = payload + source.start
    cdef uint64_t first
    if source.words == 2:
        return two_words(at, source.swapped)
    if source.words == 1:
        return at[0] << 8 | at[1]
    if source.words == 0:
        return at[0]
    first = two_words(at, source.swapped)
    at += 4
    if source.swapped:
        return <uint64_t> two_words(at, True) << 32 | first
    return first << 32 | two_words(at, False)


cdef inline bint is_marker(const Source* source, uint64_t raw) noexcept nogil:
    return source.has_nan and raw == source.nan


cdef double scaled(double value, double divisor, const Source* source, const unsigned char* payload) noexcept nogil:
    """The value times the power of ten at a source, divided; NaN for none."""
    cdef uint64_t raw = bits_at(source, payload)
    cdef double power
    if is_marker(source, raw):
        return NAN
    power = number_of(source.kind, source.words, raw)
    if not -C_MOST_SCALE <= power <= C_MOST_SCALE:
        return NAN
    # Powers below 1 have no exact double, but products of whole numbers have: so it is rounded only once.
    return value * POWERS_OF_TEN[<int> power] / divisor if power >= 0 else value / (POWERS_OF_TEN[<int> -power] * divisor)


cdef Py_ssize_t set_source(Source* source, str name, place, nan) except -1:
    """Fill a source of registers; returns where it ends in the payload."""
    base = name.removesuffix("_swapped")
    kind, words = KINDS[base]
    if not 0 <= place <= 0xFFFF:
        raise ValueError("place out of range")
    source.kind = kind
    source.words = words
    source.swapped = base != name
    source.has_nan = nan is not None
    source.nan = nan if nan is not None else 0
    source.start = <int32_t> (2 * <Py_ssize_t> place)
    return source.start + 2 * source.words


cdef Py_ssize_t set_bit(Step* step, place, nan, bits, scale) except -1:
    """Fill a step with a coil or discrete input; returns where it ends in the payload."""
    if not 0 <= place <= 0xFFFF or nan is not None or bits is not None or scale is not None:
        raise ValueError("place of a bit out of range, or more than a bit can have")
    step.value = Source(0, <int32_t> (<Py_ssize_t> place // 8), UNSIGNED, 0, False, False)
    step.shift = place % 8
    step.mask = 1
    return step.value.start + 1


cdef int set_bits(Step* step, bits) except -1:
    """Take only some bits of the value."""
    lowest, size = bits
    if step.value.kind != UNSIGNED or lowest < 0 or size < 1 or lowest + size > 16 * step.value.words:
        raise ValueError("bits that the type does not have")
    step.shift = lowest
    step.mask = ALL_BITS >> (64 - <int> size)
    return 0


cdef Py_ssize_t set_scale(Source* source, scale) except -1:
    """Fill the source of a scale; returns where it ends in the payload."""
    name, place, nan = scale
    end = set_source(source, name, place, nan)
    if source.kind == FLOAT:
        raise ValueError("a scale is a whole number")
    return end


cdef class Program:
    def __cinit__(self, fields):
        cdef Py_ssize_t i = 0, end
        cdef Step* step
        fields = list(fields)
        self.steps = <Step*> malloc((len(fields) + 1) * sizeof(Step))
        if self.steps is NULL:
            raise MemoryError
        for field in fields:
            name, place, divisor, nan, slot, *rest = field
            offset, bits, scale = rest or (0.0, None, None)
            if not 0 <= slot <= 0xFFFF or divisor == 0:
                raise ValueError("slot out of range, or divisor zero")
            step = &self.steps[i]
            step.shift = 0
            step.mask = ALL_BITS
            step.divisor = divisor
            step.offset = offset
            step.scaled = scale is not None
            step.slot = <int32_t> <Py_ssize_t> slot
            if name == BIT:
                end = set_bit(step, place, nan, bits, scale)
            else:
                end = set_source(&step.value, name, place, nan)
            if bits is not None:
                set_bits(step, bits)
            if scale is not None:
                end = max(end, set_scale(&step.scale, scale))
            self.payload_bytes = max(self.payload_bytes, end)
            self.slots = max(self.slots, step.slot + 1)
            i += 1
        self.count = i

    def __dealloc__(self):
        free(self.steps)

    cdef void execute(self, const unsigned char* payload, double* column) noexcept nogil:
        cdef Py_ssize_t i
        cdef Step* step
        cdef uint64_t raw
        cdef double value
        for i in range(self.count):
            step = &self.steps[i]
            raw = bits_at(&step.value, payload)
            value = NAN
            if not is_marker(&step.value, raw):
                value = number_of(step.value.kind, step.value.words, (raw >> step.shift) & step.mask)
                value = scaled(value, step.divisor, &step.scale, payload) if step.scaled else value / step.divisor
                if step.offset:
                    value += step.offset
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
