"""Means of a minute, in constant memory: of the last one, and of one that is told to end."""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport NAN, isnan
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef enum:
    BUCKETS = 60
    LONG_AGO = -BUCKETS  # out of the window even in second 0: the clock may have started just now


cdef void check_column(Py_buffer* view, Py_ssize_t slots) except *:
    if view.itemsize != sizeof(double) or view.format is NULL or view.format[0] != c"d":
        raise TypeError("a column is a buffer of doubles")
    if view.len != slots * <Py_ssize_t> sizeof(double):
        raise ValueError("the column does not have as many slots")


cdef class MinuteWindow:
    cdef readonly Py_ssize_t slots
    cdef double* sums
    cdef uint32_t* counts
    cdef int64_t seconds[BUCKETS]

    def __cinit__(self, Py_ssize_t slots):
        cdef int i
        if not 0 <= slots <= 0x10000:
            raise ValueError("slots out of range")
        self.slots = slots
        for i in range(BUCKETS):
            self.seconds[i] = LONG_AGO
        self.sums = <double*> calloc(BUCKETS * slots + 1, sizeof(double))
        self.counts = <uint32_t*> calloc((BUCKETS + 1) * slots + 1, sizeof(uint32_t))
        if self.sums is NULL or self.counts is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.sums)
        free(self.counts)

    def add(self, double now, column):
        cdef Py_buffer view
        if not 0 <= now < 9e15:
            raise ValueError("now is out of range")
        PyObject_GetBuffer(column, &view, PyBUF_SIMPLE | PyBUF_FORMAT)
        try:
            check_column(&view, self.slots)
            self.add_column(<int64_t> now, <const double*> view.buf)
        finally:
            PyBuffer_Release(&view)

    cdef void add_column(self, int64_t second, const double* column) noexcept nogil:
        cdef Py_ssize_t bucket = second % BUCKETS
        cdef Py_ssize_t i
        cdef double* sums = self.sums + bucket * self.slots
        cdef uint32_t* counts = self.counts + bucket * self.slots
        if self.seconds[bucket] != second:
            self.seconds[bucket] = second
            memset(sums, 0, self.slots * sizeof(double))
            memset(counts, 0, self.slots * sizeof(uint32_t))
        for i in range(self.slots):
            if not isnan(column[i]):
                sums[i] += column[i]
                counts[i] += 1

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

    cdef void mean_column(self, int64_t second, double* column) noexcept nogil:
        cdef Py_ssize_t bucket, i
        cdef const double* sums
        cdef const uint32_t* counts
        cdef uint32_t* total = self.counts + BUCKETS * self.slots
        memset(total, 0, self.slots * sizeof(uint32_t))
        memset(column, 0, self.slots * sizeof(double))
        for bucket in range(BUCKETS):
            if second - BUCKETS < self.seconds[bucket] <= second:
                sums = self.sums + bucket * self.slots
                counts = self.counts + bucket * self.slots
                for i in range(self.slots):
                    column[i] += sums[i]
                    total[i] += counts[i]
        for i in range(self.slots):
            column[i] = column[i] / total[i] if total[i] else NAN

    def clear(self):
        cdef int i
        for i in range(BUCKETS):
            self.seconds[i] = LONG_AGO


cdef class Summary:
    cdef readonly Py_ssize_t slots
    cdef double* sums
    cdef uint32_t* counts
    cdef unsigned char* lasting

    def __cinit__(self, Py_ssize_t slots, lasting=()):
        if not 0 <= slots <= 0x10000:
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
