"""What the outbox does when the disk, the other side or both fail at a bad moment."""

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox import disk
from mbmd.sinks.outbox.errors import AwayError
from mbmd.sinks.outbox.store import Store
from tests.unit.sinks.outbox.rig import AWAY, Side, numbers, put, run, running, total


def slow(before: float, after: float) -> Callable[[Callable[[], Any]], Any]:
    """A disk that takes its time before and after its work is done."""

    async def aside(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(before)
        try:
            return work()
        finally:
            await asyncio.sleep(after)

    return aside


def failing(code: int) -> Callable[..., Any]:
    """In place of a method of the store."""

    def fail(*args: Any) -> Any:
        error = sqlite3.OperationalError("trouble")
        error.sqlite_errorcode = code
        raise error

    return fail


async def fill(file: Path, first: int, last: int) -> None:
    """A run that leaves numbered items on disk, ten a second, a row each second."""
    side = Side()
    side.away = AWAY
    async with running(side, file) as (box, _):
        for number in range(first, last + 1, 10):
            put(box, number, min(number + 9, last))
            await asyncio.sleep(1)


@pytest.mark.parametrize("takes", [0.45, 0.55, 0.65, 1.0])
def test_what_is_delivered_while_it_is_written_is_not_sent_again(file: Path, takes: float) -> None:
    side = Side()
    side.takes = takes

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 10)
            await asyncio.sleep(20)
            put(box, 11, 20)
            await asyncio.sleep(20)
            assert numbers(side.took) == list(range(1, 21))
            assert (health.sent, health.waiting, health.oldest) == (20, 0, 0.0)
        async with running(side, file) as (box, health):
            await asyncio.sleep(20)
            assert (health.sent, len(side.took)) == (0, 20)

    run(main(), slow(0.1, 0.2))


def test_what_the_disk_had_goes_first_when_it_can_be_read_again(file: Path) -> None:
    side = Side()
    side.away = AwayError("nobody", 5.0)

    async def main() -> None:
        await fill(file, 0, 29)
        with patch.object(disk, "Store", side_effect=OSError(5, "Input/output error")) as opening:
            async with running(side, file) as (box, health):
                put(box, 30, 39)
                await asyncio.sleep(50)
                assert health.waiting == 10
                opening.side_effect = Store
                put(box, 40, 49)
                await asyncio.sleep(20)
                assert health.waiting == 50
                side.away = None
                await asyncio.sleep(10)
                assert numbers(side.took) == list(range(50))
                assert (health.waiting, health.sent) == (0, 50)

    run(main())


def test_who_ends_halfway_through_a_chunk_does_not_send_its_beginning_again(file: Path) -> None:
    side = Side()
    side.bad = {b"6"}

    async def send(items: list[bytes]) -> None:
        await Side.send(side, items)
        if b"1" in items:
            side.away = AWAY

    async def main() -> None:
        side.away = AWAY
        with patch.object(side, "send", send):
            async with running(side, file) as (box, health):
                put(box, 0, 9)
                await asyncio.sleep(1)
                side.away = None
                await asyncio.sleep(3)
                assert numbers(side.took) == [0, 1, 2, 3, 4]
                assert total(health) == 10
        side.away = None
        async with running(side, file) as (_, health):
            assert health.waiting == 0
            await asyncio.sleep(5)
            assert numbers(side.took) == [0, 1, 2, 3, 4, 5, 7, 8, 9]
            assert (health.sent, health.refused, health.waiting) == (4, 1, 0)

    run(main())


def test_a_file_that_breaks_under_way_is_kept_and_what_it_held_is_counted(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        await fill(file, 0, 29)
        async with running(side, file, Keys(pace=10)) as (box, health):
            await asyncio.sleep(1)
            with patch.object(Store, "write", failing(sqlite3.SQLITE_CORRUPT)):
                put(box, 30, 39)
                await asyncio.sleep(1)
            assert total(health) == 40
            assert (health.dropped, health.waiting) == (20, 20)
            side.away = None
            await asyncio.sleep(100)
            assert numbers(side.took) == [*range(10), *range(30, 40)]
        assert file.with_name("influx.db.broken-1").exists()

    run(main())
    assert "was broken (trouble): kept as influx.db.broken-1" in caplog.text


def test_a_folder_that_is_removed_under_way_is_made_again_and_what_it_held_is_counted(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    side = Side()
    side.away = AWAY

    async def main() -> None:
        async with running(side, file) as (box, health):
            for first in (0, 10):
                put(box, first, first + 9)
                await asyncio.sleep(1)
            shutil.rmtree(file.parent)
            put(box, 20, 29)
            await asyncio.sleep(1)
            assert (health.dropped, health.waiting, total(health)) == (10, 20, 30)
        side.away = None
        async with running(side, file) as (_, health):
            await asyncio.sleep(1)
            assert numbers(side.took) == [*range(10), *range(20, 30)]

    run(main())
    assert caplog.text.count("influx.db was removed: what waited there is lost") == 1
    assert [path.name for path in file.parent.iterdir() if "broken" in path.name] == []


def test_a_full_disk_is_told_once_and_memory_takes_over_until_there_is_room(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    side = Side()
    side.away = AWAY
    caplog.set_level(logging.INFO)

    async def main() -> None:
        await fill(file, 0, 9)
        async with running(side, file) as (box, health):
            with patch.object(Store, "write", failing(sqlite3.SQLITE_FULL)):
                put(box, 10, 19)
                await asyncio.sleep(200)
                assert health.waiting == 20
                side.away = None
                await asyncio.sleep(70)
                assert numbers(side.took) == list(range(20))
            side.away = AWAY
            put(box, 20, 29)
            await asyncio.sleep(70)
        async with running(Side(), file) as (_, health):
            await asyncio.sleep(1)
            assert health.sent == 10

    run(main())
    assert caplog.text.count("what waits is kept in memory only") == 1
    assert caplog.text.count("it is written again") == 1


def test_a_disk_that_does_not_answer_holds_up_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    side = Side()
    side.takes = 1.0
    stuck = asyncio.Event()

    async def aside(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        if side.tried:
            await stuck.wait()
        return work()

    async def main() -> None:
        async with running(side, file) as (box, health):
            for number in range(100):
                put(box, number, number)
                await asyncio.sleep(1)
            assert len(side.took) > 75
            stuck.set()
            await asyncio.sleep(100)
            assert set(numbers(side.took)) == set(range(100))
            assert health.waiting == 0

    run(main(), aside)
    assert "the disk does not answer" in caplog.text


def test_a_disk_that_does_not_answer_at_the_end_costs_what_is_in_memory(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    side = Side()
    side.away = AWAY
    free = asyncio.Event()

    async def aside(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        if side.tried:
            await free.wait()
        return work()

    async def main() -> None:
        health = SinkHealth("influx")
        async with running(side, file, health=health) as (box, _):
            put(box, 1, 10)
            await asyncio.sleep(5)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 4
        assert (health.dropped, health.waiting) == (10, 0)
        side.tried.clear()
        free.set()
        await asyncio.sleep(1)
        Store(file).close()  # it was let go in the end

    run(main(), aside)
    assert "10 that waited in memory are lost" in caplog.text


def test_a_second_daemon_is_told_and_works_in_memory_until_the_first_has_gone(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Side(), Side()
    second.away = AWAY

    async def main() -> None:
        async with running(second, None):
            pass
        async with running(first, file):
            await asyncio.sleep(1)
            other = running(second, file)
            box, health = await other.__aenter__()
            put(box, 1, 10)
            await asyncio.sleep(100)
            assert health.waiting == 10
        await asyncio.sleep(70)
        second.away = None
        await other.__aexit__(None, None, None)
        assert health.waiting == 10  # on disk by now
        async with running(second, file):
            await asyncio.sleep(1)
        assert numbers(second.took) == list(range(1, 11))

    run(main())
    assert caplog.text.count("another mbmd has it: give each its own outbox.folder") == 1


@pytest.mark.parametrize("content", [b"rubbish" * 1000, b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_no_outbox_is_kept_and_another_begun(
    file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    side = Side()
    side.away = AWAY
    file.parent.mkdir()
    file.write_bytes(content)

    async def main() -> None:
        async with running(side, file) as (box, health):
            put(box, 1, 10)
            await asyncio.sleep(2)
        async with running(Side(), file) as (_, health):
            await asyncio.sleep(1)
            assert health.sent == 10

    run(main())
    assert file.with_name("influx.db.broken-1").read_bytes() == content
    assert "kept as influx.db.broken-1" in caplog.text


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    side = Side()
    (tmp_path / "outbox").write_text("a file")

    async def main() -> None:
        async with running(side, tmp_path / "outbox" / "influx.db") as (box, health):
            for number in range(300):
                put(box, number, number)
                await asyncio.sleep(1)
            assert len(side.took) == 300
            assert health.dropped == 0

    run(main())
    assert caplog.text.count("outbox/influx.db") == 1
    assert "what waits is kept in memory only" in caplog.text
