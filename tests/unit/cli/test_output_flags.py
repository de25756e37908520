"""The flags of MQTT, InfluxDB and the outbox: what becomes of them beside environment and file."""

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from mbmd import cli
from mbmd.cli import completers
from mbmd.cli.output_flags import FLAGS, OUTPUTS
from mbmd.cli.run import make_config
from mbmd.config.log import Log
from mbmd.config.model import SECRET_FILES, leaves
from mbmd.config.options import FLAG
from mbmd.config.outputs import Influx, Mqtt, Outbox
from mbmd.config.run import RunConfig
from mbmd.config.web import Web
from mbmd.errors import UsageError

SECTIONS: dict[str, type[Struct]] = {"log": Log, "web": Web, "mqtt": Mqtt, "influx": Influx, "outbox": Outbox}
ROWS = [row for rows in OUTPUTS.values() for row in rows]
BUS = ("-a", "mock", "-d", "sdm:1")


def run(*argv: str) -> RunConfig:
    return make_config(cli.make_parser().parse_args(["run", *BUS, *argv]))


def mqtt(*argv: str) -> Mqtt:
    made = run("-m", "host", *argv).mqtt
    assert made is not None
    return made


def influx(*argv: str) -> Influx:
    made = run("-i", "http://host", "--influx-database", "data", *argv).influx
    assert made is not None
    return made


def write(text: str) -> None:
    Path("mbmd.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("key", "flags", "value", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_each_flag_is_of_a_key_and_tells_its_default(key: str, flags: str, value: str, text: str) -> None:
    section, _, name = key.partition(".")
    leaf = leaves(SECTIONS[section])[name]
    assert (leaf.option is FLAG) == (not value)
    assert leaf.option.adds_up == value.endswith("...")
    if leaf.default and name != "homeassistant":
        assert text.endswith(f"; default: {leaf.option.render(leaf.default)}")
    if "|" in value:
        assert [leaf.option.parse(word) for word in value.split("|")]
    if f"{name}_file" in SECRET_FILES:
        assert f"{key}_file" in text
        assert f"$MBMD_{section}_{name}".upper() in text
    assert FLAGS[key] in flags


def test_all_flags_of_the_original_are_there() -> None:
    flags = {flag for _, flags, _, _ in ROWS for flag in flags.split()}
    original = "-m --mqtt-broker --mqtt-topic --mqtt-user --mqtt-password --mqtt-clientid --mqtt-qos --mqtt-homie"
    database = "-i --influx-url --influx-database --influx-measurement --influx-organization --influx-token"
    assert {*original.split(), *database.split(), "--influx-user", "--influx-password"} <= flags


def test_nothing_is_sent_anywhere_unless_asked_for() -> None:
    made = run()
    assert (made.mqtt, made.influx, made.sinks) == (None, None, ())
    assert made.outbox is not None
    assert made.outbox.folder is not None


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], {"broker": "host", "topic": "mbmd", "clientid": "mbmd", "qos": 0, "homie": "homie", "homeassistant": ""}),
        (["--mqtt-topic", "", "--mqtt-homie", ""], {"topic": "", "homie": "", "payload": "plain"}),
        (["--mqtt-user", "me", "--mqtt-password", "-5"], {"user": "me", "password": "-5"}),
        (["--mqtt-clientid", "x", "--mqtt-qos", "2", "--mqtt-retain"], {"clientid": "x", "qos": 2, "retain": True}),
        (["--mqtt-homeassistant"], {"homeassistant": "homeassistant"}),
        (["--mqtt-homeassistant", "ha", "--mqtt-payload", "json"], {"homeassistant": "ha", "payload": "json"}),
        (["--mqtt-version", "5"], {"version": "5"}),
        (
            ["-m", "mqtts://h", "--mqtt-ca", "a", "--mqtt-cert", "b", "--mqtt-cert-key", "c", "--mqtt-insecure"],
            {"ca": Path("a"), "cert": Path("b"), "cert_key": Path("c"), "insecure": True},
        ),
    ],
)
def test_what_mqtt_is_given(argv: list[str], expected: dict[str, Any]) -> None:
    made = mqtt(*argv)
    assert {name: getattr(made, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], {"url": "http://host", "database": "data", "measurement": "data", "version": "auto"}),
        (["--influx-user", "me", "--influx-password", "x"], {"user": "me", "password": "x"}),
        (["--influx-organization", "o", "--influx-token", "t"], {"organization": "o", "token": "t"}),
        (["--influx-version", "3", "--influx-measurement", "m"], {"version": "3", "measurement": "m"}),
    ],
)
def test_what_the_database_is_given(argv: list[str], expected: dict[str, Any]) -> None:
    made = influx(*argv)
    assert {name: getattr(made, name) for name in expected} == expected


@pytest.mark.parametrize(("argv", "folder"), [(["--outbox", ""], None), (["--outbox", "a/b"], Path("a/b"))])
def test_where_the_outbox_is(argv: list[str], folder: Path | None) -> None:
    made = run(*argv).outbox
    assert made is not None
    assert made.folder == folder


def test_a_flag_wins_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("mqtt: {broker: file, topic: file, user: file, clientid: file}\ninflux: {url: 'http://file', database: file}")
    monkeypatch.setenv("MBMD_MQTT_TOPIC", "environment")
    monkeypatch.setenv("MBMD_MQTT_USER", "environment")
    monkeypatch.setenv("MBMD_INFLUX_URL", "http://environment")
    made = run("--mqtt-user", "flag", "--influx-database", "flag")
    assert made.mqtt is not None
    assert made.influx is not None
    told = (made.mqtt.broker, made.mqtt.topic, made.mqtt.user, made.mqtt.clientid)
    assert told == ("file", "environment", "flag", "file")
    assert (made.influx.url, made.influx.database) == ("http://environment", "flag")


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MQTT_BROKER": "ws://h", "MQTT_RETAIN": "true", "OUTBOX_FOLDER": "o"}.items():
        monkeypatch.setenv(f"MBMD_{name}", value)
    made = run()
    assert made.mqtt is not None
    assert made.outbox is not None
    assert (made.mqtt.broker, made.mqtt.retain, made.outbox.folder) == ("ws://h", True, Path("o"))


def test_a_secret_on_the_command_line_is_in_place_of_the_file_of_one() -> None:
    write("mqtt: {broker: h, user: me, password_file: no/such}\ninflux: {url: 'http://h', token_file: no, database: d}")
    made = run("--mqtt-password", "x", "--influx-token", "t")
    assert made.mqtt is not None
    assert made.influx is not None
    assert (made.mqtt.password, made.mqtt.password_file) == ("x", None)
    assert (made.influx.token, made.influx.token_file) == ("t", None)
    assert "'x'" not in repr(made)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-m", "h:x"], "--mqtt-broker: is not an address: write it as localhost:1883 or mqtts://broker:8883"),
        (["-m", "h", "--mqtt-qos", "3"], "--mqtt-qos: '3' is not a number from 0 to 2"),
        (["-m", "h", "--mqtt-topic", "a/#"], "--mqtt-topic: 'a/#' is no topic: it has no + and #"),
        (["-m", "h", "--mqtt-payload", "xml"], "--mqtt-payload: 'xml' is not one of plain, json, both"),
        (["-m", "h", "--mqtt-insecure"], "--mqtt-insecure: counts only if the broker is at mqtts:// or wss://"),
        (["-i", "http://h"], "influx.database: is missing: give the database, or the bucket of InfluxDB 2"),
        (
            ["-i", "h:8086"],
            "--influx-url: has an unknown scheme: it is one of http, https, as in http://localhost:8086",
        ),
    ],
)
def test_what_is_wrong_is_told_of_the_flag(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(*argv)
    assert str(caught.value) == message


def test_what_is_wrong_in_the_environment_is_told_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MBMD_MQTT_BROKER", "h")
    monkeypatch.setenv("MBMD_MQTT_CA", "x")
    monkeypatch.setenv("MBMD_INFLUX_URL", "http://h")
    with pytest.raises(UsageError) as caught:
        run()
    assert str(caught.value).splitlines() == [
        "MBMD_MQTT_CA: counts only if the broker is at mqtts:// or wss://",
        "influx.database: is missing: give the database, or the bucket of InfluxDB 2",
    ]


def test_commands_that_send_nothing_know_none_of_them() -> None:
    for command in ("scan", "read", "simulate", "reload"):
        text = cli.make_parser([command])
        (commands,) = (action.choices for action in text._actions if isinstance(action.choices, dict))
        assert not re.search("mqtt|influx", commands[command].format_help()), command


def test_words_to_choose_from_are_completed() -> None:
    parser = cli.make_parser(["run"])
    completers.attach(parser)
    (commands,) = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    offered = {a.dest: a.completer for a in commands["run"]._actions if hasattr(a, "completer")}
    assert offered["mqtt.payload"]("j") == ["json"]
    assert offered["influx.version"]("") == ["auto", "1", "2", "3"]
    assert {"mqtt.ca", "outbox.folder"} <= set(offered)


def test_a_user_beside_a_token_does_not_count_and_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    made = influx("--influx-token", "t", "--influx-user", "me", "--influx-password", "x")
    assert (made.token, made.user) == ("t", "me")
    assert [record.getMessage() for record in caplog.records] == ["--influx-user: does not count beside a token"]


@pytest.mark.parametrize(
    ("argv", "warning"),
    [
        (
            ["-m", "h", "--mqtt-password", "x"],
            "--mqtt-password: does not count, as it is the password of a user, and there is none: give user too",
        ),
        (
            ["-i", "http://h", "--influx-database", "d", "--influx-password", "x"],
            "--influx-password: does not count, as it is the password of a user, and there is none: give user too",
        ),
        (
            ["-m", "h", "--mqtt-clientid", ""],
            "--mqtt-clientid: is empty: mbmd counts; give each mbmd at the broker an id of its own",
        ),
    ],
)
def test_what_the_original_takes_is_taken_and_warned_of(
    argv: list[str], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = run(*argv)
    assert [record.getMessage() for record in caplog.records] == [warning]
    assert made.mqtt is None or made.mqtt.clientid == "mbmd"


def test_nothing_is_warned_of_what_is_off(caplog: pytest.LogCaptureFixture) -> None:
    run("--mqtt-password", "x", "--mqtt-clientid", "", "--mqtt-insecure", "--influx-password", "x")
    assert caplog.records == []
