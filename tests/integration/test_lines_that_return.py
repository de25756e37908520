"""A serial adapter that is pulled out and plugged in again, and a gateway that has no power for a while."""

import logging
import time
from math import isnan
from pathlib import Path
from typing import cast

import pytest

from mbmd import backoff
from mbmd.bus import poller
from tests.integration.real_bus import LONG, RealBus, polling, run
from tests.integration.real_lines import LINES, RealFarEnd, playing
from tests.scripted import Asked, FarEnd

RATE = 0.1
"""Seconds between polls, most of which the line is idle for."""
PATIENT = 30.0
"""A timeout that no loaded machine exceeds: nothing here is to be told by silence."""
BUSY = 0.5
"""Share of a processor that an engine which only waits never takes, and an endless loop always would."""


async def vanish_in_a_request(bus: RealBus) -> None:
    """The line is gone when it has just brought a request."""
    before = bus.line.struck
    bus.line.strike(LONG, _vanish)
    await bus.until(lambda: bus.line.struck > before)


def _vanish(far: FarEnd, asked: Asked) -> None:
    cast(RealFarEnd, far).line.vanish()


async def vanish_between_requests(bus: RealBus) -> None:
    """The line is gone while no device is due."""
    bus.hub.whole.clear()
    await bus.until(lambda: len(bus.hub.whole) == 2)
    bus.line.vanish()


async def stay_away(bus: RealBus) -> None:
    """Let the engine try in vain to open the line, and see that it has little work."""
    started, used, before = time.monotonic(), time.process_time(), bus.opened
    await bus.until(lambda: bus.opened >= before + 2 and time.monotonic() > started + 0.2, step=0.01)
    assert bus.opened < before + 20
    assert time.process_time() - used < BUSY * (time.monotonic() - started)


def check_that_all_is_gone(bus: RealBus) -> None:
    assert not bus.health.connected
    for meter in bus.meters:
        assert meter.readings.health.trouble.startswith("the bus is down: ")
        assert all(map(isnan, meter.readings.latest))


@pytest.mark.parametrize("name", ["rtu", "ascii", "tcp", "rtu+tcp"])
def test_polling_resumes_by_itself_when_a_line_returns_under_its_name(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(poller, "LINK_QUIET", 0.0)

    def told(*levels: int) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelno in levels]

    async def main() -> None:
        async with playing(LINES[name], tmp_path) as line, polling(line, RATE, PATIENT) as bus:
            await bus.until_whole()
            for times, vanish in enumerate((vanish_in_a_request, vanish_between_requests), 1):
                caplog.clear()
                await vanish(bus)
                await bus.until(lambda: not any(bus.online))
                check_that_all_is_gone(bus)
                await stay_away(bus)
                check_that_all_is_gone(bus)
                assert len(told(logging.WARNING)) == 1
                assert told(logging.WARNING)[0].startswith(f"{line.adapter.address}: ")
                bus.hub.whole.clear()
                await line.appear()
                await bus.until_whole()
                assert bus.online == [True, True]
                assert bus.health.connected
                assert bus.health.reconnects == times
                assert len(told(logging.WARNING)) == 1
                assert told(logging.INFO).count(f"{line.adapter.address}: connected again") == 1

    run(main(), caplog)
