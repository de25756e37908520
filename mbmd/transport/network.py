"""TCP and UDP connections to Modbus devices and gateways."""

import asyncio
import os
import socket

from mbmd.config.adapter import Adapter
from mbmd.errors import LinkError
from mbmd.transport.line import Line, Receiver
from mbmd.within import within

CONNECT_TIMEOUT = 5.0
DEAD_AFTER_MS = 10_000
"""After so long without an acknowledgement the peer is gone: it may have restarted without a word."""


class _Stream(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self.data_received = receiver.data_received  # type: ignore[method-assign]
        self.connection_lost = receiver.connection_lost  # type: ignore[method-assign]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        self._receiver.data_received(data)

    def error_received(self, exc: Exception) -> None:
        """A gateway that is not there (ICMP) shows as a timeout of the request."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.connection_lost(exc)


class _DatagramLine:
    """A connected UDP socket with the face of a stream."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self.close = transport.close

    def write(self, data: bytes) -> None:
        self._transport.sendto(data)


async def open_tcp(adapter: Adapter, receiver: Receiver) -> Line:
    """Connect by TCP, to the first address of the host that answers. Raises LinkError."""
    loop = asyncio.get_running_loop()
    try:
        async with within(CONNECT_TIMEOUT):
            transport, _ = await loop.create_connection(lambda: _Stream(receiver), adapter.host, adapter.port)
    except TimeoutError:
        raise LinkError(f"{adapter.address}: no connection within {CONNECT_TIMEOUT:.0f} s") from None
    except (OSError, UnicodeError) as error:
        raise LinkError(f"{adapter.address}: {_reason(error)}") from None
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_MS)
    return transport


async def open_udp(adapter: Adapter, receiver: Receiver) -> Line:
    """A UDP socket that hears only the adapter's address. Raises LinkError when its host is unknown."""
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(receiver), remote_addr=(adapter.host, adapter.port)
        )
    except (OSError, UnicodeError) as error:
        raise LinkError(f"{adapter.address}: {_reason(error)}") from None
    return _DatagramLine(transport)


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "this cannot be the name of a host"
    # The system's words: an event loop puts the address into its own, and a name not found has a negative errno.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
