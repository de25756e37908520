"""Who is polled when; simulated with a clock of its own."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.backoff import LONGEST_PAUSE, pause_after
from mbmd.bus.scheduler import PROBE_SHARE, Scheduler


def whole_pauses() -> float:
    return 0.0


class Bus:
    """Polls take time: `seconds` for each key, and are wanted at the `rate`; keys in `dead` fail."""

    def __init__(self, seconds: dict[str, float], rate: float, dead: Iterable[str] = ()) -> None:
        self.seconds = seconds
        self.rate = rate
        self.dead = set(dead)
        self.now = 100.0
        self.scheduler = Scheduler(seconds, self.now, whole_pauses)
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
            self.scheduler.failed(key, self.now, self.seconds[key])
        else:
            self.scheduler.succeeded(key, start + self.rate)
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


def test_nobody_is_polled_before_it_is_due() -> None:
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
    scheduler = Scheduler("a", 0, whole_pauses)
    pauses = []
    now = 0.0
    for number in range(1, 12):
        assert scheduler.failed("a", now, 0.3) == number
        pauses.append(scheduler.next()[1] - now)
        now = scheduler.next()[1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_a_million_failures_do_no_harm() -> None:
    scheduler = Scheduler("a", 0, whole_pauses)
    for _ in range(2000):
        scheduler.failed("a", 0, 0.3)
    assert scheduler.next()[1] == LONGEST_PAUSE
    assert pause_after(10**6, 0.0) == LONGEST_PAUSE


def test_chance_makes_pauses_shorter_by_a_fifth_at_most() -> None:
    assert [pause_after(3, chance) for chance in (0.0, 0.5, 1.0)] == [4.0, pytest.approx(3.6), pytest.approx(3.2)]
    together = Scheduler("ab", 0, iter((0.0, 0.75)).__next__)
    together.failed("a", 0, 0.0)
    together.failed("b", 0, 0.0)
    key, due = together.next()
    assert key == "b"
    assert due == pytest.approx(0.85)


def test_success_ends_the_pauses() -> None:
    scheduler = Scheduler("a", 0, whole_pauses)
    for _ in range(5):
        scheduler.failed("a", 0, 0.3)
    scheduler.succeeded("a", 20.5)
    assert scheduler.next() == ("a", 20.5)
    assert scheduler.failed("a", 21, 0.3) == 1
    assert scheduler.next() == ("a", 22)


def test_the_dead_cost_the_living_little() -> None:
    living = dict.fromkeys(("a", "b", "c"), 0.1)
    bus = Bus({**living, "x": 0.3, "y": 0.3, "z": 0.3}, 0.3, dead=("x", "y", "z"))
    bus.run(600)
    # 7 probes in the first two minutes, then one a minute.
    assert all(8 <= bus.busy[key] <= 16 for key in "xyz")
    assert all(bus.busy[key] > 0.95 * 600 / 0.3 * 0.98 for key in "abc")


def test_dead_devices_together_cost_the_living_no_more_than_one() -> None:
    dead = {f"dead {number}": 0.3 for number in range(4)}
    bus = Bus({"alive": 0.1, **dead}, 1, dead=dead)
    bus.run(60 * 60)
    probes = sum(bus.busy[key] for key in dead) - 2 * len(dead)
    assert 0.9 <= probes * 0.3 / (PROBE_SHARE * 3600) <= 1
    counts = [bus.busy[key] for key in dead]
    assert max(counts) - min(counts) <= 2  # and all of them have the same chance to return


def test_however_many_are_dead_each_is_probed_once_a_minute() -> None:
    dead = {f"dead {number}": 1.0 for number in range(20)}
    bus = Bus({"alive": 0.1, **dead}, 1, dead=dead)
    bus.run(60 * 60)
    longest = LONGEST_PAUSE + 1.0 + sum(bus.seconds.values())
    assert all(pause <= longest for key in dead for pause in bus.pauses(key))


def test_while_nobody_lives_the_dead_are_not_kept_waiting() -> None:
    bus = Bus({"a": 5.0, "b": 5.0}, 1, dead="ab")
    bus.run(40)
    assert bus.started["a"][:4] == [100, 110, 120, 130]


def test_a_first_failure_does_not_keep_the_dead_waiting() -> None:
    scheduler = Scheduler("ab", 0, whole_pauses)
    scheduler.succeeded("a", 100)
    scheduler.failed("b", 5.0, 5.0)
    assert scheduler.next() == ("b", 6.0)
    scheduler.failed("b", 7.0, 0.3)
    assert scheduler.next() == ("b", 7.0 + 0.3 / PROBE_SHARE)
    assert scheduler.failed("b", 106.0, 0.0) == 3


def test_one_failure_does_not_make_anybody_wait_for_the_probes_of_the_dead() -> None:
    scheduler = Scheduler("abc", 0, whole_pauses)
    for key in "ab":
        scheduler.succeeded(key, 100)
    scheduler.failed("c", 0, 5.0)
    scheduler.failed("c", 1, 5.0)
    scheduler.failed("a", 2, 0.0)  # the line was lost once
    assert scheduler.next() == ("a", 3)


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
    assert all(pause >= rate - 1e-6 for key in keys if key not in dead for pause in bus.pauses(key))
    assert all(pause >= 1 - 1e-6 for key in dead for pause in bus.pauses(key))
    # One who is quick may have its turn again while another is polled, but is never two turns ahead.
    longest = sum(seconds.values()) + rate
    assert all(pause <= longest + 1e-6 for key in keys if key not in dead for pause in bus.pauses(key))


def test_one_key_alone() -> None:
    scheduler = Scheduler(["only"], 5)
    assert scheduler.next() == ("only", 5)


def test_a_poll_that_is_put_off_comes_after_the_others_and_no_earlier() -> None:
    scheduler = Scheduler(["a", "b"], 0.0)
    scheduler.postpone("a", 5.0)
    scheduler.succeeded("a", 1.0)
    scheduler.succeeded("b", 1.1)
    assert scheduler.next() == ("b", 1.1)
    for due in (2.1, 3.1, 4.1, 5.1):
        scheduler.succeeded("b", due)
    assert scheduler.next() == ("a", 5.0)
    scheduler.succeeded("a", 6.0)
    assert scheduler.next() == ("b", 5.1)


def test_a_failed_poll_may_be_put_off_too() -> None:
    scheduler = Scheduler(["a"], 0.0)
    scheduler.postpone("a", 7.0)
    scheduler.failed("a", 1.0, 0.3)
    assert scheduler.next() == ("a", 7.0)


def test_a_poll_that_is_put_off_needs_no_other_word() -> None:
    scheduler = Scheduler(["a"], 0.0)
    scheduler.postpone("a", 0.2)
    assert scheduler.next() == ("a", 0.2)


def test_who_comes_is_due_at_once_and_takes_nothing_from_the_turns_of_others() -> None:
    scheduler = Scheduler("ab", 0.0, whole_pauses)
    for key in "ab":
        scheduler.succeeded(key, 10.0)
    scheduler.add("c", 5.0)
    assert scheduler.next() == ("c", 5.0)
    scheduler.succeeded("c", 15.0)
    assert scheduler.next() == ("a", 10.0)


def test_who_goes_has_no_turn_any_more() -> None:
    scheduler = Scheduler("ab", 0.0, whole_pauses)
    scheduler.remove("a")
    assert scheduler.next() == ("b", 0.0)
    scheduler.succeeded("b", 1.0)
    assert scheduler.next() == ("b", 1.0)


def test_who_comes_again_begins_anew() -> None:
    scheduler = Scheduler("ab", 0.0, whole_pauses)
    for now in (0.0, 1.0, 3.0):
        scheduler.failed("a", now, 0.1)
    scheduler.succeeded("b", 100.0)
    scheduler.remove("a")
    scheduler.add("a", 4.0)
    assert scheduler.next() == ("a", 4.0)
    assert scheduler.failed("a", 4.0, 0.1) == 1


def test_who_is_heard_again_begins_with_short_pauses_but_only_once() -> None:
    scheduler = Scheduler(["a"], 0.0, whole_pauses)
    for _ in range(9):
        scheduler.failed("a", 0.0, 0.1)
    scheduler.heard("a")
    assert scheduler.failed("a", 0.0, 0.1) == 1
    scheduler.heard("a")
    assert scheduler.failed("a", 0.0, 0.1) == 2
    scheduler.succeeded("a", 0.0)
    scheduler.heard("a")
    assert scheduler.failed("a", 0.0, 0.1) == 1
