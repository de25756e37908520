"""All that a database takes is delivered, and what it refuses is counted."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import pytest

from mbmd.readings.health import SinkHealth
from mbmd.sinks.influx import delivery as module
from mbmd.sinks.influx.answers import Refusal
from mbmd.sinks.influx.delivery import MOST_REFUSALS, Delivery
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

    def away(self, text: str) -> None:
        """Fail once with a trouble."""

        def fail(_: Sequence[bytes]) -> None:
            raise AwayError(text)

        self.database.judge = fail
        with pytest.raises(AwayError):
            self.send(blocks(1))

    def back(self) -> None:
        self.database.judge = lambda _: None
        self.send(blocks(1))


def refuses(*bad: bytes) -> Judgement:
    return lambda part: Refusal("bad line") if set(bad) & set(part) else None


def test_what_is_good_goes_in_one_request() -> None:
    case = Case()
    case.send(blocks(100))
    assert (case.database.requests, case.database.stored) == ([100], blocks(100))
    assert (case.health.connected, case.health.trouble) == (True, "")


@pytest.mark.parametrize("bad", [0, 1, 50, 99])
def test_one_bad_block_is_found_among_good_ones(bad: int) -> None:
    case, sent = Case(refuses(blocks(100)[bad])), blocks(100)
    with pytest.raises(RefusedError, match=r"^bad line$") as caught:
        case.send(sent)
    assert case.database.stored == [block for block in sent if block != sent[bad]], "and the order is kept"
    assert caught.value.share == 0.01
    assert (case.health.connected, case.health.trouble) == (True, "bad line")


def test_a_database_that_refuses_everything_is_not_asked_for_each_block() -> None:
    case = Case(lambda _: Refusal("no such thing"))
    with pytest.raises(RefusedError) as caught:
        case.send(blocks(1000))
    assert caught.value.share == 1.0
    assert len(case.database.requests) < 2 * MOST_REFUSALS


def test_of_what_is_stored_in_part_only_the_refused_lines_count() -> None:
    case = Case(lambda _: Refusal("partial write: dropped=3", 3))
    with pytest.raises(RefusedError) as caught:
        case.send(blocks(12))
    assert (caught.value.share, case.database.requests) == (0.25, [12])


def test_a_request_that_is_too_large_goes_in_halves_and_the_next_are_smaller() -> None:
    case = Case(lambda part: Refusal("too large", too_many=True) if sum(map(len, part)) > 100 else None)
    case.send(blocks(20))
    assert case.database.stored == blocks(20)
    before = len(case.database.requests)
    case.send(blocks(20))
    assert case.database.stored == blocks(20) * 2
    assert all(len(part) < 10 for part in map(range, case.database.requests[before:])), "none is tried in vain"


def test_a_block_that_is_too_large_by_itself_is_refused() -> None:
    case = Case(lambda part: Refusal("too large", too_many=True) if blocks(4)[2] in part else None)
    with pytest.raises(RefusedError, match="too large") as caught:
        case.send(blocks(4))
    assert (caught.value.share, case.database.stored) == (0.25, [*blocks(4)[:2], *blocks(4)[3:]])


def test_all_is_sent_again_when_a_half_of_it_met_nobody() -> None:
    def goes_away(part: Sequence[bytes]) -> Refusal | None:
        if len(part) > 2:
            return Refusal("too large", too_many=True)
        if blocks(4)[3] in part:
            raise AwayError("gone", 7.0)
        return None

    case = Case(goes_away)
    with pytest.raises(AwayError) as caught:
        case.send(blocks(4))
    assert caught.value.pause == 7.0
    assert (case.health.connected, case.health.trouble, case.health.failures) == (False, "gone", 1)


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    records = [(record.levelname, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return records


@pytest.fixture(autouse=True)
def all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, module.__name__)


def test_a_trouble_is_told_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    case = Case()
    case.back()
    assert said(caplog) == []
    for number in range(3):
        case.away(f"status 500: {number} of 9")
    assert said(caplog) == [("WARNING", "http://db: status 500: 0 of 9")]
    case.away("Connection refused")
    assert said(caplog) == [("WARNING", "http://db: Connection refused")]
    case.back()
    case.back()
    assert said(caplog) == [("INFO", "http://db: takes readings again")]


def test_who_comes_and_goes_is_told_of_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    case = Case()
    case.away("gone")
    case.back()
    assert len(said(caplog)) == 2
    for _ in range(5):
        case.away("gone")
        case.back()
    assert said(caplog) == []
    now += 60.0
    case.away("gone")
    case.back()
    assert len(said(caplog)) == 2


def test_refused_readings_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    case = Case(refuses(*blocks(1)))
    for _ in range(3):
        with pytest.raises(RefusedError):
            case.send(blocks(2))
    assert said(caplog) == [("WARNING", "http://db: some readings are refused and lost: bad line")]
    case.back()
    assert (case.health.trouble, case.health.failures) == ("", 0)
    assert said(caplog) == [("INFO", "http://db: takes readings again")]
