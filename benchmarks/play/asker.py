"""Looks at the web server until it shows what was just read: how long after the wire that is."""

import http.client
import re
import time
from collections.abc import Iterable, Iterator, Sequence

import orjson

from benchmarks.play.polls import latest, since

JOULES = 3.6e6
"""In a kWh, which is what meters count in."""
LINE = re.compile(rb'^mbmd_import_energy_joules_total\{device="([^"]+)".*\} (\S+)$', re.MULTILINE)
EARLY = 0.003
"""Seconds before a poll is due from which on it is looked for."""
PATIENCE = 1.5
"""Rates after which it has not come."""


class Asker:
    """A client that asks for one path after another, on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(self, path: str) -> bytes:
        """What a path answers. Raises RuntimeError if it refuses."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path} answers {answer.status}: {body[:200]!r}")
        return body

    def close(self) -> None:
        """Go away."""
        self._connection.close()

    def clock(self, device: str) -> float:
        """The clock of what REST shows of a device."""
        shown = orjson.loads(self.get(f"/api/last/{device}"))
        values = [value for name, value in shown.items() if name not in ("Timestamp", "Unix")]
        return latest(values, time.monotonic())

    def rest_delays(self, devices: Iterable[str], rate: float, seconds: float) -> Iterator[float]:
        """Seconds from the wire until `/api/last/{ID}` shows it, of one device after another as they are polled.

        Each is asked for without a pause from shortly before it is due, so up to one answer's time is added. One that
        does not come for PATIENCE rates is told to have taken that long.
        """
        clocks = {device: self.clock(device) for device in devices}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            now = time.monotonic()
            # The one that is due next: what remains of its interval.
            remains = {device: rate - since(clock, now) % rate for device, clock in clocks.items()}
            device = min(remains, key=lambda one: (remains[one] < EARLY, remains[one]))
            time.sleep(max(0.0, remains[device] - EARLY))
            clocks[device], delay = self._wait(device, self.clock(device), PATIENCE * rate)
            yield delay

    def _wait(self, device: str, before: float, patience: float) -> tuple[float, float]:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            clock = self.clock(device)
            if clock != before:
                return clock, since(clock, time.monotonic())
        return before, patience

    def metrics_delays(self, seconds: float) -> Iterator[float]:
        """Seconds from the wire until `/metrics` shows it, asked without a pause: up to one answer's time is added."""
        shown = clocks(self.get("/metrics"), time.monotonic())
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            text = self.get("/metrics")
            now = time.monotonic()
            before, shown = shown, clocks(text, now)
            yield from (since(clock, now) for device, clock in shown.items() if clock != before.get(device))


def clocks(text: bytes, now: float) -> dict[str, float]:
    """The clock of what metrics show of each device."""
    found: dict[str, list[float]] = {}
    for device, joules in LINE.findall(text):
        found.setdefault(device.decode(), []).append(float(joules) / JOULES)
    return {device: latest(values, now) for device, values in found.items()}


def device_ids(port: int) -> Sequence[str]:
    """The ids of all devices that are online."""
    asker = Asker(port)
    try:
        return list(orjson.loads(asker.get("/api/last")))
    finally:
        asker.close()
