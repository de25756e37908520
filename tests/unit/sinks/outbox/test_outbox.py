"""What the outbox promises: order, nothing lost, and a disk that rests while all is well."""

import asyncio
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest

from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from mbmd.sinks.outbox.outbox import Outbox
from mbmd.sinks.outbox.store import Store
from tests.unit.sinks.outbox.rig import AWAY, Side, numbers, put, run, running, total


def rows(file: Path) -> int:
    """How many chunks the file holds, looked at through a copy of it and its log."""
    target = file.with_name("copy.db")
    for suffix in ("", "-wal"):
        source = Path(f"{file}{suffix}")
        if source.exists():
            Path(f"{target}{suffix}").write_bytes(source.read_bytes())
    db = sqlite3.connect(target)
    try:
        return int(db.execute("SELECT count(*) FROM chunk").fetchone()[0])
    finally:
        db.close()


def test_what_is_put_is_sent_soon_together_and_in_order(file: Path) -> None:
    side = Side()

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 5)
            assert (health.waiting, health.sent) == (5, 0)
            await asyncio.sleep(0.5)
            assert numbers(side.took) == [1, 2, 3, 4, 5]
            assert len(side.parts) == 1
            assert (health.waiting, health.waiting_bytes, health.oldest, health.sent) == (0, 0, 0.0, 5)

    run(main())


def test_what_is_large_is_sent_at_once(file: Path) -> None:
    side = Side()

    async def main() -> None:
        async with running(side, file) as (box, _):
            box.put(b"x", 5000)
            await asyncio.sleep(0.01)
            assert side.took == [b"x"]

    run(main())


def test_a_file_with_what_waited_is_delivered_first_at_the_next_start(file: Path) -> None:
    away, side = Side(), Side()
    away.away = AWAY

    async def main() -> None:
        async with running(away, file) as (box, health):
            for second in range(10):
                put(box, 10 * second, 10 * second + 9)
                await asyncio.sleep(1)
            assert health.waiting == 100
        assert health.waiting == 100
        async with running(side, file) as (box, health):
            put(box, 100, 109)
            await asyncio.sleep(1)
            assert numbers(side.took) == list(range(110))
            assert (health.sent, health.waiting) == (110, 0)
            await asyncio.sleep(5)
            assert rows(file) == 0

    run(main())


def test_while_all_is_well_nothing_is_written(file: Path) -> None:
    side = Side()
    side.takes = 0.3

    async def main() -> None:
        async with running(side, file) as (box, _):
            await asyncio.sleep(0.1)
            before = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(file.parent.iterdir())]
            for number in range(300):
                put(box, number, number)
                await asyncio.sleep(0.1)
            after = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(file.parent.iterdir())]
            assert before == after
        assert numbers(side.took)[:295] == list(range(295))

    run(main())


def test_after_an_outage_nothing_is_written_again(file: Path) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file) as (box, _):
            with patch.object(Store, "_add", autospec=True, side_effect=Store._add) as add:
                put(box, 0, 0)
                await asyncio.sleep(5)
                assert add.call_count == 1
                side.away = None
                for number in range(1, 3000):
                    put(box, number, number)
                    await asyncio.sleep(0.1)
                    if number == 100:
                        add.reset_mock()
                assert not add.called

    run(main())


def test_what_is_not_delivered_within_a_second_is_on_disk(file: Path) -> None:
    side = Side()
    side.hangs = True

    async def main() -> None:
        async with running(side, file) as (box, _):
            put(box, 1, 3)
            await asyncio.sleep(0.7)
            assert rows(file) == 0
            put(box, 4, 6)
            await asyncio.sleep(0.2)
            assert rows(file) == 2
            put(box, 7, 9)
            await asyncio.sleep(0.9)
            assert rows(file) == 3

    run(main())


def test_one_bad_item_takes_no_good_ones_along(file: Path) -> None:
    side = Side()
    side.bad = {b"77", b"300"}

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 0, 999)
            await asyncio.sleep(1)
            assert numbers(side.took) == [n for n in range(1000) if n not in (77, 300)]
            assert (health.sent, health.refused, health.waiting) == (998, 2, 0)

    run(main())


def test_without_a_file_the_rest_is_lost_at_the_end_and_counted() -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, None) as (box, health):
            put(box, 1, 30)
            await asyncio.sleep(100)
            assert health.waiting == 30
        assert (health.waiting, health.dropped, total(health)) == (0, 30, 30)

    run(main())


def test_pauses_grow_to_a_minute_and_are_as_long_as_asked(file: Path) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file) as (box, _):
            put(box, 1, 1)
            await asyncio.sleep(200)
            side.away = AwayError("come later", 90.0)
            await asyncio.sleep(300)

    run(main())
    pauses = [round(later - sooner, 3) for sooner, later in pairwise(side.tried)]
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses[-1] == 90


def test_after_a_success_pauses_begin_small_again(file: Path) -> None:
    side = Side()
    answers = [AWAY, AWAY, AWAY, RefusedError("halve it"), None, AWAY, AWAY, AWAY]

    async def send(items: Sequence[bytes]) -> None:
        answer = answers.pop(0) if answers else None
        side.away = answer
        await Side.send(side, items)

    async def main() -> None:
        with patch.object(side, "send", send):
            async with running(side, file) as (box, health):
                put(box, 1, 4)
                await asyncio.sleep(30)
                assert health.sent == 4

    run(main())
    assert [round(later - sooner, 3) for sooner, later in pairwise(side.tried)] == [1, 2, 4, 0, 0, 1, 2, 4]


def test_whoever_knows_that_the_other_side_is_back_ends_the_pause(file: Path) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 4)
            await asyncio.sleep(100)
            side.away = None
            box.retry()
            await asyncio.sleep(0.1)
            assert health.sent == 4
            side.away = AWAY
            box.retry()  # long before it matters
            put(box, 5, 5)
            side.tried.clear()
            await asyncio.sleep(10)

    run(main())
    assert [round(later - sooner, 3) for sooner, later in pairwise(side.tried)] == [1, 2, 4]


def test_a_last_send_under_way_is_waited_for_so_that_nothing_is_sent_twice(file: Path) -> None:
    side = Side()
    side.takes = 0.4

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 4)
            await asyncio.sleep(0.5)
        assert (numbers(side.took), health.sent, health.waiting) == ([1, 2, 3, 4], 4, 0)

    run(main())


def test_what_comes_while_the_last_send_is_waited_for_is_not_lost(file: Path) -> None:
    side = Side()
    side.hangs = True
    health = SinkHealth("influx")

    async def main() -> None:
        box = Outbox(file, Keys(), side.send, health)

        async def fill() -> None:
            for number in range(100):
                try:
                    await asyncio.sleep(0.1)
                finally:
                    put(box, number, number)

        task = asyncio.create_task(box.run(fill()))
        await asyncio.sleep(1.05)
        task.cancel()
        await asyncio.wait({task})
        assert (health.waiting, health.dropped) == (16, 0)
        side.hangs = False
        async with running(side, file):
            await asyncio.sleep(1)
            assert numbers(side.took) == list(range(16))

    run(main())


def test_a_send_that_never_ends_is_tried_again(file: Path) -> None:
    side = Side()
    side.hangs = True

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 4)
            await asyncio.sleep(100)
            side.hangs = False
            await asyncio.sleep(30)
            assert (numbers(side.took), health.sent) == ([1, 2, 3, 4], 4)

    run(main())


def test_whatever_else_a_send_raises_is_told_and_tried_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    side = Side()
    side.away = ZeroDivisionError("oops http://user:secret@host")

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 4)
            await asyncio.sleep(10)
            assert health.trouble == "it failed with ZeroDivisionError: oops http://********@host"
            side.away = None
            await asyncio.sleep(10)
            assert health.sent == 4

    run(main())
    assert caplog.text.count("ZeroDivisionError") == 1
    assert "secret" not in caplog.text


@pytest.mark.parametrize("has_file", [True, False])
def test_what_is_too_old_expires_while_it_waits(file: Path, has_file: bool) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file if has_file else None, Keys(age=100.0)) as (box, health):
            for second in range(1000):
                box.put(b"%d" % second * 1000, 10)
                assert total(health) == 10 * (second + 1)
                await asyncio.sleep(1)
            assert 980 <= health.waiting <= 1700  # it is looked at each minute
            assert health.expired == 10000 - health.waiting
            side.away = None
            await asyncio.sleep(100)
            assert health.sent + health.expired == 10000

    run(main())


def test_the_oldest_go_when_there_is_no_room_in_memory() -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, None) as (box, health):
            for number in range(3000):
                box.put(b"%07d" % number * 2000, 1)
                assert health.waiting_bytes < 18 * 10**6
                await asyncio.sleep(0.1)
            assert health.dropped + health.waiting == 3000
            assert 1000 < health.waiting < 1400
            side.away = None
            await asyncio.sleep(100)
            taken = [int(item[:7]) for item in side.took]
            assert taken == sorted(taken)
            assert taken[-1] == 2999
            assert len(taken) + health.dropped == 3000

    run(main())


def test_memory_stays_flat_while_the_other_side_is_away_for_days(file: Path) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file, Keys(size=1)) as (box, health):
            most = 0
            for minute in range(2 * 24 * 60):
                put(box, minute, minute)
                inside = box._contents
                most = max(most, inside._memory.readings + len(inside._writing) + len(inside._disk._done))
                await asyncio.sleep(60)
            assert most == 1
            assert health.waiting + health.expired == 2 * 24 * 60

    run(main())


def test_a_backlog_goes_out_at_its_pace_and_what_comes_meanwhile_behind_it(file: Path) -> None:
    side, away = Side(), Side()
    away.away = AWAY

    async def main() -> None:
        async with running(away, file) as (box, _):
            for second in range(20):
                put(box, second * 50, second * 50 + 49)
                await asyncio.sleep(1)
        async with running(side, file, Keys(pace=100)) as (box, health):
            for second in range(20, 40):
                put(box, second * 50, second * 50 + 49)
                await asyncio.sleep(1)
                assert health.sent <= 100 * (second - 19) + 200  # a second and a chunk ahead
            await asyncio.sleep(5)
            assert numbers(side.took) == list(range(2000))

    run(main())


def test_a_backlog_ends_also_when_readings_come_faster_than_the_pace(file: Path) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file, Keys(pace=1)) as (box, health):
            for second in range(500):
                if second == 60:
                    side.away = None
                put(box, second * 50, second * 50 + 49)
                await asyncio.sleep(1)
            assert numbers(side.took) == list(range(len(side.took)))
            assert health.waiting <= 100

    run(main())
