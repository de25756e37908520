"""The health of a bus as one line of the log."""

from collections.abc import Sequence

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth


def report(bus: BusHealth, devices: Sequence[DeviceReadings], now: float) -> str:
    """What an installer wants to know of a bus; troubles only where there are some."""
    live = [device for device in devices if device.online]
    parts = [f"{len(live)} of {len(devices)} devices online", f"load {bus.load(now):.0%}"]
    if (median := bus.round_trip(0.5)) is not None and (high := bus.round_trip(0.95)) is not None:
        parts.append(f"round trip {_ms(median)} (95%: {_ms(high)})")
    parts.append(f"round {_ms(sum(device.health.took for device in live))}")
    if (missed := max((device.health.missed for device in live), default=0.0)) > _tolerated(live):
        parts.append(f"polls {_ms(missed)} later than asked")
    troubles = {
        "timeouts": bus.timeouts,
        "checksum errors": bus.damaged,
        "stale answers": bus.stale,
        "echoes": bus.echoes,
        "reconnects": bus.reconnects,
    }
    parts += [f"{name} {count}" for name, count in troubles.items() if count]
    parts.append(f"of {bus.requests} requests")
    if missing := [device.id for device in devices if not device.online]:
        parts.append(f"offline: {', '.join(missing)}")
    return f"{bus.address}: {', '.join(parts)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def _tolerated(devices: Sequence[DeviceReadings]) -> float:
    """Lateness that is not worth a word: a tenth of the rate asked for."""
    return max((device.health.rate / 10 for device in devices if device.health.rate), default=float("inf"))
