"""Puts the parts together: buses, readings and the web server in one event loop."""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from functools import partial
from time import monotonic, time

from mbmd import __version__, loop
from mbmd.bus.memory import Memory
from mbmd.bus.report import report
from mbmd.config.paths import home_directory, run_directories
from mbmd.config.run import RunConfig
from mbmd.config.values import join_host_port
from mbmd.devices.registry import Registry
from mbmd.prepare import prepare
from mbmd.readings.health import BusHealth
from mbmd.readings.hub import Hub
from mbmd.running import logs
from mbmd.running.changes import by_bus, difference
from mbmd.running.files import allow_files
from mbmd.running.fleet import Fleet
from mbmd.running.garbage import keep_settled, unsearched
from mbmd.running.hangup import Terminal, answered
from mbmd.running.reload import Load, Reloads, Tell, place_of
from mbmd.running.runfile import Report, RunFile
from mbmd.running.sinks import Sinks
from mbmd.running.systemd import Manager
from mbmd.running.tasks import Tasks
from mbmd.running.web import serving
from mbmd.turns import in_turns

log = logging.getLogger(__name__)

FIRST_REPORT = 60.0
REPORT_PAUSE = 600.0
TURN = 0.0005
"""Seconds for which a thread may hold the interpreter when the event loop wants it: 5 ms, the default, are felt."""


def run(config: RunConfig, load: Load | None = None) -> None:
    """Poll and serve until SIGINT or SIGTERM. Raises UsageError for what keeps it from starting.

    SIGHUP brings what `load` makes of the configuration by then; SIGHUP since the terminal was closed ends it.
    """
    allow_files(config)
    with unsearched():
        loop.run(_until_signal(config, load))


async def _until_signal(config: RunConfig, load: Load | None) -> None:
    sys.setswitchinterval(min(TURN, sys.getswitchinterval()))
    places = run_directories(os.environ, home_directory())
    with closing(RunFile(places)) as run_file, closing(Manager(os.environ)) as manager:
        if manager.watches:  # it ends who is stuck by SIGABRT, and where that was shall be in the log
            faulthandler.enable()
        await serve(config, stop_on_signal(), load=load, tell=run_file.write, manager=manager)


def stop_on_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set from now on, in place of ending the process."""
    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        running.add_signal_handler(number, stop.set)
    return stop


async def serve(
    config: RunConfig,
    stop: asyncio.Event,
    started: Callable[[], None] = lambda: None,
    load: Load | None = None,
    tell: Tell = lambda _: None,
    manager: Manager | None = None,
) -> None:
    """Poll and serve until `stop` is set; `started` is called when the web server listens and polling is to begin.

    On SIGHUP `load` makes the configuration anew. A good one is carried out: its devices and buses come, others go,
    and who is in both goes on as if nothing had happened. A bad one changes nothing. `tell` hears of that, and so does
    the service manager.
    """
    terminal, asked = Terminal(), asyncio.Event()
    manager = manager or Manager({})
    tell = manager.hearing(tell)
    async with AsyncExitStack() as stack:
        stack.enter_context(answered(terminal, asked.set, stop.set))
        buses = by_bus(prepare(config, Registry(config.device_dirs)))
        memory, hub, tasks = Memory(config.state), Hub(), Tasks()
        fleet = Fleet(hub, memory, tasks, config.raw)
        first = Report(os.getpid(), place_of(config), time())
        sinks = Sinks(hub)
        planned = sinks.plan(config)
        stack.callback(memory.close)
        stack.push_async_callback(fleet.close)
        stack.push_async_callback(sinks.close)
        changes = difference({}, buses)
        await fleet.change(changes, fleet.make_polled(changes.fresh), config.raw)
        web = await stack.enter_async_context(serving(config, hub))
        reloads = Reloads(config, buses, fleet, sinks, web, load, first, tell, asked)
        await fleet.open()
        log.info("mbmd %s: devices: %d, buses: %d", __version__, len(config.devices), len(buses))
        if reason := loop.fallback():
            log.info("%s: polling by asyncio, which takes more of the processor; install uvloop if you can", reason)
        if config.api is not None:
            scheme = "https" if config.web is not None and config.web.cert is not None else "http"
            log.info("listening on %s://%s", scheme, join_host_port(*config.api))
        await sinks.change(planned)
        started()
        await fleet.start()
        of_process = (terminal.watch(), keep_settled(hub), manager.watch(hub), logs.settle())
        for work in (memory.run(), _report(hub), reloads.run(), *of_process):
            tasks.start(work)
        tell(first)
        stack.callback(manager.stopping)
        await tasks.wait(stop)


async def _report(hub: Hub) -> None:
    """Say in the log how the buses are: soon after the start, then now and then."""
    await asyncio.sleep(FIRST_REPORT)
    while True:
        await in_turns(hub.buses, partial(_tell_of, hub))
        await asyncio.sleep(REPORT_PAUSE)


def _tell_of(hub: Hub, bus: BusHealth) -> None:
    """Devices may have gone since it began."""
    devices = [device for name in bus.devices if (device := hub.devices.get(name)) is not None]
    log.info("%s", report(bus, devices, monotonic()), extra={"bus": bus.address})
