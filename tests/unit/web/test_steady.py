"""Work that goes on beside the requests."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from mbmd.web import steady

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_work_that_fails_is_told_of_and_begins_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(steady, "PAUSE", 0.0)
    errors: Iterator[Exception] = iter([ValueError("first"), KeyError("second")])
    well = asyncio.Event()

    async def work() -> None:
        for error in errors:
            raise error
        well.set()
        await asyncio.Event().wait()

    async def main() -> None:
        task = steady.steady("history", work)
        await asyncio.wait_for(well.wait(), 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [record.message for record in caplog.records] == ["history failed, and goes on in 0 s"] * 2
    assert "first" in caplog.text
    assert "second" in caplog.text
