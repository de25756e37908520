"""The flags of log, web server and where readings go; imports nothing heavy, so that `mbmd --help` stays quick."""

from __future__ import annotations

from argparse import SUPPRESS
from types import MappingProxyType

# Known to type checkers as that of typing, whose import would be an eighth of what `mbmd --help` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    Row = tuple[str, str, str, str]
    """The key in the configuration, its flags, what stands for the value, and the help.

    Nothing for the value is a switch, `[X]` one that may be left out, and with `X...` the flag may be repeated.
    """

HOMEASSISTANT = "homeassistant"
"""What topics of Home Assistant discovery begin with unless something else is given."""
_SEEN = "which others can see here while mbmd starts; better"

OUTPUTS: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {
        "log": (
            (
                "log.level",
                "--log-level",
                "error|warning|info|debug",
                "what is logged, each with those before; default: info",
            ),
            (
                "log.format",
                "--log-format",
                "auto|text|journal|json",
                "lines with time and level, for the journal of systemd, or JSON; auto: what fits; default: auto",
            ),
        ),
        "web server": (
            ("web.users", "--web-user", "NAME=HASH...", "who may ask, with a password, by a line of mbmd passwd"),
            ("web.tokens", "--web-token", "NAME=HASH...", "program that may ask, by a line of mbmd passwd --token"),
            ("web.cert", "--web-cert", "FILE", "certificate of the server, which then speaks https"),
            ("web.cert_key", "--web-cert-key", "FILE", "its key, if that is not in the same file"),
            ("web.origins", "--web-origin", "URL...", "other site whose pages may read and frame this one"),
            ("web.proxies", "--web-proxy", "ADDRESS...", "reverse proxy whose X-Forwarded- lines are believed"),
        ),
        "MQTT": (
            (
                "mqtt.broker",
                "-m --mqtt-broker",
                "BROKER",
                "host:port or a URL: mqtt://, mqtts://, ws:// or wss://; default: off",
            ),
            ("mqtt.topic", "--mqtt-topic", "TOPIC", "what topics begin with, empty for only Homie; default: mbmd"),
            ("mqtt.user", "--mqtt-user", "NAME", "user at the broker"),
            (
                "mqtt.password",
                "--mqtt-password",
                "PASSWORD",
                f"its password, {_SEEN} mqtt.password_file in the configuration file, or $MBMD_MQTT_PASSWORD",
            ),
            ("mqtt.clientid", "--mqtt-clientid", "ID", "what the broker knows mbmd by; default: mbmd"),
            ("mqtt.qos", "--mqtt-qos", "0|1|2", "quality of service; default: 0"),
            ("mqtt.retain", "--mqtt-retain", "", "let the broker keep the latest readings for who comes later"),
            (
                "mqtt.payload",
                "--mqtt-payload",
                "plain|json|both",
                "a topic for each measurement, an object for each device and poll, or both; default: plain",
            ),
            ("mqtt.version", "--mqtt-version", "3.1.1|5", "version of the protocol; default: 3.1.1"),
            (
                "mqtt.homie",
                "--mqtt-homie",
                "TOPIC",
                "what topics of the Homie convention begin with, empty for none; default: homie",
            ),
            (
                "mqtt.homeassistant",
                "--mqtt-homeassistant",
                "[PREFIX]",
                (
                    f"let Home Assistant discover the devices, by topics that begin with PREFIX or {HOMEASSISTANT}; "
                    "default: off"
                ),
            ),
            ("mqtt.ca", "--mqtt-ca", "FILE", "certificates to check the broker's by; default: those of the system"),
            ("mqtt.cert", "--mqtt-cert", "FILE", "certificate that mbmd shows to the broker"),
            ("mqtt.cert_key", "--mqtt-cert-key", "FILE", "its key, if that is not in the same file"),
            ("mqtt.insecure", "--mqtt-insecure", "", "take any certificate of the broker: only for a test"),
        ),
        "InfluxDB and others that take its line protocol": (
            ("influx.url", "-i --influx-url", "URL", "where the database is: http:// or https://; default: off"),
            ("influx.database", "--influx-database", "NAME", "database, or bucket of InfluxDB 2"),
            ("influx.measurement", "--influx-measurement", "NAME", "name of the points; default: data"),
            ("influx.organization", "--influx-organization", "NAME", "organization of InfluxDB 2"),
            (
                "influx.token",
                "--influx-token",
                "TOKEN",
                (
                    f"token of InfluxDB 2 or 3, {_SEEN} influx.token_file in the configuration file, or "
                    "$MBMD_INFLUX_TOKEN"
                ),
            ),
            ("influx.user", "--influx-user", "NAME", "user of InfluxDB 1"),
            (
                "influx.password",
                "--influx-password",
                "PASSWORD",
                f"its password, {_SEEN} influx.password_file in the configuration file, or $MBMD_INFLUX_PASSWORD",
            ),
            (
                "influx.version",
                "--influx-version",
                "auto|1|2|3",
                "of InfluxDB; auto is 2 with a token or organization, else 1; default: auto",
            ),
        ),
        "what waits while a broker or database is away": (
            (
                "outbox.folder",
                "--outbox",
                "FOLDER",
                (
                    "where it waits, empty for nowhere; default: outbox in $STATE_DIRECTORY, $XDG_STATE_HOME/mbmd or "
                    "~/.local/state/mbmd"
                ),
            ),
        ),
    }
)
"""All of them, in groups by title."""

FLAGS: Mapping[str, str] = MappingProxyType(
    {key: flags.split()[-1] for rows in OUTPUTS.values() for key, flags, _, _ in rows}
)
"""The long flag of each key."""


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """The options of all outputs; none has a default, so that file and environment count."""
    parser.set_defaults(takes_secrets=True)
    for title, rows in OUTPUTS.items():
        group = parser.add_argument_group(title, argument_default=SUPPRESS)
        for key, flags, value, text in rows:
            _add(group, key, flags.split(), value, text)


def _add(group: argparse._ArgumentGroup, key: str, flags: list[str], value: str, text: str) -> None:
    if not value:
        group.add_argument(*flags, dest=key, action="store_true", help=text)
    elif value.startswith("["):
        group.add_argument(*flags, dest=key, nargs="?", const=HOMEASSISTANT, metavar=value.strip("[]"), help=text)
    elif value.endswith("..."):
        group.add_argument(*flags, dest=key, action="append", metavar=value.removesuffix("..."), help=text)
    else:
        group.add_argument(*flags, dest=key, metavar=value, help=text)
