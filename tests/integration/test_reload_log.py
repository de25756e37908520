"""What a daemon says in its log of a reload, and from when on it says more."""

import logging
from pathlib import Path

import pytest

from mbmd.config.log import Log
from mbmd.errors import UsageError
from tests.integration.live_daemon import configuration, run, running, until
from tests.integration.real_lines import LINES, playing

TCP = LINES["tcp"]


def test_what_takes_a_restart_is_said_once_and_the_rest_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            one, two = f"sdm:1@{line.adapter}", f"sdm:2@{line.adapter}"
            async with running(configuration(one)) as live:
                await live.online("SDM1.1")
                other = {"api": ("127.0.0.1", 1), "state": tmp_path / "state"}
                notes = tuple(f"{name}: the new one takes a restart of the daemon" for name in other)
                assert (await live.reload(configuration(one, two, **other))).notes == notes
                await live.online("SDM1.1", "SDM1.2")
                assert (await live.reload(configuration(one, **other))).notes == notes
                assert (await live.reload(configuration(one))).notes == ()

    run(main())
    told = [record.getMessage() for record in caplog.records if "takes a restart" in record.getMessage()]
    assert told == [f"reload: {name}: the new one takes a restart of the daemon" for name in ("api", "state")]


def test_frames_are_logged_from_when_a_reload_asks_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mbmd.raw")

    def raw() -> int:
        return sum(record.name == "mbmd.raw" for record in caplog.records)

    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            spec = f"sdm:1@{line.adapter}"
            async with running(configuration(spec)) as live:
                devices = await live.online("SDM1.1")
                assert raw() == 0
                await live.reload(configuration(spec, raw=True))
                await live.polled(devices)
                assert raw() > 2
                await live.reload(configuration(spec))
                caplog.clear()
                await live.polled(devices)
                assert raw() == 0

    run(main())


def test_failed_requests_are_logged_from_when_a_reload_asks_for_it(tmp_path: Path) -> None:
    logger = logging.getLogger("mbmd")
    levels = []

    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            one = f"sdm:1@{line.adapter}"
            async with running(configuration(one)) as live:
                for level in ("info", "debug", "debug", "info"):
                    await live.reload(configuration(one, log=Log(level=level)))
                    levels.append(logger.level)
                assert (await live.reload(UsageError("no"))).errors == ("no",)
                levels.append(logger.level)

    before = logger.level
    try:
        run(main())
    finally:
        logger.setLevel(before)
    assert levels == [logging.INFO, logging.DEBUG, logging.DEBUG, logging.INFO, logging.INFO]


def test_what_cannot_be_told_of_a_reload_ends_no_daemon(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with playing(TCP, tmp_path) as line:
            one, two = f"sdm:1@{line.adapter}", f"sdm:2@{line.adapter}"
            async with running(configuration(one)) as live:
                live.fails = True
                live.ask(configuration(one, two))
                await live.online("SDM1.1", "SDM1.2")
                await until(lambda: "cannot be told" in caplog.text)
                live.fails = False
                assert (await live.reload(configuration(one))).summary == "devices: 1 removed, 1 untouched"

    run(main())
