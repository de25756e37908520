# cython: auto_pickle=False
"""Requests in a row on one connection: the next goes out as soon as an answer has come."""

from libc.stdint cimport int64_t

from mbmd._native.framing cimport C_ANSWER, C_WAITING, Reader
from mbmd._native.query cimport Query


cdef enum:
    C_ROUND_TRIPS = 256

ROUND_TRIPS = C_ROUND_TRIPS


cdef class RoundTrips:
    cdef double latest[C_ROUND_TRIPS]
    cdef readonly int64_t count  # a 32-bit one would overflow within weeks
    cdef readonly double total

    def add(self, double seconds):
        self.note(seconds)

    cdef void note(self, double seconds) noexcept:
        self.latest[self.count % C_ROUND_TRIPS] = seconds
        self.count += 1
        self.total += seconds

    @property
    def kept(self):
        return [self.latest[at] for at in range(min(self.count, C_ROUND_TRIPS))]


cdef class Exchange:
    cdef Reader reader
    cdef object came
    cdef object clock
    cdef public object heard
    cdef object write
    cdef readonly tuple queries
    cdef object column
    cdef RoundTrips trips
    cdef double waited
    cdef readonly Py_ssize_t answered
    cdef readonly double sent

    def __cinit__(self, Reader reader not None, came, clock, RoundTrips trips not None):
        self.reader = reader
        self.clock = clock
        self.came = came
        self.trips = trips
        self.queries = ()

    @property
    def begun(self):
        return min(self.answered + 1, len(self.queries))

    def begin(self, tuple queries not None, column=None):
        cdef Query query
        for query in queries:
            if query is None:
                raise TypeError("a query is missing")
            query.check_column(column)
        self.queries = queries
        self.column = column
        self.answered = 0
        self.waited = 0

    @property
    def is_done(self):
        return self.answered == len(self.queries)

    def take_waited(self):
        waited, self.waited = self.waited, 0.0
        return waited

    def next(self, write):
        if self.answered >= len(self.queries):
            raise IndexError("every query was answered")
        self.write = write
        self.sent = self.clock()
        return self.put()

    cdef bytes put(self):
        return self.reader.put(<Query> self.queries[self.answered], self.column)

    def close(self):
        self.came = self.heard = self.write = None
        self.reader.discard()

    def data_received(self, bytes data not None):
        cdef double now
        if self.heard is not None:
            self.heard(data)
        cdef int code = self.reader.receive(data)
        if code == C_WAITING:
            return
        if code == C_ANSWER:
            now = self.clock()
            self.trips.note(now - self.sent)
            self.waited += now - self.sent
            self.answered += 1
            if self.goes_on_by_itself():
                self.sent = now
                self.write(self.put())
                return
        if self.came is not None:
            self.came(code)

    cdef bint goes_on_by_itself(self):
        """Whether another request follows, before which nobody has anything to do."""
        return self.answered < len(self.queries) and self.heard is None and not self.reader.skipped
