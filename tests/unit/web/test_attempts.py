"""Failed logins by client."""

from mbmd.web import attempts
from mbmd.web.attempts import Attempts


def test_a_client_that_failed_ten_times_waits_for_the_end_of_the_minute() -> None:
    table = Attempts()
    assert [table.wait("a", 0.0)] + [table.add("a", float(second)) for second in range(10)] == [0.0, True] + [False] * 9
    assert table.wait("a", 10.0) == 50.0
    assert table.wait("b", 10.0) == 0.0
    assert table.wait("a", 60.0) == 0.0
    assert table.add("a", 60.0)


def test_what_was_no_failure_is_taken_back() -> None:
    table = Attempts()
    for _ in range(100):
        table.add("a", 0.0)
        table.take_back("a")
    assert table.wait("a", 0.0) == 0.0
    assert not table
    table.take_back("a")


def test_the_table_is_bounded_and_forgets_the_oldest() -> None:
    table = Attempts()
    for number in range(attempts.KEPT + 5):
        for _ in range(attempts.MOST):
            table.add(str(number), 0.0)
    assert table.wait("0", 1.0) == 0.0
    assert table.wait(str(attempts.KEPT + 4), 1.0) == 59.0
    assert len(table._clients) == attempts.KEPT
