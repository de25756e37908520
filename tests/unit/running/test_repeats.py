"""What is logged again and again."""

import logging
from time import localtime, strftime

import pytest

from mbmd.running.repeats import ASKED_FOR, HOUR, MOST, MOST_TEXTS, Repeats


class Told:
    """Records on their way to the log, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self._repeats = Repeats(lambda: self.now)

    def owed(self) -> list[str]:
        return [record.getMessage() for record in self._repeats.owed()]

    def tell(self, text: str, level: int = logging.WARNING, name: str = "mbmd") -> str | None:
        about = {"levelno": level, "name": name, "device": "d", "created": self.now}
        record = logging.makeLogRecord({"msg": "%s", "args": (text,), **about})
        thinned = self._repeats.thin(record)
        assert record.getMessage() == text
        assert thinned is None or thinned.__dict__["device"] == "d"
        return None if thinned is None else thinned.getMessage()


def test_the_same_is_told_some_times_an_hour_and_then_counted() -> None:
    told = Told()
    for hour in range(3):
        more = f" (and {100 - MOST} times more in the hour before)" if hour else ""
        assert told.tell("offline") == f"offline{more}"
        assert [told.tell("offline") for _ in range(MOST - 2)] == ["offline"] * (MOST - 2)
        assert told.tell("offline") == "offline (that often: not told again within the hour)"
        told.now += HOUR - 1
        assert {told.tell("offline") for _ in range(100 - MOST)} == {None}
        told.now += 1


def test_what_comes_seldom_is_always_told() -> None:
    told = Told()
    for _ in range(1000):
        assert [told.tell("offline"), told.tell("online")] == ["offline", "online"]
        told.now += HOUR / (MOST - 1)


def test_others_are_told_meanwhile() -> None:
    told = Told()
    assert [told.tell(f"{number}") for number in range(3 * MOST_TEXTS)] == list(map(str, range(3 * MOST_TEXTS)))


def test_a_device_that_goes_for_good_while_nothing_is_told_is_told_when_the_hour_is_over() -> None:
    told = Told()
    for _ in range(MOST + 2):
        told.tell("offline")
        told.tell("online")
        told.now += 1
    assert told.tell("offline") is None
    told.now = HOUR - 1
    assert told.owed() == []
    told.now = HOUR
    at = {name: strftime("%H:%M:%S", localtime(seconds)) for name, seconds in (("online", 11), ("offline", 12))}
    assert told.owed() == [
        f"online (and 2 times more in the hour before, last at {at['online']})",
        f"offline (and 3 times more in the hour before, last at {at['offline']})",
    ]
    assert told.owed() == []
    assert told.tell("offline") == "offline"


def test_what_was_told_each_time_is_owed_to_nobody() -> None:
    told = Told()
    for _ in range(MOST):
        told.tell("offline")
    told.now = 2 * HOUR
    assert told.owed() == []


@pytest.mark.parametrize(
    ("level", "name"), [(logging.DEBUG, "mbmd"), *((logging.INFO, name) for name in sorted(ASKED_FOR))]
)
def test_what_was_asked_for_is_told_each_time(level: int, name: str) -> None:
    told = Told()
    assert {told.tell("the same", level, name) for _ in range(100)} == {"the same"}
