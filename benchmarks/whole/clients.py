"""Many clients who listen, and how one more of them fares meanwhile."""

import time
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from benchmarks.delays import delays
from benchmarks.figure import Figure
from benchmarks.play.listeners import BATCH, SINGLE, Listeners, listening
from benchmarks.play.probe import Probe, Seen, probing
from benchmarks.whole.site import Site, Window, delay_figures, pause_figures

SETTLED = 0.5
"""Intervals after which newcomers have been told what they are told first."""
FORMS: Mapping[str, str] = MappingProxyType({"batch": BATCH, "single": SINGLE})


class _Round(NamedTuple):
    """What one more client saw, what the daemon took, and how many messages all others got."""

    seen: Seen
    window: Window
    messages: float


def many(site: Site, count: int, forms: Mapping[str, str] = FORMS) -> Iterator[Figure]:
    """So many clients by websocket, with messages of whole polls and of single readings."""
    for form, path in forms.items():
        name = f"{site.name}, {count} websockets, {form}"
        with (
            probing(f"websocket, {form}", site.daemon.port, site.rate) as probe,
            listening(site.daemon.port, count, path) as crowd,
        ):
            time.sleep(SETTLED * site.rate)
            rounds = site.effort.rounds({name: partial(_measure, site, crowd, probe)})[name]
            if lost := crowd.heard.lost:
                raise RuntimeError(f"{name}: the daemon has thrown out {lost} clients")
        yield from _figures(name, rounds)


def _measure(site: Site, crowd: Listeners, probe: Probe) -> _Round:
    probe.seen()
    before = crowd.heard.received
    _, window = site.during(site.rest)
    seen, received = probe.seen(), crowd.heard.received - before
    return _Round(seen, window, seen.messages * received / max(seen.received, 1))


def _figures(name: str, rounds: list[_Round]) -> Iterator[Figure]:
    messages = tuple(one.messages / one.window.seconds for one in rounds)
    yield Figure(f"{name}: messages", "messages/s", messages, "higher")
    yield Figure(f"{name}: CPU", "% of a core", tuple(one.window.load for one in rounds), "lower")
    each = tuple(1e6 * one.window.cpu / one.messages for one in rounds)
    yield Figure(f"{name}: CPU a message", "µs/message", each, "lower")
    yield from delay_figures(name, [delays(one.seen.delays) for one in rounds])
    yield from pause_figures(name, [[one.window] for one in rounds])
