"""What is wrong with the keys of outputs that are right one by one."""

from collections.abc import Iterable, Iterator

from mbmd.config.broker import parse_broker
from mbmd.config.defaults import DEFAULT_CLIENT_ID
from mbmd.config.devices import Device
from mbmd.config.outputs import Influx, Mqtt
from mbmd.config.topics import AVAILABILITY, STATUS, fill, topic_fields

_OF_ENCRYPTION = ("ca", "cert", "cert_key", "insecure")
_NO_USER = "does not count, as it is the password of a user, and there is none: give user too"
_INSECURE = "any certificate is taken: who stands between can read the password and all else"


def output_problems(mqtt: Mqtt, influx: Influx) -> Iterator[tuple[str, str]]:
    """Keys such as `mqtt.ca`, and why they cannot count as they are; nothing of outputs that are off."""
    if mqtt.broker:
        yield from _of_mqtt(mqtt)
    if influx.url:
        yield from _of_influx(influx)


def topic_problems(mqtt: Mqtt, devices: Iterable[Device]) -> Iterator[tuple[str, str]]:
    """Keys by which two devices would have one topic, or a device that of mbmd itself.

    What a measurement makes of a topic is not looked at.
    """
    if not (mqtt.broker and mqtt.topic):
        return
    templates = {"mqtt.device": AVAILABILITY}
    if mqtt.payload != "json":
        templates["mqtt.template"] = mqtt.template
    if mqtt.payload != "plain":
        templates["mqtt.json_template"] = mqtt.json_template
    owners = {fill(STATUS, {"root": mqtt.topic}): "mbmd itself"}
    for device in devices:
        fields = topic_fields(mqtt.topic, mqtt.device, device.id, device.name, device.place, device.spec.type)
        for key, template in templates.items():
            topic = fill(template, fields)
            owner = owners.setdefault(topic, device.id)
            if owner != device.id:
                yield key, f"{device.id} would have the topic {topic}, and so has {owner}: change it, or a name"


def _of_mqtt(mqtt: Mqtt) -> Iterator[tuple[str, str]]:
    if not parse_broker(mqtt.broker).encrypted:
        for key in _OF_ENCRYPTION:
            if getattr(mqtt, key):
                yield f"mqtt.{key}", "counts only if the broker is at mqtts:// or wss://"
    if mqtt.cert_key and not mqtt.cert:
        yield "mqtt.cert_key", "is the key of a certificate, and there is none: give cert too"
    if mqtt.outbox and not mqtt.topic:
        yield "mqtt.outbox", "is for what topic is for, and that is empty"
    if mqtt.homeassistant and not mqtt.topic:
        yield "mqtt.homeassistant", "shows what is published below topic, and that is empty: give it too"


def _of_influx(influx: Influx) -> Iterator[tuple[str, str]]:
    if not influx.database:
        yield "influx.database", "is missing: give the database, or the bucket of InfluxDB 2"
    if not influx.measurement or influx.measurement.startswith("#") or "\\" in influx.measurement:
        yield "influx.measurement", "must be a name without backslashes that does not begin with #"
    if influx.version in ("2", "3") and influx.user:
        yield "influx.user", f"is for InfluxDB 1: InfluxDB {influx.version} takes a token"
    if influx.version == "1" and influx.token:
        yield "influx.token", "is for InfluxDB 2 and 3: InfluxDB 1 takes user and password"
    if not influx.url.startswith("https:"):
        for key in ("ca", "insecure"):
            if getattr(influx, key):
                yield f"influx.{key}", "counts only if the server is at https://"


def output_warnings(mqtt: Mqtt, influx: Influx) -> Iterator[tuple[str, str]]:
    """Keys that may not mean what their user wants; nothing of outputs that are off."""
    if mqtt.broker:
        yield from _warnings_of_mqtt(mqtt)
    if influx.url:
        yield from _warnings_of_influx(influx)


def _warnings_of_mqtt(mqtt: Mqtt) -> Iterator[tuple[str, str]]:
    if mqtt.password and not (mqtt.user or parse_broker(mqtt.broker).user):
        yield "mqtt.password", _NO_USER
    if not mqtt.clientid:
        yield "mqtt.clientid", f"is empty: {DEFAULT_CLIENT_ID} counts; give each mbmd at the broker an id of its own"
    if not (mqtt.topic or mqtt.homie or mqtt.homeassistant):
        yield "mqtt.broker", "nothing is published there, as topic, homie and homeassistant are empty"
    if mqtt.insecure:
        yield "mqtt.insecure", _INSECURE
    if mqtt.dead_band and not mqtt.on_change:
        yield "mqtt.dead_band", "counts only with on_change"


def _warnings_of_influx(influx: Influx) -> Iterator[tuple[str, str]]:
    if influx.insecure:
        yield "influx.insecure", _INSECURE
    if influx.token and influx.user:
        yield "influx.user", "does not count beside a token"
    elif influx.password and not influx.user:
        yield "influx.password", _NO_USER
