"""One way to open any adapter."""

from collections.abc import Awaitable, Callable

from mbmd.config.adapter import Adapter, Medium
from mbmd.transport.line import Line, Receiver

Opener = Callable[[Receiver], Awaitable[Line]]
"""Opens a line for a receiver; raises LinkError for what may pass, UsageError for what needs the user."""


def opener(adapter: Adapter) -> Opener:
    """How to open an adapter; `mock` has no line of its own and raises ValueError."""
    if adapter.medium is Medium.SERIAL:

        async def open_line(receiver: Receiver) -> Line:
            from mbmd.transport.serial import open_serial

            return open_serial(adapter, receiver)

        return open_line
    if adapter.medium is Medium.MOCK:
        raise ValueError("the mock adapter is simulated")

    async def open_network(receiver: Receiver) -> Line:
        from mbmd.transport.network import open_tcp, open_udp

        return await (open_tcp if adapter.medium is Medium.TCP else open_udp)(adapter, receiver)

    return open_network
