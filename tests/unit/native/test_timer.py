"""The timerfd: when it rings, and that it does not ring early. Upper bounds are generous: machines are shared."""

import errno
import math
import os
import resource
import select
from collections.abc import Iterator
from contextlib import closing
from time import monotonic

import pytest

from mbmd._native.timer import TimerFd

LONG = 20.0
SHORT = 0.02


@pytest.fixture
def timer() -> Iterator[TimerFd]:
    with closing(TimerFd()) as timer:
        yield timer


def rings(timer: TimerFd, within: float) -> bool:
    return bool(select.select([timer.fileno()], [], [], within)[0])


def test_rings_but_not_early(timer: TimerFd) -> None:
    for pause in (0.0001, 0.001, SHORT):
        when = monotonic() + pause
        timer.arm(when)
        assert rings(timer, LONG)
        assert monotonic() >= when
        assert timer.acknowledge()


def test_rings_once(timer: TimerFd) -> None:
    timer.arm(monotonic() + 0.001)
    assert rings(timer, LONG)
    assert timer.acknowledge()
    assert not timer.acknowledge()
    assert not rings(timer, SHORT)


def test_stays_readable_until_acknowledged(timer: TimerFd) -> None:
    timer.arm(monotonic())
    assert rings(timer, LONG)
    assert rings(timer, 0)
    timer.acknowledge()
    assert not rings(timer, 0)


@pytest.mark.parametrize("when", [1.0, 0.5, 1e-9, 1e-12, 5e-324, 0.0, -0.0, -1.0, -1e300, -math.inf])
def test_a_past_moment_rings_at_once(timer: TimerFd, when: float) -> None:
    timer.arm(when)
    assert rings(timer, LONG)
    assert timer.acknowledge()


def test_is_silent_before_it_is_armed(timer: TimerFd) -> None:
    assert not rings(timer, SHORT)
    assert not timer.acknowledge()


def test_disarm(timer: TimerFd) -> None:
    timer.arm(monotonic() + SHORT)
    timer.disarm()
    assert not rings(timer, 3 * SHORT)
    timer.arm(monotonic())
    assert rings(timer, LONG)


def test_disarm_takes_back_a_ring(timer: TimerFd) -> None:
    timer.arm(monotonic())
    assert rings(timer, LONG)
    timer.disarm()
    assert not rings(timer, 0)


def test_the_last_arm_counts(timer: TimerFd) -> None:
    timer.arm(monotonic() + 1000)
    timer.arm(monotonic() + 0.001)
    assert rings(timer, LONG)
    timer.arm(monotonic() + 1000)
    assert not rings(timer, SHORT)


@pytest.mark.parametrize("when", [math.nan, 2e9, math.inf])
def test_moments_out_of_range(timer: TimerFd, when: float) -> None:
    with pytest.raises(ValueError, match="range"):
        timer.arm(when)


@pytest.mark.parametrize("when", [1.9999999999999998, 1e9 - 1e-7, 1999999999.9999998])
def test_fractions_next_to_a_whole_second(timer: TimerFd, when: float) -> None:
    timer.arm(when)
    assert rings(timer, LONG if when < monotonic() else 0) == (when < monotonic())


def test_arm_wants_a_number(timer: TimerFd) -> None:
    with pytest.raises(TypeError):
        timer.arm("soon")  # type: ignore[arg-type]


def test_close_gives_the_descriptor_back() -> None:
    timer = TimerFd()
    descriptor = timer.fileno()
    assert descriptor >= 0
    assert not os.get_inheritable(descriptor)
    timer.close()
    assert timer.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_is_of_no_use_after_close() -> None:
    timer = TimerFd()
    timer.close()
    timer.close()
    assert not timer.acknowledge()
    for use in (timer.disarm, lambda: timer.arm(monotonic())):
        with pytest.raises(OSError, match="timerfd_settime") as caught:
            use()
        assert caught.value.errno == errno.EBADF


def test_no_descriptor_left() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="timerfd_create") as caught:
            TimerFd()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.errno == errno.EMFILE


def test_a_forgotten_timer_is_closed() -> None:
    timer = TimerFd()
    descriptor = timer.fileno()
    del timer
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
