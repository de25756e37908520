"""What configurations mean for requests."""

import base64
from typing import Any

import pytest

from mbmd.config.outputs import Influx
from mbmd.config.secret import Secret
from mbmd.errors import UsageError
from mbmd.sinks.influx.address import address_of, version_of


def influx(url: str = "http://localhost:8086", **keys: Any) -> Influx:
    return Influx(**{"url": url, "database": "my data", **keys})


@pytest.mark.parametrize(
    ("keys", "version"),
    [
        ({}, 1),
        ({"user": "me"}, 1),
        ({"token": Secret("t")}, 2),
        ({"organization": "home"}, 2),
        ({"organization": "home", "version": "1"}, 1),
        ({"version": "3", "token": Secret("t")}, 3),
    ],
)
def test_the_version_is_known_by_what_was_given(keys: dict[str, Any], version: int) -> None:
    assert version_of(influx(**keys)) == version


@pytest.mark.parametrize(
    ("config", "target"),
    [
        (influx(), "/write?db=my+data&precision=ns"),
        (influx(database="data/autogen"), "/write?db=data&rp=autogen&precision=ns"),
        (influx(organization="a&b"), "/api/v2/write?org=a%26b&bucket=my+data&precision=ns"),
        (influx(version="2", database="data/autogen"), "/api/v2/write?bucket=data%2Fautogen&precision=ns"),
        (influx(version="3"), "/api/v3/write_lp?db=my+data&precision=nanosecond"),
        (influx("http://host/influx/"), "/influx/write?db=my+data&precision=ns"),
        (influx("http://host/influx"), "/influx/write?db=my+data&precision=ns"),
        (influx("http://host:1?extra_label=a%3Db"), "/write?extra_label=a%3Db&db=my+data&precision=ns"),
    ],
)
def test_each_version_has_its_own_endpoint(config: Influx, target: str) -> None:
    assert address_of(config).target == target


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("config", "header"),
    [
        (influx(token=Secret("t0ken")), "Token t0ken"),
        (influx(token=Secret("t0ken"), version="3"), "Bearer t0ken"),
        (influx(user="mé", password=Secret("p:w")), basic("mé:p:w")),
        (influx(user="me"), basic("me:")),
        (influx("http://me:p%40w@host"), basic("me:p@w")),
        (influx("http://you:old@host", user="me", password=Secret("new")), basic("me:new")),
        (influx("http://you:old@host", token=Secret("t0ken")), "Token t0ken"),
        (influx(user="me", password=Secret("p:w"), organization="home"), "Token me:p:w"),
        (influx("http://me:p%40w@host", organization="home"), basic("me:p@w")),
        (influx(), None),
    ],
)
def test_who_writes_stands_in_a_header_and_nowhere_else(config: Influx, header: str | None) -> None:
    address = address_of(config)
    assert address.headers.get("Authorization") == header
    shown = f"{address.root} {address.name} {address.target}"
    assert not any(secret in shown for secret in ("t0ken", "p:w", "p@w", "p%40w", "old", "new"))


def test_all_that_is_secret_is_known_as_such() -> None:
    address = address_of(influx("http://me:p%40w@host?key=k3y"))
    assert {"p@w", basic("me:p@w").removeprefix("Basic "), "k3y"} <= set(address.secrets)
    assert "k3y" not in address.root + address.name
    assert address_of(influx(token=Secret("t0ken"))).secrets == ["t0ken"]


@pytest.mark.parametrize(
    ("url", "root", "name"),
    [
        ("http://me:pw@localhost:8086/influx/?a=b#c", "http://localhost:8086", "http://localhost:8086/influx"),
        ("https://[::1]:8086", "https://[::1]:8086", "https://[::1]:8086"),
    ],
)
def test_the_name_is_the_address_without_secrets(url: str, root: str, name: str) -> None:
    address = address_of(influx(url))
    assert (address.root, address.name) == (root, name)


@pytest.mark.parametrize(("gzip", "encoding"), [(True, "gzip"), (False, None)])
def test_the_header_says_whether_lines_are_compressed(gzip: bool, encoding: str | None) -> None:
    assert address_of(influx(gzip=gzip)).headers.get("Content-Encoding") == encoding


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (influx(token=Secret("s3c\nret")), "influx.token"),
        (influx(token=Secret("s3c€ret")), "influx.token"),
        (influx(user="a:b", password=Secret("s3cret")), "influx.user"),
    ],
)
def test_what_no_header_can_hold_is_refused_without_showing_it(config: Influx, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_of(config)
    assert str(caught.value).startswith(f"{key}: has a ")
    assert "s3c" not in str(caught.value)
