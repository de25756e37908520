"""What answers hold, as types: mypy checks them where they are made, and their schemas are made of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from msgspec import Meta

_EXAMPLE: dict[str, Any] = {"Timestamp": "2026-11-23T12:00:00.250000+01:00", "Unix": 1795431600, "Power": 345.0}
_MEMBERS = {
    "Timestamp": {"type": "string", "format": "date-time"},
    "Unix": {"type": "integer", "description": "the same in seconds since 1970"},
}

Moment = Annotated[str, Meta(description="RFC 3339, local time", extra_json_schema={"format": "date-time"})]
DeviceId = Annotated[str, Meta(description="id of a device", examples=["SDM1.1"])]
Seconds = Annotated[float, Meta(description="seconds")]
PerMinute = Annotated[float, Meta(description="a minute, over all the time")]
Readings = Annotated[
    dict[str, float | str],
    Meta(
        description="when the device was polled, then its measurements by name, in alphabetical order",
        examples=[_EXAMPLE],
        extra_json_schema={"properties": _MEMBERS},
    ),
]
AllReadings = Annotated[dict[str, Readings], Meta(description="by id of the device", examples=[{"SDM1.1": _EXAMPLE}])]


class Memory(TypedDict):
    """Bytes that the daemon holds."""

    Alloc: int
    HeapAlloc: int


class Plan(TypedDict):
    """How a device is read in one poll."""

    Reads: int
    Registers: int
    Holes: Annotated[int, Meta(description="registers that are read along, which nobody wants")]


class Meter(TypedDict):
    """The account of a device."""

    Device: DeviceId
    Type: str
    Name: Annotated[str, Meta(description="what the user calls it")]
    Place: Annotated[str, Meta(description="where it stands")]
    Online: bool
    Requests: int
    RequestsPerMinute: PerMinute
    Errors: int
    ErrorsPerMinute: PerMinute
    ErrorKinds: Annotated[Mapping[str, int], Meta(description="how many errors of each kind")]
    LastSeen: Moment | None
    Trouble: Annotated[str, Meta(description="why it is offline")]
    Refused: Annotated[Sequence[str], Meta(description="measurements that it does not have")]
    HeldBack: Annotated[Mapping[str, int], Meta(description="how many implausible values each measurement had")]
    Plan: Plan
    Rate: Annotated[float, Meta(description="seconds from poll to poll, as asked for")]
    Interval: Annotated[float, Meta(description="seconds from poll to poll, as it is")]
    Missed: Annotated[float, Meta(description="seconds by which polls come later than asked")]
    Subdevice: int
    Manufacturer: str
    Model: str
    Options: str
    Version: str
    Serial: str


class Modbus(TypedDict):
    """All requests, as before release 0.9."""

    TotalModbusRequests: int
    ModbusRequestRatePerMinute: float
    TotalModbusErrors: int
    ModbusErrorRatePerMinute: float


class ConfiguredMeter(TypedDict):
    """A device, as before release 0.9."""

    Id: DeviceId
    Type: str
    Status: Annotated[str, Meta(extra_json_schema={"enum": ["available", "unavailable"]})]


class RoundTrip(TypedDict):
    """Seconds from request to answer; null before the first."""

    Median: float | None
    P95: float | None


class Bus(TypedDict):
    """The account of a bus; counters only grow."""

    Adapter: Annotated[str, Meta(description="address of the bus", examples=["/dev/ttyUSB0"])]
    Devices: Annotated[Sequence[str], Meta(description="ids of its devices")]
    Connected: bool
    Requests: int
    Load: Annotated[float, Meta(description="share of the last minute for which the wire was busy", ge=0, le=1)]
    RoundTrip: RoundTrip
    Timeouts: int
    ChecksumErrors: int
    StaleAnswers: Annotated[int, Meta(description="answers to requests that were given up")]
    Echoes: Annotated[int, Meta(description="requests that came back from the line")]
    Reconnects: int
    Round: Annotated[float, Meta(description="seconds that one poll of all its devices takes")]
    Missed: Annotated[float, Meta(description="seconds by which polls come later than asked, at worst")]
    UnitPause: Annotated[float, Meta(description="seconds kept between requests to different units")]
    LatencyTimer: Annotated[int | None, Meta(description="milliseconds for which the adapter holds data back")]
    Advice: Annotated[list[str], Meta(description="what would make the bus better")]


class Sink(TypedDict):
    """The account of a sink; counters count readings or, of MQTT, messages."""

    Name: str
    Connected: bool
    Trouble: Annotated[str, Meta(description="why it does not deliver")]
    Sent: int
    Dropped: Annotated[int, Meta(description="lost for want of a connection or of room")]
    Refused: Annotated[int, Meta(description="not taken by the other side")]
    Expired: Annotated[int, Meta(description="lost as they waited for too long or were too many")]
    Waiting: int
    WaitingBytes: int
    Oldest: Moment | None
    Failures: Annotated[int, Meta(description="connections that were lost, and errors")]


class StatusBody(TypedDict):
    """The state of the daemon."""

    StartTime: Moment
    UpTime: Seconds
    Goroutines: Annotated[int, Meta(description="tasks of the event loop")]
    Memory: Memory
    Meters: list[Meter]
    Modbus: Modbus
    ConfiguredMeters: list[ConfiguredMeter]
    Buses: list[Bus]
    Sinks: list[Sink]
