"""Texts of single keys: brokers, templates of topics, dead bands, settings of sinks."""

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mbmd.config import texts
from mbmd.config.broker import SCHEMES, BrokerAddress, parse_broker
from mbmd.config.given import MASK
from mbmd.config.options import Option
from mbmd.config.secret import Secret
from mbmd.config.texts import BROKER, DEAD_BANDS, SETTINGS, DeadBand, Setting
from mbmd.config.topics import DEVICE_FIELDS, FIELDS, fill, parse_template
from mbmd.errors import UsageError

ANY = st.text(max_size=30)
LIKELY = st.text(alphabet="{}{}:!#+/%=.*@[]aA1 \\\u00e4\n", max_size=15)


@pytest.mark.parametrize(
    ("text", "host", "port", "encrypted", "websocket", "path"),
    [
        ("localhost", "localhost", 1883, False, False, "/mqtt"),
        ("localhost:1884", "localhost", 1884, False, False, "/mqtt"),
        ("[::1]", "::1", 1883, False, False, "/mqtt"),
        ("tcp://[::1]:1884", "::1", 1884, False, False, "/mqtt"),
        ("mqtt://h", "h", 1883, False, False, "/mqtt"),
        ("mqtts://h", "h", 8883, True, False, "/mqtt"),
        ("ssl://h:1", "h", 1, True, False, "/mqtt"),
        ("tls://h", "h", 8883, True, False, "/mqtt"),
        ("ws://h", "h", 80, False, True, "/mqtt"),
        ("ws://h/", "h", 80, False, True, "/"),
        ("wss://h/a/b?c=d", "h", 443, True, True, "/a/b?c=d"),
        ("MQTTS://Broker.Example", "broker.example", 8883, True, False, "/mqtt"),
    ],
)
def test_where_a_broker_is(text: str, host: str, port: int, encrypted: bool, websocket: bool, path: str) -> None:
    assert BROKER.parse(text) == text
    assert parse_broker(text) == BrokerAddress(host, port, encrypted, websocket, path, "", Secret())


@pytest.mark.parametrize(
    ("text", "user", "password"),
    [
        ("mqtt://me@h", "me", ""),
        ("me:pw@h:1", "me", "pw"),
        ("mqtts://me:p%40%2F%3a%25w@h", "me", "p@/:%w"),
        ("mqtts://me:p@w@h", "me", "p@w"),
        ("ws://%C3%BC:%C3%9F@h/x", "ü", "ß"),
    ],
)
def test_who_a_broker_is_told_that_comes(text: str, user: str, password: str) -> None:
    address = parse_broker(BROKER.parse(text))
    assert (address.user, str(address.password), address.host) == (user, password, "h")
    assert isinstance(address.password, Secret)
    assert not password or repr(password) not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "h:x",
        "h:0",
        "h:65536",
        "::1",
        "[::1",
        ":1883",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://me:tr0ub4dor@",
        "http://h",
        "mqtt:h",
        "h h",
        "mqtt://h/\n",
        "mqtt://me:tr0ub4dor@h:port",
        " ",
    ],
)
def test_what_is_no_broker(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        BROKER.parse(text)
    assert "tr0ub4dor" not in str(caught.value)


@given(ANY | st.builds("{}://{}@{}:{}".format, st.sampled_from(SCHEMES), ANY, ANY, st.integers(0, 70_000)))
def test_whatever_is_given_is_a_broker_or_refused(text: str) -> None:
    try:
        assert BROKER.parse(text) == text
    except UsageError:
        return
    assume(text)
    address = parse_broker(text)
    assert address.host
    assert 0 < address.port < 65536
    assert address.path.startswith("/")
    assert address.websocket == text.lower().startswith(("ws://", "wss://"))


@given(st.sampled_from(SCHEMES), st.text(string.ascii_letters, min_size=1), st.integers(1, 65535), ANY, ANY)
def test_user_and_password_arrive_whatever_is_in_them(
    scheme: str, host: str, port: int, user: str, password: str
) -> None:
    from urllib.parse import quote

    address = parse_broker(BROKER.parse(f"{scheme}://{quote(user, '')}:{quote(password, '')}@{host}:{port}"))
    assert (address.host, address.port, address.user, address.password) == (host.lower(), port, user, password)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a/{device}", "needs {measurement}"),
        ("a/{measurement}", "needs {device}, or all devices would have one topic"),
        ("{device}/{measurement", "has a brace without its other one"),
        ("{device}/{measurement}}", "has a brace without its other one"),
        ("{device}/{Measurement}", "has a field that is none of {root}, {device}"),
        ("{device!r}/{measurement}", "has a field that is none of"),
        ("{device:>9}/{measurement}", "has a field that is none of"),
        ("{}/{measurement}", "has a field that is none of"),
        ("{device.name}/{measurement}", "has a field that is none of"),
        ("{device}/{measurement}/#", "has no + and #"),
        ("", "needs {measurement}"),
    ],
)
def test_what_is_no_template(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("+", r"\+").replace("{", r"\{")):
        texts.template("measurement").parse(text)


@pytest.mark.parametrize("field", DEVICE_FIELDS)
def test_any_field_that_tells_devices_apart_will_do(field: str) -> None:
    text = f"{{{field}}}/{{measurement}}"
    assert texts.template("measurement").parse(text) == text


VALUES = dict.fromkeys(FIELDS, "x")
PARTS = st.sampled_from([f"{{{field}}}" for field in FIELDS]) | LIKELY


@given(LIKELY | st.lists(PARTS, max_size=6).map("/".join))
def test_a_template_that_was_taken_can_be_filled(text: str) -> None:
    try:
        template = parse_template(text, ())
    except UsageError:
        return
    filled = fill(template, VALUES)
    assert "{root}" not in filled
    assert fill(template, VALUES | dict.fromkeys(DEVICE_FIELDS, "y")) != filled


@pytest.mark.parametrize(
    ("text", "bands"),
    [
        ("Power*=5", (DeadBand("Power*", 5.0),)),
        ("Voltage*=1% Power=.5", (DeadBand("Voltage*", share=0.01), DeadBand("Power", 0.5))),
        ("*=0", (DeadBand("*"),)),
        ("*=0%", (DeadBand("*"),)),
        ("", ()),
    ],
)
def test_dead_bands(text: str, bands: tuple[DeadBand, ...]) -> None:
    assert DEAD_BANDS.parse(text) == bands


@pytest.mark.parametrize("text", ["Power", "=5", "Power=", "Power=-1", "Power=1e3", "Power=5 %", "Power=nan", "a==5"])
def test_what_is_no_dead_band(text: str) -> None:
    with pytest.raises(UsageError, match="is not a pattern with a number or percentage"):
        DEAD_BANDS.parse(text)


def _survives(option: Option, text: str) -> Any:
    """What a text means, and that what is shown of it means the same."""
    value = option.parse(text)
    shown = option.render(value).split(", ") if value else []
    assert tuple(part for word in shown for part in option.parse(word)) == value
    return value


@given(
    LIKELY
    | st.builds(
        "{}={}{}".format,
        st.from_regex(r"[A-Za-z*]+", fullmatch=True),
        st.decimals(0, 10**9, places=3),
        st.sampled_from(["", "%"]),
    )
)
def test_a_dead_band_that_was_taken_is_shown_as_it_is_read(text: str) -> None:
    try:
        bands = _survives(DEAD_BANDS, text)
    except UsageError:
        return
    for band in bands:
        assert band.width >= 0
        assert band.share >= 0
        assert not (band.width and band.share)


def test_settings_of_a_sink_have_any_value_and_show_no_secrets() -> None:
    settings = SETTINGS.parse("file=a=b c") + SETTINGS.parse("Password=tr0ub4dor") + SETTINGS.parse("empty=")
    assert settings == (Setting("file", "a=b c"), Setting("Password", "tr0ub4dor"), Setting("empty", ""))
    assert SETTINGS.render(settings) == f"file=a=b c, Password={MASK}, empty="
    assert "tr0ub4dor" not in repr(settings)
    assert "tr0ub4dor" in dict(settings).values()


@pytest.mark.parametrize("text", ["tr0ub4dor", "=tr0ub4dor", "\t=tr0ub4dor"])
def test_what_is_no_setting_is_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        SETTINGS.parse(text)
    assert "tr0ub4dor" not in str(caught.value)


def test_an_empty_place_is_none() -> None:
    assert texts.PLACE.parse("") is None
    assert texts.PLACE.parse("a") == Path("a")
    with pytest.raises(UsageError, match="a path"):
        texts.PATH.parse("")
