"""A new configuration for a daemon that runs: read beside the polls, carried out as a whole or not at all."""

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from time import time
from typing import TYPE_CHECKING, NamedTuple

from mbmd.aside import aside
from mbmd.config.run import RunConfig
from mbmd.devices.registry import Registry
from mbmd.errors import UsageError
from mbmd.prepare import prepare
from mbmd.running.bus import Polled
from mbmd.running.changes import Buses, Changes, by_bus, difference
from mbmd.running.files import allow_files
from mbmd.running.fleet import Fleet
from mbmd.running.garbage import unsearched
from mbmd.running.logs import change
from mbmd.running.runfile import Report
from mbmd.running.sinks import Planned, Sinks
from mbmd.running.web import Serving

if TYPE_CHECKING:
    from mbmd.web.server import Planned as PlannedWeb

Load = Callable[[], RunConfig]
"""Makes the configuration anew, from file, environment and flags; raises UsageError with a line for each mistake."""
Tell = Callable[[Report], None]
"""Takes what is to be known of the daemon; it is called in a thread, as it may wait for a disk."""

FIXED: Mapping[str, Callable[[RunConfig], object]] = {
    "api": lambda config: config.api,
    "state": lambda config: config.state,
    "web.cert": lambda config: config.web is not None and config.web.cert is not None,
}
"""What a daemon keeps for life; of the certificate that there is one."""

log = logging.getLogger(__name__)


class _News(NamedTuple):
    """A configuration that is good, and what is to be done for it."""

    config: RunConfig
    buses: Buses
    changes: Changes
    fresh: Mapping[str, Polled]
    sinks: Mapping[str, Planned]
    web: "PlannedWeb | None"


class Reloads:
    """Reloads, one after the other, when `asked` was set; requests that come meanwhile are one more reload.

    `config` and `buses` are what the daemon was started with; `report` goes on from what it says.
    """

    def __init__(
        self,
        config: RunConfig,
        buses: Buses,
        fleet: Fleet,
        sinks: Sinks,
        web: Serving,
        load: Load | None,
        report: Report,
        tell: Tell,
        asked: asyncio.Event,
    ) -> None:
        self._started = config
        self._log = config.log
        self._buses = buses
        self._fleet = fleet
        self._sinks = sinks
        self._web = web
        self._load = load
        self._report = report
        self._tell = tell
        self._asked = asked

    async def run(self) -> None:
        """Reload when asked, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._reload()

    async def _reload(self) -> None:
        self._report = replace(self._report, begun=self._report.begun + 1)
        try:
            with unsearched():
                news = await aside(partial(self._read, self._report))
                await self._carry_out(news)
            if news.fresh:  # until they are settled
                gc.disable()
        except UsageError as error:
            self._refuse(str(error).splitlines())
        except Exception as error:
            log.exception("reload failed")
            self._refuse([f"internal error, see the log of the daemon: {error!r}"])
        await self._tell_outcome()

    async def _tell_outcome(self) -> None:
        try:
            await aside(partial(self._tell, self._report))
        except Exception:  # as of a process that may have no more threads
            log.exception("what became of the reload cannot be told")

    def _read(self, report: Report) -> _News:
        """All that takes a while, in a thread: the buses are polled as ever."""
        self._tell(report)
        if self._load is None:
            raise UsageError("this daemon has no configuration that could be read again: restart it")
        config = self._load()
        allow_files(config)
        buses = by_bus(prepare(config, Registry(config.device_dirs)))
        changes = difference(self._buses, buses)
        sinks, web = self._sinks.plan(config), self._web.plan(config)
        return _News(config, buses, changes, self._fleet.make_polled(changes.fresh), sinks, web)

    async def _carry_out(self, news: _News) -> None:
        await self._fleet.change(news.changes, news.fresh, news.config.raw)
        self._buses = news.buses
        await self._fleet.start()
        web = self._web.change(news.web)
        sinks = await self._sinks.change(news.sinks)
        summary = "; ".join(filter(None, (str(news.changes), sinks, web)))
        if news.config.log is not None and news.config.log != self._log:
            self._log = news.config.log
            change(self._log)
        log.info("reloaded: %s", summary)
        notes = tuple(
            f"{name}: the new one takes a restart of the daemon"
            for name, of in FIXED.items()
            if of(news.config) != of(self._started)
        )
        for note in notes:
            if note not in self._report.notes:
                log.warning("reload: %s", note)
        self._over(replace(self._report, summary=summary, notes=notes, errors=(), config=place_of(news.config)))

    def _refuse(self, errors: list[str]) -> None:
        for error in errors:
            log.error("reload refused: %s", error)
        self._over(replace(self._report, summary="", errors=tuple(errors)))

    def _over(self, outcome: Report) -> None:
        self._report = replace(outcome, done=outcome.begun, reloaded=time())


def place_of(config: RunConfig) -> str:
    """The configuration file, also for who stands in another folder; empty if there is none."""
    return str(config.file.absolute()) if config.file is not None else ""
