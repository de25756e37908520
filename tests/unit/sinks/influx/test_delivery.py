"""All that a database takes is delivered, and what it refuses is counted."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import pytest

from mbmd.readings.health import SinkHealth
from mbmd.sinks.influx import delivery as module
from mbmd.sinks.influx.answers import Refusal
from mbmd.sinks.influx.delivery import TELL_AGAIN, Delivery
from mbmd.sinks.outbox.errors import AwayError, RefusedError

Judgement = Callable[[Sequence[bytes]], Refusal | None]


class Database:
    """Stands in for a server; keeps the blocks of what it judges to be good."""

    name = "http://db"

    def __init__(self, judge: Judgement = lambda _: None) -> None:
        self.judge = judge
        self.stored: list[bytes] = []
        self.requests: list[int] = []

    async def write(self, blocks: Sequence[bytes]) -> Refusal | None:
        self.requests.append(len(blocks))
        refusal = self.judge(blocks)
        if refusal is None:
            self.stored += blocks
        return refusal


def blocks(count: int) -> list[bytes]:
    return [b"data a=%d %d\n" % (number, number) for number in range(count)]


class Case:
    """A delivery to a database, with its account."""

    def __init__(self, judge: Judgement = lambda _: None) -> None:
        self.database = Database(judge)
        self.health = SinkHealth("influx")
        self.delivery = Delivery(self.database, self.health)

    def send(self, items: Sequence[bytes]) -> None:
        asyncio.run(self.delivery.send(items))


def test_what_is_good_goes_in_one_request() -> None:
    case = Case()
    case.send(blocks(100))
    assert (case.database.requests, case.database.stored) == ([100], blocks(100))
    assert (case.health.connected, case.health.trouble) == (True, "")


def test_a_line_that_keeps_out_others_is_for_the_outbox_to_find() -> None:
    case = Case(lambda _: Refusal("no line"))
    with pytest.raises(RefusedError, match=r"^http://db: no line$"):
        case.send(blocks(100))
    assert case.database.requests == [100]
    assert (case.health.connected, case.health.trouble) == (True, "http://db: no line")


def test_of_what_is_stored_in_part_only_the_refused_lines_count() -> None:
    case = Case(lambda _: Refusal("partial write: dropped=3", 3))
    case.send(blocks(12))
    case.health.sent += 12  # as the outbox does
    assert (case.health.sent, case.health.refused) == (9, 3)
    assert (case.health.connected, case.health.trouble) == (True, "http://db: partial write: dropped=3")


def test_no_more_lines_are_refused_than_were_sent() -> None:
    case = Case(lambda _: Refusal("partial write: dropped=999", 999))
    case.send(blocks(12))
    assert case.health.refused == 12


def test_a_request_that_is_too_large_goes_in_halves_and_the_next_are_smaller() -> None:
    case = Case(lambda part: Refusal("too large", too_many=True) if sum(map(len, part)) > 100 else None)
    case.send(blocks(20))
    assert case.database.stored == blocks(20)
    before = len(case.database.requests)
    case.send(blocks(20))
    assert case.database.stored == blocks(20) * 2
    assert max(case.database.requests[before:]) < 10, "none is tried in vain"


def test_a_block_that_is_too_large_by_itself_is_refused() -> None:
    case = Case(lambda part: Refusal("too large", too_many=True) if blocks(4)[2] in part else None)
    with pytest.raises(RefusedError, match="too large"):
        case.send(blocks(4))
    assert case.database.stored == blocks(4)[:2]


def test_all_is_to_be_sent_again_when_a_half_of_it_met_nobody() -> None:
    def goes_away(part: Sequence[bytes]) -> Refusal | None:
        if len(part) > 2:
            return Refusal("too large", too_many=True)
        if blocks(4)[3] in part:
            raise AwayError("gone", 7.0)
        return Refusal("dropped=1", 1)

    case = Case(goes_away)
    with pytest.raises(AwayError, match=r"^http://db: gone$") as caught:
        case.send(blocks(4))
    assert caught.value.pause == 7.0
    health = case.health
    assert (health.connected, health.trouble, health.failures) == (False, "http://db: gone", 1)
    assert (health.sent, health.refused) == (0, 0), "nothing is counted twice"


def test_the_end_of_a_trouble_is_seen() -> None:
    case = Case(lambda _: Refusal("dropped=1", 1))
    case.send(blocks(1))
    case.database.judge = lambda _: None
    case.send(blocks(1))
    assert (case.health.connected, case.health.trouble) == (True, "")


def test_readings_that_are_lost_are_told_of_once_for_each_reason(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, module.__name__)
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    case = Case()
    for text in ("dropped=1", "dropped=2", "another", "another"):
        case.database.judge = lambda _, text=text: Refusal(text, 1)  # type: ignore[misc]
        case.send(blocks(1))
    now += TELL_AGAIN
    case.send(blocks(1))
    lost = "sink influx: some readings are refused and lost: http://db: "
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{lost}{why}" for why in ("dropped=1", *["another"] * 2)
    ]


def test_that_it_takes_readings_is_told_once_after_the_start(caplog: pytest.LogCaptureFixture) -> None:
    def away(_: Sequence[bytes]) -> Refusal | None:
        raise AwayError("gone")

    with caplog.at_level(logging.INFO, module.__name__):
        case = Case()
        case.send(blocks(1))
        case.send(blocks(1))
        case.database.judge = away
        with pytest.raises(AwayError):
            case.send(blocks(1))
        case.database.judge = lambda _: None
        case.send(blocks(1))  # the outbox tells of that
    assert [record.getMessage() for record in caplog.records] == ["sink influx: http://db takes readings"]
