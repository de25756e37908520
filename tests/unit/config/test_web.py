"""The section of the web server."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.model import leaves
from mbmd.config.passwords import Cost, hash_password, hash_token
from mbmd.config.web import Login, Web
from mbmd.errors import UsageError

KEYS = leaves(Web)
PASSWORD = str(hash_password("correct horse", Cost(2, 1, 1)))


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://home.example", ("https://home.example",)),
        ("HTTPS://Home.Example:443", ("https://home.example",)),
        ("http://home.example:443 http://h:80", ("http://home.example:443", "http://h")),
        ("http://[::1]:8123", ("http://[::1]:8123",)),
    ],
)
def test_origins_are_written_as_browsers_write_them(text: str, origins: tuple[str, ...]) -> None:
    assert KEYS["origins"].option.parse(text) == origins


@pytest.mark.parametrize(
    "text",
    ["*", "null", "home.example", "https://", "https://a/", "https://a?b", "https://a#b", "https://a:b", "https://a:0x1",
     "https://a:99999", "ws://a", "https://a@b", "https://*.b", "https://a;b", "https://[::1", "//a", "https://ä.example"],
)  # fmt: skip
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(UsageError, match="is no origin of pages"):
        KEYS["origins"].option.parse(text)


def test_proxies_are_addresses_or_networks() -> None:
    parse = KEYS["proxies"].option.parse
    assert parse("127.0.0.1 192.168.0.7/24 ::1 fd00::/8") == ("127.0.0.1", "192.168.0.0/24", "::1", "fd00::/8")
    for text in ("localhost", "1.2.3", "1.2.3.4/33", "127.0.0.1:80", "::1%eth0/64"):
        with pytest.raises(UsageError, match="is no address or network"):
            parse(text)


def test_logins_are_several_and_do_not_show_their_hashes() -> None:
    users = KEYS["users"].option.parse(f"alice={PASSWORD} bob={PASSWORD}")
    assert users == (Login("alice", PASSWORD), Login("bob", PASSWORD))  # type: ignore[arg-type]
    assert "scrypt" not in repr(users) + KEYS["users"].option.render(users)
    (token,) = KEYS["tokens"].option.parse(f"grafana={hash_token('secret')}")
    assert token.name == "grafana"


@given(st.text(max_size=60).map(lambda text: f"alice=secret{text}"))
def test_what_may_be_a_password_is_never_told(text: str) -> None:
    for key in ("users", "tokens"):
        with pytest.raises(UsageError) as caught:
            KEYS[key].option.parse(text)
        assert "secret" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_a_usage_error(text: str) -> None:
    for key in ("users", "tokens", "origins", "proxies"):
        with suppress(UsageError):
            value = KEYS[key].option.parse(text)
            assert "$" not in KEYS[key].option.render(value)
