"""What there is: devices, what they measure, and the buses that they are on."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, TypedDict

import orjson
from msgspec import Meta
from sanic import HTTPResponse, Request

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings, State
from mbmd.readings.hub import Hub
from mbmd.readings.render import rfc3339
from mbmd.turns import in_turns
from mbmd.web.answers import Content, respond
from mbmd.web.bodies import Bus, DeviceId, Moment
from mbmd.web.rest import find
from mbmd.web.routes import DEVICE, Handler, Route
from mbmd.web.status import Status


class Device(TypedDict):
    """A device, what is known of it, and what it measures."""

    Device: DeviceId
    Name: Annotated[str, Meta(description="what the user calls it; by it the device can be asked for too")]
    Place: Annotated[str, Meta(description="where it stands")]
    Type: str
    Adapter: Annotated[str, Meta(description="address of its bus")]
    Unit: Annotated[int, Meta(description="unit id on its bus")]
    Subdevice: Annotated[int, Meta(description="number on its unit, 0 where there is but one")]
    Online: bool
    State: Annotated[State, Meta(description="whether it answers; unknown before it was asked")]
    LastSeen: Moment | None
    Trouble: Annotated[str, Meta(description="why it is offline")]
    Manufacturer: str
    Model: str
    Options: str
    Version: str
    Serial: str
    Rate: Annotated[float, Meta(description="seconds from poll to poll, as asked for")]
    Measurements: Annotated[
        Mapping[str, str],
        Meta(description="units of what it measures, by name", examples=[{"Power": "W", "Import": "kWh"}]),
    ]


class Measured(TypedDict):
    """A measurement."""

    Name: Annotated[str, Meta(examples=["PowerL1"])]
    Description: Annotated[str, Meta(examples=["L1 Power"])]
    Unit: Annotated[str, Meta(description="empty where there is none", examples=["W"])]
    Kind: Annotated[Kind, Meta(description="an instant value goes up and down, a counter only up; a text is no number")]


def routes(hub: Hub, status: Status) -> list[Route]:
    """Routes of devices, measurements and buses."""
    return [
        Route("/api/devices", _devices(hub), "All devices, by id", list[Device]),
        Route("/api/devices/{device}", _device(hub), "One device", Device, parameters=(DEVICE,), errors=(404,)),
        Route("/api/measurements", _measurements(hub), "All measurements that the devices have", list[Measured]),
        Route("/api/buses", _buses(status), "All buses", list[Bus]),
    ]


def device_body(device: DeviceReadings) -> Device:
    """The object of `/api/devices/{device}`."""
    health, told = device.health, device.descriptor
    return {
        "Device": device.id,
        "Name": device.name,
        "Place": device.place,
        "Type": device.type,
        "Adapter": device.adapter,
        "Unit": device.unit,
        "Subdevice": device.subdevice,
        "Online": device.online,
        "State": device.state,
        "LastSeen": rfc3339(health.last_seen) if health.last_seen else None,
        "Trouble": health.trouble,
        "Manufacturer": told.manufacturer,
        "Model": told.model,
        "Options": told.options,
        "Version": told.version,
        "Serial": told.serial,
        "Rate": health.rate,
        "Measurements": {measurement.name: measurement.unit for measurement in device.offered},
    }


def measured_body(measurement: Measurement) -> Measured:
    """An object of `/api/measurements`."""
    return {
        "Name": measurement.name,
        "Description": measurement.description,
        "Unit": measurement.unit,
        "Kind": measurement.kind,
    }


def _devices(hub: Hub) -> Handler:
    async def get_devices(request: Request) -> HTTPResponse:
        members = await in_turns(hub.devices.values(), lambda device: orjson.dumps(device_body(device)))
        await asyncio.sleep(0)
        return await respond(request, Content(b"[%b]" % b",".join(members)))

    return get_devices


def _buses(status: Status) -> Handler:
    async def get_buses(request: Request) -> HTTPResponse:
        return await respond(request, Content(orjson.dumps(await status.buses())))

    return get_buses


def _device(hub: Hub) -> Handler:
    async def get_device(request: Request, device: str) -> HTTPResponse:
        return await respond(request, Content(orjson.dumps(device_body(find(hub, device)))))

    return get_device


def _measurements(hub: Hub) -> Handler:
    """In the order of the catalogue, then what it does not know, by name."""
    places = {name: place for place, name in enumerate(CATALOGUE)}

    async def get_measurements(request: Request) -> HTTPResponse:
        had: dict[str, Measurement] = {}
        await in_turns(hub.devices.values(), lambda device: had.update((m.name, m) for m in device.offered))
        in_order = sorted(had, key=lambda name: (places.get(name, len(places)), name))
        return await respond(request, Content(orjson.dumps([measured_body(had[name]) for name in in_order])))

    return get_measurements
