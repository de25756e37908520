"""What the outbox promises: order, nothing lost, and a disk that rests while all is well."""

import asyncio
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from mbmd.sinks.outbox.errors import AwayError
from tests.unit.sinks.outbox.rig import AWAY, Side, numbers, put, run, running, total


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outbox" / "influx.db"


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
