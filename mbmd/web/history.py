"""What is kept of the last minute and hour, and `/api/history`."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from time import time
from typing import NamedTuple, TypedDict

import orjson
from sanic import HTTPResponse, Request
from sanic.exceptions import BadRequest

from mbmd.measurements import Kind
from mbmd.readings.device import DeviceReadings
from mbmd.readings.history import Columns, Mark, Record
from mbmd.readings.hub import Batch, Hub, Subscription, Update, Wants
from mbmd.turns import rest
from mbmd.web import choice
from mbmd.web.answers import Content, respond
from mbmd.web.rest import find
from mbmd.web.routes import DEVICE, Parameter, Route

PAUSE = 0.1
"""Seconds for which polls gather: a task that is woken for each would cost more than what it does."""
MOST_WAITING = 1 << 14
_NOTHING = Batch([], [])
KEPT = 32
"""Bodies that are kept for who asks the same again."""

SPAN = Parameter("span", "minute or hour, for one of them alone", schema={"type": "string", "enum": ["minute", "hour"]})


class Series(TypedDict):
    """Columns of a plot: times in ms, and for each measurement as many values; null where nothing was read."""

    Timestamps: list[int]
    Values: dict[str, list[float | None]]


class _DeviceId(TypedDict):
    Device: str


class DeviceHistory(_DeviceId, total=False):
    """The last minute poll by poll, and the last hour at one value a minute, each at the minute's begin."""

    Minute: Series
    Hour: Series


class _Span(NamedTuple):
    """A member of the object: what it is made of, and what says that it is as it was."""

    member: str
    columns: Callable[[Record, float], Columns]
    mark: Callable[[Record, float], Mark]


_SPANS = {
    "minute": _Span("Minute", Record.minute, Record.mark_of_minute),
    "hour": _Span("Hour", Record.hour, Record.mark_of_hour),
}


class _Kept(NamedTuple):
    """A body with what it was made of."""

    made_of: tuple[frozenset[str], list[Mark]]
    content: Content


class History:
    """A record of each device that is there and was polled since `run` began."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._generation = hub.generation
        self._records: dict[DeviceReadings, Record] = {}
        self._bodies: dict[tuple[DeviceReadings, str], _Kept] = {}
        self._subscription: Subscription | None = None
        self._left: deque[Update | DeviceReadings] = deque()
        self._taking = asyncio.Lock()

    def routes(self) -> list[Route]:
        """What can be asked of it."""
        return [
            Route(
                "/api/history/{device}",
                self._get,
                "The last minute of a device poll by poll, and its last hour minute by minute",
                DeviceHistory,
                "The hour has the means of its minutes, or of counters the last value; the present minute is not in it."
                " Polls that come faster than four a second are thinned. It begins when the daemon starts, or the"
                " device comes by a reload.",
                (DEVICE, choice.MEASUREMENT, SPAN),
                (400, 404),
            )
        ]

    async def run(self) -> None:
        """Keep what is polled until cancelled."""
        self._subscription = self._hub.subscribe(Wants(queue=MOST_WAITING))
        try:
            while True:
                await self._take(await self._subscription.take())
                await asyncio.sleep(PAUSE)
        finally:
            self._hub.unsubscribe(self._subscription)

    async def _take(self, batch: Batch) -> None:
        """Keep what a batch brought; who asks meanwhile waits for that, and ends it if this is cancelled."""
        self._left += batch.updates
        self._left += batch.turned
        async with self._taking:
            self._forget_who_went()
            while self._left:
                self._note(self._left.popleft())
                await rest()

    def _forget_who_went(self) -> None:
        hub = self._hub
        if self._generation != hub.generation:
            self._generation = hub.generation
            self._bodies.clear()
            self._records = {device: record for device, record in self._records.items() if hub.has(device)}

    def _note(self, news: Update | DeviceReadings) -> None:
        if isinstance(news, Update):
            self._add(news)
        else:
            self._turn(news)

    def _add(self, update: Update) -> None:
        if self._hub.has(update.device):
            self._of(update.device).add(update.timestamp, update.values, update.packed)

    def _turn(self, device: DeviceReadings) -> None:
        if not device.online and (record := self._records.get(device)) is not None:
            record.lose(time())

    def _of(self, device: DeviceReadings) -> Record:
        record = self._records.get(device)
        if record is None:
            record = self._records[device] = Record(device.measurements)
        return record

    async def _get(self, request: Request, device: str) -> HTTPResponse:
        found = find(self._hub, device)
        if self._subscription is not None:
            await self._take(await self._subscription.take() if self._subscription.waiting else _NOTHING)
        return await respond(request, self._content(request, found))

    def _content(self, request: Request, device: DeviceReadings) -> Content:
        wanted = choice.chosen(request, self._hub)
        spans = _spans(request)
        record, now = self._records.get(device) or Record(device.measurements), time()
        key, made_of = (device, request.query_string), (device.missing, [span.mark(record, now) for span in spans])
        kept = self._bodies.pop(key, None)
        if kept is None or kept.made_of != made_of:
            kept = _Kept(made_of, Content(_body(device, record, spans, wanted, now)))
        self._bodies[key] = kept
        if len(self._bodies) > KEPT:
            del self._bodies[next(iter(self._bodies))]
        return kept.content


def _spans(request: Request) -> list[_Span]:
    """The spans that are asked for, in their order."""
    words = choice.listed(request, SPAN.name)
    for word in words:
        if word not in _SPANS:
            raise BadRequest(f"span {word[:40]!r} is neither {' nor '.join(_SPANS)}")
    return [span for name, span in _SPANS.items() if not words or name in words]


def _body(
    device: DeviceReadings, record: Record, spans: Iterable[_Span], wanted: choice.Choice | None, now: float
) -> bytes:
    slots = {
        known.name: device.slots[known.name]
        for known in device.offered
        if known.kind is not Kind.TEXT and (wanted is None or wanted.takes(known.name))
    }
    body: dict[str, object] = {"Device": device.id}
    for span in spans:
        columns = span.columns(record, now)
        body[span.member] = {
            "Timestamps": [int(time * 1000) for time in columns.times],
            "Values": {name: columns.series(slot) for name, slot in slots.items()},
        }
    return orjson.dumps(body)  # NaN becomes null
