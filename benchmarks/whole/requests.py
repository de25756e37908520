"""Many requests to REST and metrics."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.figure import Figure
from benchmarks.play.asker import device_ids
from benchmarks.play.load import Answered, Load, asking
from benchmarks.whole.site import Site, Window, pause_figures

WARM_UP = 0.1
SECONDS = 0.5
"""Of each measurement at most: thousands of requests are enough."""


class Path(NamedTuple):
    """What is asked for; `name` has the path as the API's documentation writes it."""

    name: str
    path: str
    zipped: bool = False


class _Round(NamedTuple):
    answered: Answered
    window: Window


def paths(device: str, *, quick: bool) -> list[Path]:
    """What is measured; nothing compressed when it has to be quick."""
    whole = [Path(path, path) for path in ("/api/last", "/api/avg", "/api/status", "/metrics")]
    zipped = [Path(f"{one.name}, gzip", one.path, True) for one in whole]
    return [*whole, *([] if quick else zipped), Path("/api/last/{ID}", f"/api/last/{device}")]


def load(site: Site, connections: int) -> Iterator[Figure]:
    """As many requests as so many connections get answered, of each path."""
    device = device_ids(site.daemon.port)[0]
    wanted = paths(device, quick=site.effort.quick)
    ways = {f"{site.name}, GET {one.name}": _asking(site, one, connections) for one in wanted}
    results = site.effort.rounds(ways)
    for name, rounds in results.items():
        yield from _figures(name, rounds)
    in_turn = zip(*results.values(), strict=True)
    yield from pause_figures(f"{site.name}, GET", [[one.window for one in at_once] for at_once in in_turn])


def _asking(site: Site, path: Path, connections: int) -> Callable[[], _Round]:
    def measure() -> _Round:
        with asking(site.daemon.port, path.path, connections, zipped=path.zipped) as clients:
            time.sleep(WARM_UP)
            clients.answered()
            answered, window = site.during(lambda: _answered(clients, min(site.effort.seconds, SECONDS)))
        if answered.refused:
            raise RuntimeError(f"{path.path}: {answered.refused} of {answered.answers} answers are errors")
        return _Round(answered, window)

    return measure


def _answered(clients: Load, seconds: float) -> Answered:
    time.sleep(seconds)
    return clients.answered()


def _figures(name: str, rounds: list[_Round]) -> Iterator[Figure]:
    counts = [(one, one.answered.answers) for one in rounds]
    yield Figure(f"{name}: answers", "answers/s", tuple(n / one.window.seconds for one, n in counts), "higher")
    yield Figure(f"{name}: CPU", "µs/answer", tuple(1e6 * one.window.cpu / n for one, n in counts), "lower")
    yield Figure(f"{name}: median delay", "ms", tuple(1000 * one.answered.delays.median for one in rounds), "lower")
    yield Figure(f"{name}: 99 % delay", "ms", tuple(1000 * one.answered.delays.p99 for one in rounds), "lower")
