"""Addresses of clients, also of those behind reverse proxies, and the origins of pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.web.addresses import is_loopback, plain_address, site_of
from mbmd.web.origins import has_default_port, own_origin, plain_origin
from mbmd.web.proxies import Proxies

PROXIES = Proxies(("127.0.0.1", "10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("1.2.3.4", "1.2.3.4"),
        (" 1.2.3.4:80 ", "1.2.3.4"),
        ("[2001:DB8::1]:80", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("[::ffff:1.2.3.4]:80", "1.2.3.4"),
        ("unknown", None),
        ("", None),
        ("1.2.3", None),
        ("_hidden", None),
        ("[", None),
    ],
)
def test_addresses_are_written_in_many_ways(text: str, address: str | None) -> None:
    assert plain_address(text) == address


def test_one_client_has_a_whole_network_of_ipv6() -> None:
    assert site_of("2001:db8:1:2:3::4") == site_of("2001:db8:1:2:ffff::") != site_of("2001:db8:1:3::4")
    assert site_of("1.2.3.4") != site_of("1.2.3.5")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("1.2.3.4", "", "1.2.3.4"),
        ("1.2.3.4", "9.9.9.9", "1.2.3.4"),
        ("127.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("127.0.0.1", "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        ("127.0.0.1", "6.6.6.6, 9.9.9.9, 10.1.2.3", "9.9.9.9"),
        ("127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "9.9.9.9, who, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "9.9.9.9,", "127.0.0.1"),
        ("127.0.0.1", "[2001:db8::1]:1234", "2001:db8::1"),
        ("::ffff:127.0.0.1", "9.9.9.9:1", "9.9.9.9"),
        ("fd00::1", "9.9.9.9", "9.9.9.9"),
        ("", "9.9.9.9", ""),
    ],
)
def test_the_client_is_the_last_that_is_no_trusted_proxy(peer: str, forwarded: str, client: str) -> None:
    assert PROXIES.client(peer, forwarded) == client


@given(st.text(max_size=40), st.text("0123456789.,:abcdef[]% x\0", max_size=80) | st.text(max_size=80))
def test_nothing_that_is_forwarded_raises(peer: str, forwarded: str) -> None:
    for proxies in (PROXIES, Proxies(), Proxies(("0.0.0.0/0", "::/0"))):
        for address in (peer, "127.0.0.1"):
            client = proxies.client(address, forwarded)
            assert isinstance(site_of(client) if plain_address(client) else client, str)


def test_without_proxies_nobody_is_believed() -> None:
    assert not Proxies()
    assert Proxies().client("127.0.0.1", "9.9.9.9") == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.0.1", False), ("home.example", False)],
)  # fmt: skip
def test_what_only_programs_of_the_same_machine_reach(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Home.Example:443", "https://home.example"),
        ("http://home.example:8080", "http://home.example:8080"),
        ("http://[::1]:80", "http://[::1]"),
        ("null", None),
        ("", None),
        ("file://", None),
        ("https://h:99999", None),
        ("https://[::1", None),
    ],
)
def test_origins_are_compared_in_one_way_of_writing(text: str, origin: str | None) -> None:
    assert plain_origin(text) == origin


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_origin_and_no_host_raises(scheme: str, host: str) -> None:
    assert own_origin(scheme, host) is None or host.strip()
    assert has_default_port(host) in (True, False)


def test_the_port_of_https_goes_without_saying() -> None:
    assert [has_default_port(host) for host in ("h", "h:443", "[::1]", "[::1]:443")] == [True] * 4
    assert [has_default_port(host) for host in ("h:8443", "[::1]:8080", "h:4430")] == [False] * 3
