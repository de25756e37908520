"""Adapters: where a bus is and how it is spoken to, written plainly or as a URL."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mbmd.config.defaults import BAUDRATE, COMSETS
from mbmd.config.options import (
    DEVICE_OPTIONS,
    DURATION,
    FLAG,
    NO_OPTIONS,
    DeviceOptions,
    Option,
    number,
    parse_option,
    parse_query,
    render_query,
)
from mbmd.config.values import did_you_mean, join_host_port, split_host_port
from mbmd.errors import UsageError

_HOST = re.compile(r"\[[^\[\]]+\]|[^:\[\]]*")
_IP_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}|\[.*\]")
DEFAULT_PORT = 502
MOCK = "mock"


class Medium(StrEnum):
    """What carries the bytes."""

    SERIAL = "serial"
    TCP = "tcp"
    UDP = "udp"
    MOCK = "mock"


class Framing(StrEnum):
    """How a PDU is wrapped: MODBUS over serial line (RTU, ASCII) or Modbus TCP (MBAP)."""

    RTU = "rtu"
    ASCII = "ascii"
    MBAP = "mbap"


@dataclass(frozen=True, slots=True)
class Adapter:
    """One bus. Devices with the same `address` share it and its one connection.

    `address` is what users know it by: the path, or host:port. `id` is its number in the ids of its devices, None
    for one that is counted. `baudrate` and `comset` count for
    serial lines and for the serial line behind an RTU or ASCII gateway. `unit_pause` and `connect_delay`
    are seconds of rest, before another unit is asked and after connecting. `close`: TCP only, close the
    connection after each poll of a device. `transaction_ids`: false for a Modbus TCP gateway that does not
    echo them. `options` count for all devices on the bus.
    """

    medium: Medium
    framing: Framing
    address: str
    host: str = ""
    port: int = 0
    baudrate: int = BAUDRATE
    comset: str = "8N1"
    rs485: bool = False
    unit_pause: float = 0.0
    connect_delay: float = 0.0
    close: bool = False
    transaction_ids: bool = True
    id: int | None = None
    options: DeviceOptions = NO_OPTIONS

    def __str__(self) -> str:
        """The adapter as a URL, which `parse_adapter` reads back."""
        scheme = next(scheme for scheme, kind in _SCHEMES.items() if kind == (self.medium, self.framing))
        plain = Adapter(self.medium, self.framing, self.address)
        if not self.is_serial_line:
            plain = replace(plain, baudrate=self.baudrate, comset=self.comset)
        query = "&".join(filter(None, (render_query(self, plain, ADAPTER_OPTIONS), str(self.options))))
        if self.medium is Medium.MOCK:
            return f"{scheme}://?{query}" if query else self.address
        place = self.address if self.medium is Medium.SERIAL else join_host_port(self.host, self.port)
        return f"{scheme}://{place}" + (f"?{query}" if query else "")

    @property
    def is_serial_line(self) -> bool:
        """The frames run over a serial line in the end, here or behind a gateway."""
        return self.framing is not Framing.MBAP

    @property
    def character_seconds(self) -> float:
        """Time of one character on the serial line: start, 8 data, parity and stop bits."""
        parity, stop = self.comset[1], int(self.comset[2])
        return (9 + (parity != "N") + stop) / self.baudrate

    @property
    def units(self) -> range:
        """Unit ids that may stand on this bus; 0 is a broadcast on a serial line."""
        return range(1, 248) if self.is_serial_line else range(256)

    def check_unit(self, unit: int) -> None:
        """Raise UsageError for a unit id that cannot stand on this bus."""
        if unit not in self.units:
            raise UsageError(f"unit {unit} is outside {self.units[0]} to {self.units[-1]} on {self.address}")


_SCHEMES = {
    "rtu": (Medium.SERIAL, Framing.RTU),
    "ascii": (Medium.SERIAL, Framing.ASCII),
    "tcp": (Medium.TCP, Framing.MBAP),
    "rtu+tcp": (Medium.TCP, Framing.RTU),
    "ascii+tcp": (Medium.TCP, Framing.ASCII),
    "rtu+udp": (Medium.UDP, Framing.RTU),
    MOCK: (Medium.MOCK, Framing.MBAP),
}


def _comset(text: str) -> str:
    if text.upper() not in COMSETS:
        raise UsageError(f"{text!r} is not one of {', '.join(COMSETS)}")
    return text.upper()


ADAPTER_OPTIONS: Mapping[str, Option] = {
    "id": number(1, 9999),
    "baudrate": number(300, 4_000_000),
    "comset": Option(_comset, str, schema={"enum": list(COMSETS)}),
    "rs485": FLAG,
    "unit_pause": DURATION,
    "connect_delay": DURATION,
    "close": FLAG,
    "transaction_ids": FLAG,
}
"""What only an adapter may be given, beside what counts for all its devices."""

_ONLY_FOR: Mapping[str, tuple[str, Callable[[Adapter], bool]]] = {
    "rs485": ("serial devices", lambda adapter: adapter.medium is Medium.SERIAL),
    "close": ("TCP connections", lambda adapter: adapter.medium is Medium.TCP),
    "transaction_ids": ("Modbus TCP (tcp://)", lambda adapter: adapter.framing is Framing.MBAP),
}


def check_line(baudrate: int, comset: str) -> tuple[int, str]:
    """The serial settings, checked; UsageError names what is wrong."""
    return parse_option("baudrate", str(baudrate), ADAPTER_OPTIONS), parse_option("comset", comset, ADAPTER_OPTIONS)


def parse_adapter(text: str, baudrate: int = BAUDRATE, comset: str = "8N1", rtu: bool = False) -> Adapter:
    """The adapter that a text names.

    Plain forms: a path is a serial device with the given `baudrate` and `comset`; text ending in
    `:<port>` is Modbus TCP, or RTU over TCP with `rtu`; `mock` is simulated. A URL says all by itself.
    """
    baudrate, comset = check_line(baudrate, comset)
    if not text:
        raise UsageError("the adapter is empty: give a serial device, host:port or a URL")
    if not text.isprintable():
        raise UsageError(f"adapter {text!r} has a character that cannot be printed")
    if text == MOCK:
        return Adapter(Medium.MOCK, Framing.MBAP, text)
    if "://" in text:
        return _parse_url(text, baudrate, comset)
    if "?" in text:
        url = "rtu:///dev/ttyUSB0?pause=10ms"
        raise UsageError(f"adapter {text!r}: only a URL has options, as in {url}; those of a device stand before its @")
    if "/" not in text and (network := split_host_port(text)):
        host, port = network
        framing = Framing.RTU if rtu else Framing.MBAP
        return _network(Medium.TCP, framing, host, port, text, baudrate, comset)
    if _IP_ADDRESS.fullmatch(text):
        raise UsageError(f"adapter {text!r} has no port: write {text}:{DEFAULT_PORT}")
    return Adapter(Medium.SERIAL, Framing.RTU, text, baudrate=baudrate, comset=comset)


def _network(medium: Medium, framing: Framing, host: str, port: int, text: str, baudrate: int, comset: str) -> Adapter:
    if not host:
        raise UsageError(f"adapter {text!r} names no host: write host:{port}")
    return Adapter(medium, framing, join_host_port(host, port), host, port, baudrate, comset)


def _parse_url(text: str, baudrate: int, comset: str) -> Adapter:
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"adapter {text!r} is not a URL: {error}") from None
    if url.scheme not in _SCHEMES:
        raise UsageError(f"adapter {text!r} has unknown scheme '{url.scheme}'{did_you_mean(url.scheme, _SCHEMES)}")
    medium, framing = _SCHEMES[url.scheme]
    if medium is Medium.MOCK:
        if url.netloc or url.path or url.fragment:
            raise UsageError(f"adapter {text!r}: write mock, or mock://?rate=1s with options")
        adapter = Adapter(medium, framing, MOCK)
    elif medium is Medium.SERIAL:
        if url.netloc or url.fragment or len(url.path) < 2:
            raise UsageError(f"adapter {text!r} names no device: write {url.scheme}:///dev/ttyUSB0")
        adapter = Adapter(medium, framing, url.path, baudrate=baudrate, comset=comset)
    else:
        host, port = _host_and_port(url, text)
        adapter = _network(medium, framing, host, port, text, baudrate, comset)
    return _with_options(adapter, text, url.query)


def _host_and_port(url: SplitResult, text: str) -> tuple[str, int]:
    wrong = UsageError(f"adapter {text!r}: write {url.scheme}://host:port")
    if url.path not in ("", "/") or url.fragment or "@" in url.netloc:
        raise wrong
    address = split_host_port(url.netloc)
    if address is None and _HOST.fullmatch(url.netloc):
        address = url.netloc.strip("[]"), DEFAULT_PORT
    if address is None:
        raise wrong
    return address


def _with_options(adapter: Adapter, text: str, query: str) -> Adapter:
    owner = f"adapter {text!r}"
    values = parse_query(query, {**ADAPTER_OPTIONS, **DEVICE_OPTIONS}, owner)
    for key, complaint in misplaced(adapter, values):
        raise UsageError(f"{owner}: {key} {complaint}")
    return with_options(adapter, values)


def misplaced(adapter: Adapter, keys: Container[str]) -> Iterator[tuple[str, str]]:
    """Those of the options that mean nothing on this adapter, and what is wrong with them."""
    for key, (place, fits) in _ONLY_FOR.items():
        if key in keys and not fits(adapter):
            yield key, f"is only for {place}: remove it"


def with_options(adapter: Adapter, values: Mapping[str, Any]) -> Adapter:
    """The adapter with values of ADAPTER_OPTIONS and DEVICE_OPTIONS beside those that it has."""
    own = {key: value for key, value in values.items() if key in ADAPTER_OPTIONS}
    shared = {key: value for key, value in values.items() if key in DEVICE_OPTIONS}
    return replace(adapter, **own, options=replace(adapter.options, **shared))
