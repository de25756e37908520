"""A Linux timerfd: the precise alarm clock of a serial bus."""

from posix.time cimport CLOCK_MONOTONIC, itimerspec
from posix.unistd cimport close, read
from libc.errno cimport errno
from libc.stdint cimport uint64_t

cdef extern from "<sys/timerfd.h>":
    int timerfd_create(int clock, int flags) nogil
    int timerfd_settime(int fd, int flags, const itimerspec* new, itimerspec* old) nogil
    int TFD_NONBLOCK
    int TFD_CLOEXEC
    int TFD_TIMER_ABSTIME


cdef class TimerFd:
    cdef int fd

    def __cinit__(self):
        self.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)
        if self.fd < 0:
            raise OSError(errno, "timerfd_create")

    def __dealloc__(self):
        self.close()

    cpdef close(self):
        if self.fd >= 0:
            close(self.fd)
            self.fd = -1

    def fileno(self):
        return self.fd

    cdef set(self, double when):
        cdef itimerspec spec
        spec.it_interval.tv_sec = 0
        spec.it_interval.tv_nsec = 0
        spec.it_value.tv_sec = <long> when
        spec.it_value.tv_nsec = <long> ((when - <long> when) * 1e9)
        if timerfd_settime(self.fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0:
            raise OSError(errno, "timerfd_settime")

    def arm(self, double when):
        if not when < 2e9:
            raise ValueError("when is out of range")
        self.set(max(when, 1e-6))  # 0 would disarm

    def disarm(self):
        self.set(0)

    def acknowledge(self):
        cdef uint64_t count = 0
        return read(self.fd, &count, sizeof(count)) == sizeof(count)
