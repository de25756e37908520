import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.play.packets import Came
from benchmarks.play.polls import Poll, Word, latest, of_batch, of_reading, of_topic, polls, since


def _came(at: float, **told: object) -> Came:
    return Came(at, orjson.dumps(told))


@given(then=st.floats(0, 1e6), seconds=st.floats(-400, 400))
def test_the_time_since_a_clock_is_known_although_the_clock_begins_anew(then: float, seconds: float) -> None:
    assert since(then % 1000, then + seconds) == pytest.approx(seconds, abs=1e-6)


def test_the_latest_of_some_clocks_may_have_begun_anew() -> None:
    assert latest([998.0, 999.5, 0.25], 4000.3) == 0.25


def test_a_batch_tells_its_latest_value() -> None:
    message = _came(5.5, Device="SDM1.1", Timestamp=7, Values={"Power": 5.0, "Sum": 5.25})
    assert of_batch(message) == Word(5.5, "SDM1.1", 7, 5.25)


def test_a_reading_tells_its_value() -> None:
    message = _came(5.5, Device="SDM1.1", Timestamp=7, Value=5.25, IEC61850="Sum")
    assert of_reading(message) == Word(5.5, "SDM1.1", 7, 5.25)


def test_the_status_tells_of_no_poll() -> None:
    status = _came(5.5, Meters=[])
    assert of_batch(status) is None
    assert of_reading(status) is None


def test_a_topic_tells_the_value_of_a_device() -> None:
    assert of_topic(Came(5.5, b"mbmd/sdm1-1/Power/L1 5.250")) == Word(5.5, "sdm1-1", None, 5.25)
    assert of_topic(Came(5.5, b"mbmd/status connected")) is None


def test_readings_of_one_poll_are_one_that_came_with_its_last() -> None:
    words = [Word(5.5, "a", 7, 5.0), Word(5.5, "b", 7, 5.1), Word(5.6, "a", 7, 5.3), Word(5.7, "a", 7, 5.2)]
    assert polls(words, 1.0) == [Poll("b", 5.5, 5.1), Poll("a", 5.7, 5.3)]


def test_values_that_do_not_tell_their_poll_are_of_one_if_they_come_together() -> None:
    words = [Word(5.0, "a", None, 4.9), Word(5.1, "a", None, 4.8), Word(6.0, "a", None, 5.9)]
    assert polls(words, 1.0) == [Poll("a", 5.1, 4.9), Poll("a", 6.0, 5.9)]


def test_the_delay_of_a_poll_is_that_of_its_latest_value() -> None:
    assert Poll("a", 4000.5, 999.5).delay == pytest.approx(1.0)
