"""The energy of today, and `/api/today`."""

import asyncio
from pathlib import Path
from time import monotonic, time
from typing import NamedTuple, TypedDict

import msgspec
import orjson
from sanic import HTTPResponse, Request
from sanic.exceptions import ServiceUnavailable

from mbmd.aside import aside
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.readings.render import rfc3339
from mbmd.readings.today import Account, Counter, energies, energy_counters, midnight, restored
from mbmd.state import StateFile
from mbmd.turns import in_turns
from mbmd.web.answers import Content, respond
from mbmd.web.render import whole
from mbmd.web.rest import find
from mbmd.web.routes import DEVICE, Route

LOOK_PAUSE = 5.0
"""Seconds between looks at the counters: by so much a midnight may be missed."""
SAVE_PAUSE = 60.0
"""Seconds at least between writes of the file: news come at midnight, or when devices do."""
JUMP = 60.0
"""Seconds that the clock goes before or back from one look to the next when somebody sets it."""


class TodayEnergy(TypedDict):
    """kWh of each energy counter since a time: midnight, or if not complete, when its counting could begin."""

    Since: str
    Complete: bool
    Energy: dict[str, float]


class _Meter(NamedTuple):
    """A device with what it has counted."""

    counters: tuple[Counter, ...]
    balances: frozenset[str]
    account: Account


class Today:
    """The account of each device that is there, which a restart finds again in a file."""

    def __init__(self, hub: Hub, path: Path | None) -> None:
        self._hub = hub
        self._file = StateFile(path, "the energy of today begins anew at each start")
        self._meters: dict[DeviceReadings, _Meter] = {}
        self._versions: dict[DeviceReadings, int] = {}
        self._clock = time() - monotonic()
        self._has_news = False
        self._made_of: tuple[float, int, list[int]] = (0.0, 0, [])
        self._all = Content(b"{}")

    def routes(self) -> list[Route]:
        """What can be asked of it."""
        text = (
            "Since is local midnight if Complete. If not, the device came later, was away over midnight, or one of its"
            " counters fell: a meter was replaced or reset. Counters that are balances may be negative."
        )
        return [
            Route(
                "/api/today",
                self._get_all,
                "Energy of today in kWh, of all devices that were read today",
                dict[str, TodayEnergy],
                text,
            ),
            Route(
                "/api/today/{device}",
                self._get_one,
                "Energy of today in kWh, of one device",
                TodayEnergy,
                text,
                (DEVICE,),
                (404, 503),
            ),
        ]

    async def load(self) -> None:
        """Read the file; to be done before `run` and before anything is asked."""
        await aside(self._file.load)

    async def run(self) -> None:
        """Look at the counters, and write what is new, until cancelled."""
        saved = -SAVE_PAUSE
        while True:
            await self._look_in_turns()
            if self._has_news and monotonic() - saved >= SAVE_PAUSE:
                self._has_news, saved = False, monotonic()
                await in_turns(self._meters, self._put)
                await aside(self._file.save)
            await asyncio.sleep(LOOK_PAUSE)

    def close(self) -> None:
        """Write what is left."""
        self._look()
        for device in self._meters:
            self._put(device)
        self._file.save()

    def _look(self) -> None:
        """See what all devices have counted by now."""
        self._look_at_clock()
        for device in self._gone():
            self._forget(device)
        for device in self._hub.devices.values():
            self._note(device)

    async def _look_in_turns(self) -> None:
        self._look_at_clock()
        while gone := self._gone():  # before who came in their place is restored from the file
            await in_turns(gone, self._forget)
        await in_turns(self._hub.devices.values(), self._note)

    def _look_at_clock(self) -> None:
        """See whether the clock was set."""
        before, self._clock = self._clock, time() - monotonic()
        if abs(self._clock - before) > JUMP:
            for meter in self._meters.values():
                meter.account.distrust()

    def _gone(self) -> list[DeviceReadings]:
        """Devices that went, of which there still is an account."""
        return [device for device in self._meters if not self._hub.has(device)]

    def _forget(self, device: DeviceReadings) -> None:
        """Keep the account of a device that went in the file alone."""
        self._put(device)
        self._meters.pop(device, None)
        self._versions.pop(device, None)

    def _note(self, device: DeviceReadings) -> None:
        if not device.online or not self._hub.has(device) or self._versions.get(device) == device.version:
            return
        if (meter := self._meters.get(device)) is None:
            meter = self._meters[device] = self._meter(device)
        self._versions[device] = device.version
        values = energies(meter.counters, device.latest)
        moment = device.timestamp
        self._has_news |= meter.account.note(values, moment, midnight(moment), meter.balances)

    def _meter(self, device: DeviceReadings) -> _Meter:
        counters = energy_counters(device.measurements)
        balances = frozenset(counter.name for counter in counters if counter.is_balance)
        return _Meter(counters, balances, restored(self._file.get(_key(device)), counters))

    def _put(self, device: DeviceReadings) -> None:
        if (meter := self._meters.get(device)) is not None:
            self._file.put(_key(device), msgspec.to_builtins(meter.account))

    async def _get_all(self, request: Request) -> HTTPResponse:
        await self._look_in_turns()
        today, devices = midnight(time()), list(self._hub.devices.values())
        made_of = (today, self._hub.generation, [self._versions.get(device, 0) for device in devices])
        if made_of == self._made_of:
            return await respond(request, self._all)

        def member(device: DeviceReadings) -> tuple[str, bytes] | None:
            energy = self._told(device, today)
            return None if energy is None else (device.id, orjson.dumps(energy))

        content = await whole(await in_turns(devices, member))
        self._made_of, self._all = made_of, content
        return await respond(request, content)

    async def _get_one(self, request: Request, device: str) -> HTTPResponse:
        found = find(self._hub, device)
        self._look_at_clock()
        for gone in self._gone() if found not in self._meters else ():
            if _key(gone) == _key(found):
                self._forget(gone)
        self._note(found)
        energy = self._told(found, midnight(time()))
        if energy is None:
            raise ServiceUnavailable(f"device {device} was not read today")
        return await respond(request, Content(orjson.dumps(energy)))

    def _told(self, device: DeviceReadings, today: float) -> TodayEnergy | None:
        meter = self._meters.get(device)
        if meter is None or meter.account.since < today:
            return None
        account = meter.account
        return {"Since": rfc3339(account.since), "Complete": account.complete, "Energy": account.energy()}


def beside(state: Path | None) -> Path | None:
    """The file for it, beside that of what is learned of devices."""
    return state and state.with_name(f"{state.stem}.today{state.suffix}")


def _key(device: DeviceReadings) -> str:
    """A device in the file: its id would change with other adapters."""
    part = f".{device.subdevice}" if device.subdevice else ""
    return f"{device.type}:{device.unit}{part}@{device.adapter}"
