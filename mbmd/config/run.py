"""What `mbmd run` was asked to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mbmd.config.devices import Device

if TYPE_CHECKING:
    from mbmd.config.log import Log
    from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
    from mbmd.config.web import Web


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Devices and how they are polled and served.

    `api` is host and port of the web server, None for none, and `web` who may ask it, None for everyone; `rate` and
    `timeout` are seconds; `raw` logs frames, and `log` says what else is logged, None for the usual. `state` is the
    file that keeps what was learned of devices, None for none. `plausibility` lets only plausible values through.
    `mqtt` and `influx` say where readings go beside, None for nowhere; `outbox` says how they wait for that, and
    `sinks` are those of other packages. `device_dirs` are folders with device tables of the user, the first of which
    wins. `file` is the configuration file that all of this came from, None for none.
    """

    devices: tuple[Device, ...]
    api: tuple[str, int] | None
    rate: float
    timeout: float
    raw: bool = False
    log: "Log | None" = None
    state: Path | None = None
    plausibility: bool = True
    mqtt: "Mqtt | None" = None
    influx: "Influx | None" = None
    outbox: "Outbox | None" = None
    sinks: "tuple[SinkKeys, ...]" = ()
    device_dirs: tuple[Path, ...] = ()
    file: Path | None = None
    web: "Web | None" = None
