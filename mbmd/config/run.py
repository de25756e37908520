"""What `mbmd run` was asked to do."""

from dataclasses import dataclass

from mbmd.config.devices import Device

DEFAULT_API = "0.0.0.0:8080"
DEFAULT_RATE = "1s"
DEFAULT_TIMEOUT = "300ms"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Devices and how they are polled and served.

    `api` is host and port of the web server, None for none; `rate` and `timeout` are seconds; `raw` logs frames.
    """

    devices: tuple[Device, ...]
    api: tuple[str, int] | None
    rate: float
    timeout: float
    raw: bool = False
