"""How long readings take from the wire to one receiver, and what each way adds to polling alone."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.delays import Delays, delays
from benchmarks.figure import Figure
from benchmarks.play.asker import Asker, device_ids
from benchmarks.play.broker import Broker
from benchmarks.play.probe import probing
from benchmarks.whole.site import Site, Window, World, cost_figure, delay_figures

STREAMS = ("websocket, batch", "websocket, single", "events")


class _Round(NamedTuple):
    delays: Delays
    window: Window


def web(site: Site) -> Iterator[Figure]:
    """To a client of each kind of stream, and to who looks at REST and metrics without a pause."""
    port = site.daemon.port
    listening = site.effort.rounds({f"{site.name}, wire to {kind}": _listening(site, kind, port) for kind in STREAMS})
    for name, rounds in listening.items():
        yield from delay_figures(name, [one.delays for one in rounds])
        yield cost_figure(f"{name}: CPU with polling", [one.window for one in rounds])
    looking = {"REST": _rest_delays, "metrics": _metrics_delays}
    for name, seen in site.effort.rounds(
        {f"{site.name}, wire to {way}": _looking(site, looking[way]) for way in looking}
    ).items():
        yield from delay_figures(name, seen)


def mqtt(world: World, broker: Broker) -> Iterator[Figure]:
    """To a subscriber of a broker."""
    with world.site(mqtt={"broker": broker.address, "homie": ""}) as site:
        broker.wait_for("mbmd/status", b"connected")
        name = f"{site.name}, wire to MQTT"
        rounds = site.effort.rounds({name: _listening(site, "MQTT", broker.port)})[name]
    yield from delay_figures(name, [one.delays for one in rounds])
    yield cost_figure(f"{name}: CPU with polling", [one.window for one in rounds])


def _listening(site: Site, kind: str, port: int) -> Callable[[], _Round]:
    def measure() -> _Round:
        with probing(kind, port, site.rate) as probe:
            _, window = site.during(site.rest)
            return _Round(delays(probe.seen().delays), window)

    return measure


def _looking(site: Site, look: Callable[[Site, Asker], Iterator[float]]) -> Callable[[], Delays]:
    def measure() -> Delays:
        asker = Asker(site.daemon.port)
        try:
            return delays([*look(site, asker)])
        finally:
            asker.close()

    return measure


def _rest_delays(site: Site, asker: Asker) -> Iterator[float]:
    return asker.rest_delays(device_ids(site.daemon.port), site.rate, site.seconds)


def _metrics_delays(site: Site, asker: Asker) -> Iterator[float]:
    return asker.metrics_delays(site.seconds)
