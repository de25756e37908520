"""What a read costs on its line, in seconds."""

from dataclasses import dataclass

from mbmd.config.adapter import Adapter, Framing

TURNAROUND = 0.005
"""What a meter typically takes between a request and its answer, beyond the silence."""
ROUND_TRIP = 0.001
"""What a request and its answer take on a local network."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds that each read takes beside its data, and each register in it."""

    read: float
    register: float


def silent_interval(adapter: Adapter) -> float:
    """Rest between RTU frames: 3.5 characters, 1.75 ms above 19200 baud.

    Source: MODBUS over Serial Line V1.02, section 2.5.1.1. ASCII frames need none.
    """
    if adapter.framing is not Framing.RTU:
        return 0.0
    return 0.00175 if adapter.baudrate > 19200 else 3.5 * adapter.character_seconds


def costs(adapter: Adapter) -> Costs:
    """Costs of reading registers through an adapter."""
    character = adapter.character_seconds
    if adapter.framing is Framing.RTU:
        return Costs(13 * character + 2 * silent_interval(adapter) + TURNAROUND, 2 * character)
    if adapter.framing is Framing.ASCII:
        return Costs(28 * character + TURNAROUND, 4 * character)
    return Costs(ROUND_TRIP, 0.000_001)
