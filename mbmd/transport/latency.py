"""The time for which a USB serial adapter holds received bytes back."""

import os
from pathlib import Path


def latency_timer(path: str, sys_root: Path = Path("/sys")) -> int | None:
    """Milliseconds of a serial device's timer, None if it has none; `path` may be a link to the device.

    Drivers that know low latency mode, which `open_serial` asks for, say 1 while the device is open: ask then.
    """
    name = _name(path)
    for timer in (f"bus/usb-serial/devices/{name}/latency_timer", f"class/tty/{name}/device/latency_timer"):
        try:
            return int((sys_root / timer).read_bytes())
        except (OSError, ValueError):
            continue
    return None


def advice(path: str, milliseconds: int) -> str:
    """One line: what a timer of so many milliseconds costs, and how to lower it, now and for good."""
    return (
        f"the adapter holds each answer back for up to {milliseconds} ms (its latency timer), time in which "
        f"the bus could work: run 'echo 1 | sudo tee /sys/bus/usb-serial/devices/{_name(path)}/latency_timer'; "
        'the line ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1" '
        "in /etc/udev/rules.d/99-latency.rules keeps it so"
    )


def _name(path: str) -> str:
    return Path(os.path.realpath(path)).name
