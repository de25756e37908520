"""The keys of all that readings are sent to."""

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from mbmd.config import texts
from mbmd.config.defaults import DEFAULT_CLIENT_ID
from mbmd.config.keys import key
from mbmd.config.options import DURATION, FLAG, POSITIVE_DURATION, number
from mbmd.config.secret import Secret
from mbmd.config.texts import DeadBand, Setting


class Mqtt(Struct, frozen=True, kw_only=True):
    """Where readings are published by MQTT."""

    broker: Annotated[
        str, key("host:port or a URL (mqtt://, mqtts://, ws://, wss://); empty: off", texts.BROKER, "localhost:1883")
    ] = ""
    topic: Annotated[str, key("what topics begin with; empty: only Homie", texts.TOPIC)] = "mbmd"
    user: Annotated[str, key("name of the user", texts.TEXT, "meter")] = ""
    password: Annotated[Secret, key("the user's password", texts.SECRET, "secret")] = Secret()
    password_file: Annotated[
        Path | None, key("file with the password, in place of it", texts.PATH, "mqtt.password")
    ] = None
    clientid: Annotated[str, key("what the broker knows mbmd by: another for each mbmd", texts.TEXT)] = (
        DEFAULT_CLIENT_ID
    )
    qos: Annotated[int, key("quality of service, 0 to 2", number(0, 2))] = 0
    retain: Annotated[bool, key("the broker keeps the latest readings for who comes later", FLAG)] = False
    version: Annotated[str, key("of the protocol: 3.1.1 or 5", texts.one_of("3.1.1", "5"))] = "3.1.1"
    keepalive: Annotated[
        float, key("after so long a silence broker and mbmd look for each other", POSITIVE_DURATION)
    ] = 30.0
    ca: Annotated[
        Path | None, key("certificates to check the broker's by; default: those of the system", texts.PATH, "ca.pem")
    ] = None
    cert: Annotated[Path | None, key("certificate that mbmd shows", texts.PATH, "client.pem")] = None
    cert_key: Annotated[Path | None, key("its key, if that is not in the same file", texts.PATH, "client.key")] = None
    insecure: Annotated[bool, key("take any certificate of the broker: only for a test", FLAG)] = False
    device: Annotated[
        str, key("what topics call a device by: id, or name if it has one", texts.one_of("id", "name"))
    ] = "id"
    payload: Annotated[
        str,
        key(
            "plain: a topic and a number for each measurement; json: an object for each device and poll; both",
            texts.one_of("plain", "json", "both"),
        ),
    ] = "plain"
    template: Annotated[
        str,
        key(
            "topic of a measurement; there are root, device, id, name, place, type, measurement",
            texts.template("measurement"),
        ),
    ] = "{root}/{device}/{measurement}"
    json_template: Annotated[str, key("topic of the JSON of a device", texts.template())] = "{root}/{device}"
    on_change: Annotated[bool, key("publish only values that have moved", FLAG)] = False
    dead_band: Annotated[
        tuple[DeadBand, ...],
        key(
            "with on_change: smaller moves are none; patterns with a number or percentage",
            texts.DEAD_BANDS,
            "[Power*=5, Voltage*=1%]",
        ),
    ] = ()
    silence: Annotated[float, key("with on_change: publish after that all the same; 0: never", DURATION)] = 300.0
    rate: Annotated[float, key("publish no device more often; 0: each poll", DURATION)] = 0.0
    homie: Annotated[str, key("what topics of Homie begin with; empty: off", texts.TOPIC)] = "homie"
    homie_version: Annotated[str, key("of the Homie convention: 4 or 5", texts.one_of("4", "5"))] = "4"
    homie_wills: Annotated[
        bool,
        key("Homie 4: tell that each device is lost when mbmd dies, by a silent connection for each", FLAG),
    ] = False
    homeassistant: Annotated[
        str, key("what topics of Home Assistant discovery begin with; empty: off", texts.TOPIC, "homeassistant")
    ] = ""
    outbox: Annotated[
        bool | None,
        key("readings wait on disk while the broker is away; default: only json with qos 1 or 2", FLAG, "true"),
    ] = None


class Influx(Struct, frozen=True, kw_only=True):
    """Where readings are written to an InfluxDB, or another database that takes its line protocol."""

    url: Annotated[str, key("where it is; empty: off", texts.INFLUX_URL, "http://localhost:8086")] = ""
    database: Annotated[str, key("database, or bucket of InfluxDB 2", texts.TEXT, "data")] = ""
    measurement: Annotated[str, key("name of the points", texts.TEXT)] = "data"
    organization: Annotated[str, key("organization of InfluxDB 2", texts.TEXT, "home")] = ""
    token: Annotated[Secret, key("token of InfluxDB 2 or 3", texts.SECRET, "secret")] = Secret()
    token_file: Annotated[Path | None, key("file with the token, in place of it", texts.PATH, "influx.token")] = None
    user: Annotated[str, key("user of InfluxDB 1", texts.TEXT, "meter")] = ""
    password: Annotated[Secret, key("password of InfluxDB 1", texts.SECRET, "secret")] = Secret()
    password_file: Annotated[
        Path | None, key("file with the password, in place of it", texts.PATH, "influx.password")
    ] = None
    version: Annotated[
        str, key("1, 2 or 3; auto: 2 with a token or organization, else 1", texts.one_of("auto", "1", "2", "3"))
    ] = "auto"
    points: Annotated[
        str,
        key(
            "reading: a point each, as mbmd always wrote them; device: one with a field each",
            texts.one_of("reading", "device"),
        ),
    ] = "reading"
    gzip: Annotated[bool, key("send compressed", FLAG)] = True
    ca: Annotated[
        Path | None, key("certificates to check the server's by; default: those of the system", texts.PATH, "ca.pem")
    ] = None
    insecure: Annotated[bool, key("take any certificate of the server: only for a test", FLAG)] = False
    outbox: Annotated[bool, key("readings wait on disk while the database is away", FLAG)] = True


class Outbox(Struct, frozen=True, kw_only=True):
    """What waits on disk while a broker or database is away; the bounds count for each of them."""

    folder: Annotated[
        Path | None, key("where; empty: nothing waits; default: in ~/.local/state/mbmd", texts.PLACE, "outbox")
    ] = None
    size: Annotated[int, key("most megabytes; beyond them the oldest are lost", number(1, 1_000_000))] = 256
    age: Annotated[float, key("what is older is lost", POSITIVE_DURATION)] = 7 * 24 * 3600.0
    pace: Annotated[int, key("most readings a second when the other side is back", number(1, 10_000_000))] = 20_000


class SinkKeys(Struct, frozen=True, kw_only=True):
    """A sink of a package of your own."""

    path: str = ""
    """Where it stands in the configuration, such as `sinks[0]`."""

    use: Annotated[str, key("its name in the entry points of the group mbmd.sinks", texts.TEXT, "csv")]
    options: Annotated[tuple[Setting, ...], key("what it wants to know", texts.SETTINGS, "[file=readings.csv]")] = ()
