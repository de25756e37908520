"""Who is polled when; simulated with a clock of its own."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.bus.scheduler import LONGEST_PAUSE, Scheduler


class Bus:
    """Polls take time: `seconds` for each key; keys in `dead` fail."""

    def __init__(self, seconds: dict[str, float], rate: float, dead: Iterable[str] = ()) -> None:
        self.seconds = seconds
        self.dead = set(dead)
        self.now = 100.0
        self.scheduler = Scheduler(seconds, rate, self.now)
        self.started: dict[str, list[float]] = {key: [] for key in seconds}
        self.busy: Counter[str] = Counter()

    def poll(self) -> str:
        """One turn."""
        key, due = self.scheduler.next()
        self.now = start = max(self.now, due)
        self.now += self.seconds[key]
        self.started[key].append(start)
        self.busy[key] += 1
        if key in self.dead:
            self.scheduler.failed(key, self.now)
        else:
            self.scheduler.succeeded(key, start)
        return key

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while max(self.now, self.scheduler.next()[1]) < end:
            self.poll()

    def pauses(self, key: str) -> list[float]:
        times = self.started[key]
        return [later - earlier for earlier, later in pairwise(times)]


def test_all_are_due_at_once_in_their_order() -> None:
    bus = Bus(dict.fromkeys("abc", 0.1), 1)
    assert [bus.poll() for _ in range(6)] == list("abcabc")


def test_nobody_is_polled_more_often_than_the_rate() -> None:
    bus = Bus({"a": 0.1, "b": 0.01}, 1)
    bus.run(100)
    assert all(pause == pytest.approx(1) for key in "ab" for pause in bus.pauses(key))
    assert bus.busy == {"a": 100, "b": 100}


def test_under_overload_all_have_the_same_number_of_turns() -> None:
    bus = Bus({"a": 0.9, "b": 0.5, "c": 0.1}, 1)
    bus.run(150)
    assert set(bus.busy.values()) == {100}


def test_polls_that_are_late_are_merged_not_made_up_for() -> None:
    bus = Bus({"a": 5.0, "b": 0.0}, 1)
    bus.run(50)
    bus.seconds["a"] = 0.0
    before = bus.busy["b"]
    bus.run(10)
    assert bus.busy["b"] - before <= 11


def test_without_a_rate_turns_go_round_for_ever() -> None:
    bus = Bus(dict.fromkeys("abc", 0.25), 0)
    bus.run(75)
    assert all(99 <= turns <= 101 for turns in bus.busy.values())


def test_pauses_of_the_dead_double_to_a_minute() -> None:
    scheduler = Scheduler("a", 0.5, 0)
    pauses = []
    now = 0.0
    for number in range(1, 12):
        assert scheduler.failed("a", now) == number
        pauses.append(scheduler.next()[1] - now)
        now = scheduler.next()[1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_a_million_failures_do_no_harm() -> None:
    scheduler = Scheduler("a", 1, 0)
    for _ in range(2000):
        scheduler.failed("a", 0)
    assert scheduler.next()[1] == LONGEST_PAUSE


def test_a_pause_is_never_shorter_than_the_rate() -> None:
    scheduler = Scheduler("a", 300, 0)
    scheduler.failed("a", 10)
    assert scheduler.next() == ("a", 310)


def test_success_ends_the_pauses() -> None:
    scheduler = Scheduler("a", 0.5, 0)
    for _ in range(5):
        scheduler.failed("a", 0)
    scheduler.succeeded("a", 20)
    assert scheduler.next() == ("a", 20.5)
    assert scheduler.failed("a", 21) == 1
    assert scheduler.next() == ("a", 22)


def test_the_dead_cost_the_living_little() -> None:
    living = dict.fromkeys(("a", "b", "c"), 0.1)
    bus = Bus({**living, "x": 0.3, "y": 0.3, "z": 0.3}, 0.3, dead=("x", "y", "z"))
    bus.run(600)
    # 7 probes in the first two minutes, then one a minute.
    assert all(bus.busy[key] <= 16 for key in "xyz")
    assert all(bus.busy[key] > 0.95 * 600 / 0.3 * 0.98 for key in "abc")


@given(
    st.lists(st.tuples(st.floats(0.001, 3), st.booleans()), min_size=1, max_size=8),
    st.floats(0, 5),
    st.integers(1, 200),
)
def test_rate_and_fairness_hold_whatever_the_bus(devices: list[tuple[float, bool]], rate: float, turns: int) -> None:
    keys = [str(number) for number in range(len(devices))]
    seconds = {key: time for key, (time, _) in zip(keys, devices, strict=True)}
    dead = [key for key, (_, is_dead) in zip(keys, devices, strict=True) if is_dead]
    bus = Bus(seconds, rate, dead)
    for _ in range(turns):
        bus.poll()
    alive = [bus.busy[key] for key in keys if key not in dead]
    assert all(pause >= rate - 1e-6 for key in keys for pause in bus.pauses(key))
    # One who is quick may have its turn again while another is polled, but is never two turns ahead.
    longest = sum(seconds.values()) + rate
    assert not alive or all(pause <= longest + 1e-6 for key in keys if key not in dead for pause in bus.pauses(key))


def test_one_key_alone() -> None:
    scheduler = Scheduler(["only"], 1, 5)
    assert scheduler.next() == ("only", 5)


def test_a_poll_that_is_put_off_comes_after_the_others_and_no_earlier() -> None:
    scheduler = Scheduler(["a", "b"], 1.0, 0.0)
    scheduler.postpone("a", 5.0)
    scheduler.succeeded("a", 0.0)
    scheduler.succeeded("b", 0.1)
    assert scheduler.next() == ("b", 1.1)
    for started in (1.1, 2.1, 3.1, 4.1):
        scheduler.succeeded("b", started)
    assert scheduler.next() == ("a", 5.0)
    scheduler.succeeded("a", 5.0)
    assert scheduler.next() == ("b", 5.1)


def test_a_failed_poll_may_be_put_off_too() -> None:
    scheduler = Scheduler(["a"], 0.0, 0.0)
    scheduler.postpone("a", 7.0)
    scheduler.failed("a", 1.0)
    assert scheduler.next() == ("a", 7.0)
