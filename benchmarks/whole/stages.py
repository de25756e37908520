"""What polling takes alone, and with all the rest."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from benchmarks.figure import Figure
from benchmarks.play.asker import Asker
from benchmarks.play.broker import Broker
from benchmarks.play.listeners import listening
from benchmarks.whole.site import Site, Window, World, cost_figure

FEW = 20
"""Clients by websocket beside everything else."""
SCRAPE = 1.0
"""Seconds from one scrape to the next."""


def alone(site: Site) -> Iterator[Figure]:
    """Polling alone, and with a scrape a second."""
    ways: dict[str, Callable[[], Window]] = {
        "polling alone": lambda: site.during(site.rest)[1],
        "metrics each second": lambda: site.during(lambda: _scrape(site))[1],
    }
    alone, metrics = site.effort.rounds({f"{site.name}, {way}": ways[way] for way in ways}).values()
    yield cost_figure(f"{site.name}, polling alone: CPU", alone)
    yield cost_figure(f"{site.name}, metrics each second: CPU with polling", metrics)


def everything(world: World) -> Iterator[Figure]:
    """MQTT in three conventions where there is a broker, some clients by websocket, and a scrape a second."""
    broker = world.broker
    spoken = {"broker": broker.address, "homie": "homie", "homeassistant": "homeassistant"} if broker else {}
    with ExitStack() as stack:
        site = stack.enter_context(world.site(mqtt=spoken) if spoken else world.site())
        stack.enter_context(listening(site.daemon.port, FEW))
        name = f"{site.name}, everything on"
        site.wake()
        if broker:
            site.effort.tell(f"{name}: all devices are presented to the broker")
            broker.wait_for("homie/+/$state", b"ready", world.devices)
            site.rest()
        windows = site.effort.rounds({name: lambda: site.during(lambda: _scrape(site))[1]})[name]
    yield Figure(f"{name}: CPU", "% of a core", tuple(one.load for one in windows), "lower")
    yield cost_figure(f"{name}: CPU a reading", windows)


def flat_out(world: World, broker: Broker) -> Iterator[Figure]:
    """Polling as fast as it goes, with MQTT: what is published by the broker's count, which it tells now and then."""
    with world.site(rate=0.0, mqtt={"broker": broker.address, "homie": ""}) as site, broker.counting() as counter:
        broker.wait_for("mbmd/status", b"connected")

        def count() -> float:
            before = counter.next()
            until = time.monotonic() + site.effort.seconds
            while True:
                after = counter.next()
                if time.monotonic() >= until:
                    return (after.messages - before.messages) / (after.at - before.at)

        name = f"{site.name} flat out to MQTT"
        rounds = site.effort.rounds({name: lambda: site.during(count)})[name]
    yield Figure(f"{name}: messages", "messages/s", tuple(rate for rate, _ in rounds), "higher")
    yield Figure(f"{name}: readings", "readings/s", tuple(one.readings / one.seconds for _, one in rounds), "higher")
    yield cost_figure(f"{name}: CPU", [one for _, one in rounds])


def _scrape(site: Site) -> None:
    """Ask for the metrics, once a second."""
    asker, start = Asker(site.daemon.port), time.monotonic()
    try:
        for number in range(max(round(site.seconds / SCRAPE), 1)):
            time.sleep(max(0.0, start + number * SCRAPE - time.monotonic()))
            asker.get("/metrics")
        time.sleep(max(0.0, start + site.seconds - time.monotonic()))
    finally:
        asker.close()
