"""What every request of a device is sent with: the rest before it, and a second time on a line that was closed."""

from typing import TYPE_CHECKING

from mbmd._native.decode import Program
from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.unit_pause import LONGEST
from mbmd.errors import LinkError, UsageError
from mbmd.protocol.pdu import Request

if TYPE_CHECKING:
    from array import array


def rest(client: Client, meter: Meter, was_heard: bool) -> float:
    """Seconds of rest before a request; for a renewed probe on a serial line so many that any device listens.

    Who misses what follows another unit's answer too soon would else never be heard of on a busy line.
    """
    if meter.probes > 1 and not was_heard and client.adapter.is_serial_line:
        return max(meter.settings.pause, LONGEST)
    return meter.settings.pause


async def resend(
    client: Client,
    meter: Meter,
    lost: LinkError,
    request: Request,
    program: Program | None,
    column: "array[float] | None",
    pause: float,
) -> None:
    """Connect again and ask once more, as some gateways close their connection after each answer.

    Raises what `Client.transact` raises, and LinkError where the line cannot be opened.
    """
    readings = meter.readings
    if lost.asked:
        readings.requests += 1
        readings.errors += 1
        readings.health.errors[lost.kind] += 1
    try:
        await client.connect()
    except UsageError as error:  # only at the start does it end the daemon
        raise LinkError(str(error)) from None
    await client.transact(meter.unit, request, program, column, patience=meter.settings.timeout, pause=pause)
