"""The files that a daemon may have open: each connection is one."""

import resource

from mbmd.config.adapter import Medium
from mbmd.config.run import RunConfig
from mbmd.errors import UsageError

OTHERS = 64
"""Files for all but devices: what the interpreter has, the web server with some clients, sinks, and files proper."""
LEAST = 4096
"""Files that are advised at the least, so that there are some for clients too."""

_EACH = {Medium.SERIAL: 2, Medium.TCP: 1, Medium.UDP: 1, Medium.MOCK: 0}
"""Files of a bus; a serial line has a timer besides."""


def allow_files(config: RunConfig) -> None:
    """Have as many files as the system allows this process; what shells give it is meant for less.

    Raises UsageError if that is too few for the buses of a configuration.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # more than the system has at all
            hard = soft
    needed = needed_files(config)
    if hard != resource.RLIM_INFINITY and needed > hard:
        wanted = max(2 * needed, LEAST)
        raise UsageError(
            f"{needed - OTHERS} files for the connections of this configuration and {OTHERS} others are {needed}, and "
            f"this process may have {hard} open: allow it more, by LimitNOFILE={wanted} in its systemd unit, "
            f"--ulimit nofile={wanted} of its container, or ulimit -n {wanted} before its start"
        )


def needed_files(config: RunConfig) -> int:
    """How many files a configuration takes, at the least."""
    buses = {device.spec.adapter.address: device.spec.adapter for device in config.devices}
    mqtt = config.mqtt
    wills = len(config.devices) if mqtt is not None and mqtt.homie and mqtt.homie_wills else 0
    return sum(_EACH[adapter.medium] for adapter in buses.values()) + wills + OTHERS
