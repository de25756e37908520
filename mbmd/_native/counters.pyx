"""Plausibility of energy counters: they never run backwards, and grow no faster than the device is rated."""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport INFINITY, NAN, fabs, isfinite, isnan
from libc.stdlib cimport calloc, free

cdef enum:
    C_PLAUSIBLE = 0
    C_HELD_BACK = 1
    C_ACCEPTED_ANEW = 2
    C_PERSISTS = 3

cdef double C_REFRESH = 60.0

HELD_BACK, ACCEPTED_ANEW = C_HELD_BACK, C_ACCEPTED_ANEW
PERSISTS = C_PERSISTS
REFRESH = C_REFRESH

cdef struct Counter:
    Py_ssize_t slot
    double growth
    double step
    double rounding
    double base
    double base_time
    double offered
    double offered_time
    int repeats
    Py_ssize_t held_back


cdef double reach(const Counter* counter, double value, double since, double now) noexcept nogil:
    """How far `value` may be from one of the second `since`."""
    cdef double elapsed = max(now - since, 0.0)
    return counter.growth * (elapsed + C_REFRESH) + counter.step + counter.rounding * fabs(value)


cdef void accept(Counter* counter, double value, double now) noexcept nogil:
    counter.base = value
    counter.base_time = now
    counter.repeats = 0


cdef int doubt(Counter* counter, double* value, double now) noexcept nogil:
    """Hold back an implausible value until it has persisted."""
    cdef double distance = fabs(value[0] - counter.offered)
    if not distance <= reach(counter, value[0], counter.offered_time, now):
        counter.repeats = 0
    counter.repeats += 1
    if counter.repeats == C_PERSISTS:
        accept(counter, value[0], now)
        return C_ACCEPTED_ANEW
    counter.offered = value[0]
    counter.offered_time = now
    counter.held_back += 1
    value[0] = NAN
    return C_HELD_BACK


cdef int judge(Counter* counter, double* value, double now) noexcept nogil:
    cdef double base = counter.base
    if not isfinite(value[0]):
        return C_PLAUSIBLE
    if base - counter.rounding * fabs(base) <= value[0] < base:
        value[0] = base
    elif not isnan(base) and not base <= value[0] <= base + reach(counter, value[0], counter.base_time, now):
        return doubt(counter, value, now)
    accept(counter, value[0], now)
    return C_PLAUSIBLE


cdef check_counter(Py_ssize_t slots, set known, slot, double growth, double step, double rounding):
    if not 0 <= slot < slots or slot in known:
        raise ValueError("a counter's slot is outside of the column, or there twice")
    if not growth >= 0 or not 0 <= step < INFINITY or not 0 <= rounding < INFINITY:
        raise ValueError("growth, step or rounding of a counter is negative or not finite")
    known.add(slot)


cdef class CounterGuard:
    cdef readonly Py_ssize_t slots
    cdef Counter* counters
    cdef Py_ssize_t size

    def __cinit__(self, Py_ssize_t slots, counters):
        cdef Counter* counter
        cdef set known = set()
        if not 0 <= slots <= 0x10000:
            raise ValueError("slots out of range")
        counters = list(counters)
        self.slots = slots
        self.counters = <Counter*> calloc(len(counters) + 1, sizeof(Counter))
        if self.counters is NULL:
            raise MemoryError
        for slot, growth, step, rounding in counters:
            check_counter(slots, known, slot, growth, step, rounding)
            counter = &self.counters[self.size]
            counter.slot = slot
            counter.growth = growth
            counter.step = step
            counter.rounding = rounding
            counter.base = counter.offered = NAN
            self.size += 1

    def __dealloc__(self):
        free(self.counters)

    def check(self, double now, column):
        cdef Py_buffer view
        if not 0 <= now < 9e15:
            raise ValueError("now is out of range")
        PyObject_GetBuffer(column, &view, PyBUF_WRITABLE | PyBUF_FORMAT)
        try:
            if view.itemsize != sizeof(double) or view.format is NULL or view.format[0] != c"d":
                raise TypeError("a column is a buffer of doubles")
            if view.len != self.slots * <Py_ssize_t> sizeof(double):
                raise ValueError("the column does not have the guard's slots")
            return self.check_column(<double*> view.buf, now)
        finally:
            PyBuffer_Release(&view)

    cdef tuple check_column(self, double* column, double now):
        cdef list events = None
        cdef Py_ssize_t i
        cdef int verdict
        for i in range(self.size):
            verdict = judge(&self.counters[i], column + self.counters[i].slot, now)
            if verdict != C_PLAUSIBLE:
                if events is None:
                    events = []
                events.append((self.counters[i].slot, verdict))
        return tuple(events) if events else ()

    cdef Counter* find(self, Py_ssize_t slot) except NULL:
        cdef Py_ssize_t i
        for i in range(self.size):
            if self.counters[i].slot == slot:
                return &self.counters[i]
        raise ValueError("the slot is no counter")

    def count(self, Py_ssize_t slot):
        return self.find(slot).held_back

    def base(self, Py_ssize_t slot):
        return self.find(slot).base

    def offered(self, Py_ssize_t slot):
        return self.find(slot).offered
