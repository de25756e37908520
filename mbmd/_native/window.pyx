"""Columns that are kept for a while, the means of the last minute, and what a minute that is told to end comes to."""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytearray cimport PyByteArray_AsString, PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_Size
from libc.math cimport NAN, isnan
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

cdef enum:
    MOST_SLOTS = 0x10000
    SECONDS = 60
    LONG_AGO = -SECONDS  # out of the window even in second 0: the clock may have started just now


cdef void check_column(Py_buffer* view, Py_ssize_t slots) except *:
    if view.itemsize != sizeof(double) or view.format is NULL or view.format[0] != c"d":
        raise TypeError("a column is a buffer of doubles")
    if view.len != slots * <Py_ssize_t> sizeof(double):
        raise ValueError("the column does not have as many slots")


cdef bint fits_floats(const double* column, Py_ssize_t slots) noexcept nogil:
    """Whether single precision loses nothing: the values of most meters are no more than that on the wire."""
    cdef Py_ssize_t i
    cdef bint fits = True
    for i in range(slots):
        fits &= <double> <float> column[i] == column[i] or isnan(column[i])
    return fits


cdef bytes packed(const double* column, Py_ssize_t slots):
    cdef bytes kept
    cdef float* singles
    cdef Py_ssize_t i
    if not fits_floats(column, slots):
        return PyBytes_FromStringAndSize(<const char*> column, slots * sizeof(double))
    kept = PyBytes_FromStringAndSize(NULL, slots * sizeof(float))
    singles = <float*> PyBytes_AsString(kept)
    for i in range(slots):
        singles[i] = <float> column[i]
    return kept


cdef const char* data_of(bytes kept, Py_ssize_t slots, bint* single) except NULL:
    """What is in a packed column, and whether these are floats."""
    cdef Py_ssize_t size = PyBytes_Size(kept)
    single[0] = size == slots * <Py_ssize_t> sizeof(float)
    if not single[0] and size != slots * <Py_ssize_t> sizeof(double):
        raise ValueError("the packed column does not have as many slots")
    return PyBytes_AsString(kept)


cdef inline double value_of(const char* data, bint single, Py_ssize_t slot) noexcept nogil:
    return (<const float*> data)[slot] if single else (<const double*> data)[slot]


def pack(column):
    cdef Py_buffer view
    PyObject_GetBuffer(column, &view, PyBUF_SIMPLE | PyBUF_FORMAT)
    try:
        check_column(&view, view.len // <Py_ssize_t> sizeof(double))
        return packed(<const double*> view.buf, view.len // <Py_ssize_t> sizeof(double))
    finally:
        PyBuffer_Release(&view)


def completed(bytes kept not None, column):
    cdef Py_buffer view
    PyObject_GetBuffer(column, &view, PyBUF_SIMPLE | PyBUF_FORMAT)
    try:
        check_column(&view, view.len // <Py_ssize_t> sizeof(double))
        return complete(kept, <const double*> view.buf, view.len // <Py_ssize_t> sizeof(double))
    finally:
        PyBuffer_Release(&view)


cdef bytes complete(bytes kept, const double* column, Py_ssize_t slots):
    cdef bint single, lacks = False
    cdef const char* data = data_of(kept, slots, &single)
    cdef double* whole
    cdef Py_ssize_t i
    for i in range(slots):
        lacks |= isnan(value_of(data, single, i)) and not isnan(column[i])
    if not lacks:
        return kept
    whole = <double*> malloc(slots * sizeof(double))
    if whole is NULL:
        raise MemoryError
    try:
        for i in range(slots):
            whole[i] = value_of(data, single, i)
            if isnan(whole[i]):
                whole[i] = column[i]
        return packed(whole, slots)
    finally:
        free(whole)


def series(list columns not None, Py_ssize_t slots, Py_ssize_t slot):
    cdef bint single
    cdef const char* data
    cdef bytes kept
    cdef list values = []
    if not 0 <= slot < slots <= MOST_SLOTS:
        raise ValueError("there is no such slot")
    for kept in columns:
        if kept is None:
            raise TypeError("a packed column is bytes")
        data = data_of(kept, slots, &single)
        values.append(value_of(data, single, slot))
    return values


cdef class MinuteWindow:
    cdef readonly Py_ssize_t slots
    cdef list kept  # of each second modulo 60: a packed column, sums and counts of several as a bytearray, or None
    cdef int64_t newest

    def __cinit__(self, Py_ssize_t slots):
        if not 0 <= slots <= MOST_SLOTS:
            raise ValueError("slots out of range")
        self.slots = slots
        self.clear()

    def add(self, double now, column):
        cdef Py_buffer view
        if not 0 <= now < 9e15:
            raise ValueError("now is out of range")
        PyObject_GetBuffer(column, &view, PyBUF_SIMPLE | PyBUF_FORMAT)
        try:
            check_column(&view, self.slots)
            return self.add_column(<int64_t> now, <const double*> view.buf)
        finally:
            PyBuffer_Release(&view)

    cdef bytes add_column(self, int64_t second, const double* column):
        cdef bytes latest = packed(column, self.slots)
        cdef Py_ssize_t at = second % SECONDS
        self.advance(second)
        if second <= self.newest - SECONDS:
            return latest
        if self.kept[at] is None:
            self.kept[at] = latest
            return latest
        if isinstance(self.kept[at], bytes):
            self.kept[at] = self.sums_of(self.kept[at])
        self.count(latest, PyByteArray_AsString(self.kept[at]))
        return latest

    cdef int advance(self, int64_t second) except -1:
        """Forget what has gone by when `second` begins."""
        cdef int64_t gone
        for gone in range(max(self.newest + 1, second - SECONDS + 1, 0), second + 1):
            self.kept[gone % SECONDS] = None
        self.newest = max(self.newest, second)
        return 0

    cdef bytearray sums_of(self, bytes only):
        cdef bytearray sums = PyByteArray_FromStringAndSize(NULL, self.slots * (sizeof(double) + sizeof(uint32_t)))
        memset(PyByteArray_AsString(sums), 0, self.slots * (sizeof(double) + sizeof(uint32_t)))
        self.count(only, PyByteArray_AsString(sums))
        return sums

    cdef int count(self, bytes kept, char* sums) except -1:
        """Add a packed column to sums, which lie before their counts."""
        cdef double* totals = <double*> sums
        cdef uint32_t* counts = <uint32_t*> (totals + self.slots)
        cdef bint single
        cdef const char* data = data_of(kept, self.slots, &single)
        cdef double value
        cdef Py_ssize_t i
        for i in range(self.slots):
            value = value_of(data, single, i)
            if not isnan(value):
                totals[i] += value
                counts[i] += 1
        return 0

    cdef void count_all(self, const char* sums, char* into) noexcept:
        cdef const double* more = <const double*> sums
        cdef double* totals = <double*> into
        cdef Py_ssize_t i
        for i in range(self.slots):
            totals[i] += more[i]
            (<uint32_t*> (totals + self.slots))[i] += (<const uint32_t*> (more + self.slots))[i]

    def mean(self, double now, column):
        cdef Py_buffer view
        if not 0 <= now < 9e15:
            raise ValueError("now is out of range")
        PyObject_GetBuffer(column, &view, PyBUF_WRITABLE | PyBUF_FORMAT)
        try:
            check_column(&view, self.slots)
            self.mean_column(<int64_t> now, <double*> view.buf)
        finally:
            PyBuffer_Release(&view)

    cdef int mean_column(self, int64_t second, double* column) except -1:
        cdef Py_ssize_t at, i
        cdef int64_t of
        cdef double* sums = <double*> calloc(self.slots + 1, sizeof(double) + sizeof(uint32_t))
        cdef uint32_t* counts = <uint32_t*> (sums + self.slots)
        if sums is NULL:
            raise MemoryError
        try:
            for at in range(SECONDS):
                of = self.newest - (self.newest - at + SECONDS) % SECONDS
                if second - SECONDS < of <= second and self.kept[at] is not None:
                    self.count_second(self.kept[at], <char*> sums)
            for i in range(self.slots):
                column[i] = sums[i] / counts[i] if counts[i] else NAN
        finally:
            free(sums)
        return 0

    cdef int count_second(self, object kept, char* sums) except -1:
        if isinstance(kept, bytes):
            return self.count(kept, sums)
        self.count_all(PyByteArray_AsString(kept), sums)
        return 0

    def clear(self):
        self.kept = [None] * SECONDS
        self.newest = LONG_AGO


cdef class Summary:
    cdef readonly Py_ssize_t slots
    cdef double* sums
    cdef uint32_t* counts
    cdef unsigned char* lasting

    def __cinit__(self, Py_ssize_t slots, lasting=()):
        if not 0 <= slots <= MOST_SLOTS:
            raise ValueError("slots out of range")
        self.slots = slots
        self.sums = <double*> calloc(slots + 1, sizeof(double))
        self.counts = <uint32_t*> calloc(slots + 1, sizeof(uint32_t))
        self.lasting = <unsigned char*> calloc(slots + 1, 1)
        if self.sums is NULL or self.counts is NULL or self.lasting is NULL:
            raise MemoryError
        cdef Py_ssize_t slot
        for slot in lasting:
            if not 0 <= slot < slots:
                raise ValueError("a lasting slot is out of range")
            self.lasting[slot] = 1

    def __dealloc__(self):
        free(self.sums)
        free(self.counts)
        free(self.lasting)

    def add(self, column):
        cdef Py_buffer view
        PyObject_GetBuffer(column, &view, PyBUF_SIMPLE | PyBUF_FORMAT)
        try:
            check_column(&view, self.slots)
            self.add_column(<const double*> view.buf)
        finally:
            PyBuffer_Release(&view)

    cdef void add_column(self, const double* column) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(self.slots):
            if isnan(column[i]):
                continue
            if self.lasting[i]:
                self.sums[i] = column[i]
                self.counts[i] = 1
            else:
                self.sums[i] += column[i]
                self.counts[i] += 1

    def mean(self, column):
        cdef Py_buffer view
        PyObject_GetBuffer(column, &view, PyBUF_WRITABLE | PyBUF_FORMAT)
        try:
            check_column(&view, self.slots)
            self.mean_column(<double*> view.buf)
        finally:
            PyBuffer_Release(&view)

    cdef void mean_column(self, double* column) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(self.slots):
            column[i] = self.sums[i] / self.counts[i] if self.counts[i] else NAN

    def clear(self):
        memset(self.sums, 0, self.slots * sizeof(double))
        memset(self.counts, 0, self.slots * sizeof(uint32_t))
