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
from mbmd.config.options import DEVICE_OPTIONS, FLAG, Option, number
from mbmd.config.texts import Secret
from mbmd.config.values import parse_duration


def _key(description: str, option: Option, example: str = "") -> Meta:
    return Meta(description=description, extra={"option": option, "example": example})


def _option(description: str, example: str) -> Meta:
    """A key of the tables of options."""
    return Meta(description=description, extra={"example": example})


class _Options(Struct, frozen=True, kw_only=True):
    """DEVICE_OPTIONS as keys of a device, or of an adapter for all its devices."""

    path: str = ""
    """Where it stands in the configuration, such as `adapters[0]`."""

    timeout: Annotated[
        float | None, _option("time to answer; default: the longer of that at the top and that of its type", "1s")
    ] = None
    pause: Annotated[
        float | None, _option("rest before each request; the longer of adapter and device counts", "10ms")
    ] = None
    max_registers: Annotated[
        int | None, _option("most registers in one read, 1 to 125; the fewer of adapter and device count", "60")
    ] = None
    holes: Annotated[
        bool | None, _option("read unwanted registers along where that is quicker; default: true", "true")
    ] = None
    rate: Annotated[float | None, _option("poll no more often; default: that at the top", "10s")] = None
    slow_rate: Annotated[float | None, _option("poll what is slow no more often; default: 60s", "60s")] = None
    rating: Annotated[
        float | None,
        _option("most power that it can measure, in kW: its counters move no faster; default: 3000", "43.5"),
    ] = None
    plausibility: Annotated[
        bool | None, _option("hold back values that are not plausible; default: that at the top", "true")
    ] = None
    include: Annotated[
        tuple[str, ...], _option("read only these measurements; names or patterns; default: all", "[Power*, Import]")
    ] = ()
    exclude: Annotated[tuple[str, ...], _option("leave these measurements out", "THD*")] = ()
    fast: Annotated[tuple[str, ...], _option("read these with every poll", "Power")] = ()
    slow: Annotated[tuple[str, ...], _option("read these at the slow rate", "[Import*, Export*]")] = ()
    once: Annotated[tuple[str, ...], _option("read these once, for they never change", "Sum*")] = ()


class AdapterKeys(_Options, frozen=True, kw_only=True):
    """A bus."""

    device: Annotated[str, _key("serial device, host:port, mock or a URL", texts.ADDRESS, "/dev/ttyUSB0")]
    id: Annotated[
        int | None, _option("its number in the ids of its devices, 1 to 9999; default: counted by its address", "3")
    ] = None
    baudrate: Annotated[int | None, _option("of the serial line, 300 to 4000000; default: that at the top", "9600")] = (
        None
    )
    comset: Annotated[str | None, _option("of the serial line; default: that at the top", "8N1")] = None
    rtu: Annotated[bool, _key("RTU over TCP instead of Modbus TCP at host:port", FLAG)] = False
    rs485: Annotated[bool | None, _option("the driver switches RTS; default: false", "false")] = None
    unit_pause: Annotated[float | None, _option("rest before another unit is asked; default: 0", "20ms")] = None
    connect_delay: Annotated[float | None, _option("rest after connecting; default: 0", "2s")] = None
    close: Annotated[
        bool | None, _option("TCP: close the connection after each poll of a device; default: false", "false")
    ] = None
    transaction_ids: Annotated[
        bool | None, _option("false for a Modbus TCP gateway that does not echo them; default: true", "true")
    ] = None


class DeviceKeys(_Options, frozen=True, kw_only=True):
    """A meter on a bus."""

    type: Annotated[str, _key("its type, one of mbmd devices", texts.TYPE, "sdm")]
    id: Annotated[int, _key("its unit id on the bus, 1 to 247; by Modbus TCP 0 to 255", number(0, 255), "1")]
    name: Annotated[str, _key("another id, which people can remember", texts.NAME, "Heat pump")] = ""
    place: Annotated[str, _key("where it stands", texts.TEXT, "cellar")] = ""
    subdevice: Annotated[int, _key("SunSpec: its number behind a gateway", number(0, 9999))] = 0
    adapter: Annotated[
        str | None,
        _key("device or id of one of the adapters, or an adapter by itself", texts.ADDRESS, "/dev/ttyUSB0"),
    ] = None


class Mqtt(Struct, frozen=True, kw_only=True):
    """Where readings are published by MQTT."""

    broker: Annotated[str, _key("host:port or a URL; empty: off", texts.BROKER, "localhost:1883")] = ""
    topic: Annotated[str, _key("what topics begin with; empty: only Homie", texts.TOPIC)] = "mbmd"
    user: Annotated[str, _key("name of the user", texts.TEXT, "meter")] = ""
    password: Annotated[Secret, _key("the user's password", texts.SECRET, "secret")] = Secret()
    password_file: Annotated[
        Path | None, _key("file with the password, in place of it", texts.PATH, "mqtt.password")
    ] = None
    clientid: Annotated[str, _key("what the broker knows mbmd by", texts.TEXT)] = "mbmd"
    qos: Annotated[int, _key("quality of service, 0 to 2", number(0, 2))] = 0
    homie: Annotated[str, _key("what topics of Homie begin with; empty: off", texts.TOPIC)] = "homie"
    device: Annotated[
        str, _key("what topics call a device by: id, or name if it has one", texts.one_of("id", "name"))
    ] = "id"


class Influx(Struct, frozen=True, kw_only=True):
    """Where readings are written to an InfluxDB."""

    url: Annotated[str, _key("where it is; empty: off", texts.INFLUX_URL, "http://localhost:8086")] = ""
    database: Annotated[str, _key("database, or bucket of InfluxDB 2", texts.TEXT, "data")] = ""
    measurement: Annotated[str, _key("name of the points", texts.TEXT)] = "data"
    organization: Annotated[str, _key("organization of InfluxDB 2", texts.TEXT, "home")] = ""
    token: Annotated[Secret, _key("token of InfluxDB 2", texts.SECRET, "secret")] = Secret()
    token_file: Annotated[Path | None, _key("file with the token, in place of it", texts.PATH, "influx.token")] = None
    user: Annotated[str, _key("user of InfluxDB 1", texts.TEXT, "meter")] = ""
    password: Annotated[Secret, _key("password of InfluxDB 1", texts.SECRET, "secret")] = Secret()
    password_file: Annotated[
        Path | None, _key("file with the password, in place of it", texts.PATH, "influx.password")
    ] = None


class Config(Struct, frozen=True, kw_only=True):
    """All of it."""

    specs: tuple[str, ...] = ()
    """Devices as texts of the command line or the environment; they count in place of `devices`."""

    api: Annotated[tuple[str, int] | None, _key("web server as host:port; empty: none", texts.API)] = texts.parse_api(
        DEFAULT_API
    )
    rate: Annotated[
        float, _option("no device is polled more often, unless it says so; 0: as often as the bus carries", "")
    ] = parse_duration(DEFAULT_RATE)
    timeout: Annotated[float, _option("time to answer", "")] = parse_duration(DEFAULT_TIMEOUT)
    raw: Annotated[bool, _key("log every frame in hex", FLAG)] = False
    verbose: Annotated[bool, _key("log more", FLAG)] = False
    adapter: Annotated[
        str | None, _key("default adapter: one of adapters, or one by itself", texts.ADDRESS, "/dev/ttyUSB0")
    ] = None
    baudrate: Annotated[int, _option("of serial lines that say nothing else, 300 to 4000000", "")] = BAUDRATE
    comset: Annotated[str, _option(f"of serial lines that say nothing else: {', '.join(COMSETS)}", "")] = COMSETS[0]
    rtu: Annotated[bool, _key("the default adapter at host:port is RTU over TCP", FLAG)] = False
    state: Annotated[
        Path | None,
        _key(
            "file for what is learned of devices; empty: none; default: in ~/.local/state/mbmd",
            texts.STATE,
            "learned.json",
        ),
    ] = None
    plausibility: Annotated[bool, _option("hold back values that are not plausible", "")] = True
    devices_dir: Annotated[
        tuple[Path, ...],
        _key("folders with device tables of your own, before ~/.config/mbmd/devices", texts.FOLDERS, "[tables]"),
    ] = ()
    mqtt: Annotated[Mqtt, Meta(description="readings by MQTT (this version checks this and does not publish yet)")] = (
        Mqtt()
    )
    influx: Annotated[
        Influx, Meta(description="readings to InfluxDB (this version checks this and does not publish yet)")
    ] = Influx()
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
