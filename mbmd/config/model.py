"""All that may be configured: the keys of the file, what they may be, and what they mean.

Fields with a description are keys. A key is read by its option, or by that of its name in the tables of options.
"""

from functools import cache
from inspect import get_annotations
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Meta, Struct, structs

from mbmd.config import texts
from mbmd.config.adapter import ADAPTER_OPTIONS
from mbmd.config.defaults import BAUDRATE, COMSETS, DEFAULT_API, DEFAULT_RATE, DEFAULT_TIMEOUT
from mbmd.config.keys import key, table_key
from mbmd.config.log import Log
from mbmd.config.options import DEVICE_OPTIONS, FLAG, Option, number
from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
from mbmd.config.values import parse_duration
from mbmd.config.web import Web


class _Options(Struct, frozen=True, kw_only=True):
    """DEVICE_OPTIONS as keys of a device, or of an adapter for all its devices."""

    path: str = ""
    """Where it stands in the configuration, such as `adapters[0]`."""

    timeout: Annotated[
        float | None, table_key("time to answer; default: the longer of that at the top and that of its type", "1s")
    ] = None
    pause: Annotated[
        float | None, table_key("rest before each request; the longer of adapter and device counts", "10ms")
    ] = None
    max_registers: Annotated[
        int | None, table_key("most registers in one read, 1 to 125; the fewer of adapter and device count", "60")
    ] = None
    holes: Annotated[
        bool | None, table_key("read unwanted registers along where that is quicker; default: true", "true")
    ] = None
    rate: Annotated[float | None, table_key("poll no more often; default: that at the top", "10s")] = None
    slow_rate: Annotated[float | None, table_key("poll what is slow no more often; default: 60s", "60s")] = None
    rating: Annotated[
        float | None,
        table_key("most power that it can measure, in kW: its counters move no faster; default: 3000", "43.5"),
    ] = None
    bases: Annotated[
        tuple[int, ...],
        table_key("SunSpec: addresses where a unit may begin, in that order; default: 40000 0 50000", "40000 0 50000"),
    ] = ()
    plausibility: Annotated[
        bool | None, table_key("hold back values that are not plausible; default: that at the top", "true")
    ] = None
    include: Annotated[
        tuple[str, ...], table_key("read only these measurements; names or patterns; default: all", "[Power*, Import]")
    ] = ()
    exclude: Annotated[tuple[str, ...], table_key("leave these measurements out", "THD*")] = ()
    fast: Annotated[tuple[str, ...], table_key("read these with every poll", "Power")] = ()
    slow: Annotated[tuple[str, ...], table_key("read these at the slow rate", "[Import*, Export*]")] = ()
    once: Annotated[tuple[str, ...], table_key("read these once, for they never change", "Sum*")] = ()


class AdapterKeys(_Options, frozen=True, kw_only=True):
    """A bus."""

    device: Annotated[str, key("serial device, host:port, mock or a URL", texts.ADDRESS, "/dev/ttyUSB0")]
    id: Annotated[
        int | None, table_key("its number in the ids of its devices, 1 to 9999; default: counted by its address", "3")
    ] = None
    baudrate: Annotated[
        int | None, table_key("of the serial line, 300 to 4000000; default: that at the top", "9600")
    ] = None
    comset: Annotated[str | None, table_key("of the serial line; default: that at the top", "8N1")] = None
    rtu: Annotated[bool, key("RTU over TCP instead of Modbus TCP at host:port", FLAG)] = False
    rs485: Annotated[bool | None, table_key("the driver switches RTS; default: false", "false")] = None
    unit_pause: Annotated[float | None, table_key("rest before another unit is asked; default: 0", "20ms")] = None
    connect_delay: Annotated[float | None, table_key("rest after connecting; default: 0", "2s")] = None
    close: Annotated[
        bool | None, table_key("TCP: close the connection after each poll of a device; default: false", "false")
    ] = None
    transaction_ids: Annotated[
        bool | None, table_key("false for a Modbus TCP gateway that does not echo them; default: true", "true")
    ] = None


class DeviceKeys(_Options, frozen=True, kw_only=True):
    """A meter on a bus."""

    type: Annotated[str, key("its type, one of mbmd devices", texts.TYPE, "sdm")]
    id: Annotated[int, key("its unit id on the bus, 1 to 247; by Modbus TCP 0 to 255", number(0, 255), "1")]
    name: Annotated[str, key("another id, which people can remember", texts.NAME, "Heat pump")] = ""
    place: Annotated[str, key("where it stands", texts.TEXT, "cellar")] = ""
    subdevice: Annotated[int, key("SunSpec: which of the devices on its unit", number(0, 9999))] = 0
    adapter: Annotated[
        str | None,
        key("device or id of one of the adapters, or an adapter by itself", texts.ADDRESS, "/dev/ttyUSB0"),
    ] = None


class Config(Struct, frozen=True, kw_only=True):
    """All of it."""

    specs: tuple[str, ...] = ()
    """Devices as texts of the command line or the environment; they count in place of `devices`."""

    api: Annotated[tuple[str, int] | None, key("web server as host:port; empty: none", texts.API)] = texts.parse_api(
        DEFAULT_API
    )
    rate: Annotated[
        float, table_key("no device is polled more often, unless it says so; 0: as often as the bus carries", "")
    ] = parse_duration(DEFAULT_RATE)
    timeout: Annotated[float, table_key("time to answer", "")] = parse_duration(DEFAULT_TIMEOUT)
    raw: Annotated[bool, key("log every frame in hex", FLAG)] = False
    verbose: Annotated[bool, key("log more: the level is debug", FLAG)] = False
    adapter: Annotated[
        str | None, key("default adapter: one of adapters, or one by itself", texts.ADDRESS, "/dev/ttyUSB0")
    ] = None
    baudrate: Annotated[int, table_key("of serial lines that say nothing else, 300 to 4000000", "")] = BAUDRATE
    comset: Annotated[str, table_key(f"of serial lines that say nothing else: {', '.join(COMSETS)}", "")] = COMSETS[0]
    rtu: Annotated[bool, key("the default adapter at host:port is RTU over TCP", FLAG)] = False
    state: Annotated[
        Path | None,
        key(
            "file for what is learned of devices; empty: none; default: in ~/.local/state/mbmd",
            texts.PLACE,
            "learned.json",
        ),
    ] = None
    plausibility: Annotated[bool, table_key("hold back values that are not plausible", "")] = True
    devices_dir: Annotated[
        tuple[Path, ...],
        key("folders with device tables of your own, before ~/.config/mbmd/devices", texts.FOLDERS, "[tables]"),
    ] = ()
    log: Annotated[Log, Meta(description="what is logged by mbmd run, and how")] = Log()
    web: Annotated[Web, Meta(description="who may ask the web server, and how that is kept safe")] = Web()
    mqtt: Annotated[Mqtt, Meta(description="readings by MQTT")] = Mqtt()
    influx: Annotated[Influx, Meta(description="readings to InfluxDB or what takes its line protocol")] = Influx()
    outbox: Annotated[Outbox, Meta(description="what waits on disk while a broker or database is away")] = Outbox()
    sinks: Annotated[tuple[SinkKeys, ...], Meta(description="other places for readings, by packages of your own")] = ()
    adapters: Annotated[
        tuple[AdapterKeys, ...], Meta(description="buses; one that needs no keys can be named by its devices alone")
    ] = ()
    devices: Annotated[tuple[DeviceKeys, ...], Meta(description="meters and inverters")] = ()


SECRET_FILES = {"password_file": "password", "token_file": "token"}
"""Keys of files, by what they hold the secret of."""


def _of_file(option: Option) -> Option:
    """In a query + is a space already, in a file it is none."""
    return option._replace(parse=lambda text: option.parse(text.replace("+", " "))) if option.adds_up else option


_TABLES = {key: _of_file(option) for key, option in {**ADAPTER_OPTIONS, **DEVICE_OPTIONS}.items()}


class Leaf(NamedTuple):
    """A key with a value, which `option` reads. `example` is a text for people where there is no default."""

    name: str
    description: str
    option: Option
    default: Any
    example: str

    @property
    def required(self) -> bool:
        """It must be given."""
        return self.default is NODEFAULT


class Section(NamedTuple):
    """A key that holds keys, or a list of such."""

    name: str
    description: str
    kind: type[Struct]
    is_list: bool


@cache
def keys(kind: type[Struct]) -> dict[str, Leaf | Section]:
    """The keys of a section, or of all of the configuration, by name; its own before those that others have too."""
    hints = get_type_hints(kind, include_extras=True)
    own = get_annotations(kind)
    fields = [field for field in structs.fields(kind) if get_origin(hints[field.name]) is Annotated]
    fields.sort(key=lambda field: field.name not in own)
    return {field.name: _describe(field, *get_args(hints[field.name])) for field in fields}


def leaves(kind: type[Struct]) -> dict[str, Leaf]:
    """Those of the keys that have a value."""
    return {name: key for name, key in keys(kind).items() if isinstance(key, Leaf)}


def _describe(field: structs.FieldInfo, hint: Any, meta: Meta) -> Leaf | Section:
    description, extra = meta.description or "", meta.extra or {}
    is_list = get_origin(hint) is tuple
    kind = get_args(hint)[0] if is_list else hint
    if isinstance(kind, type) and issubclass(kind, Struct):
        return Section(field.name, description, kind, is_list)
    option = extra.get("option") or _TABLES[field.name]
    return Leaf(field.name, description, option, field.default, extra["example"])
