"""The site that the manual speaks of: who stands where, and which files are there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.manual.meters import Units

USER = "meter"
HOME = f"/home/{USER}"
CHECKOUT = f"{HOME}/checkout"
"""Where each page begins: links to all that is in the repository, so that files can be made there."""

BUSES: "Mapping[str, Units]" = MappingProxyType(
    {
        "rtu:///dev/ttyUSB0?baudrate=115200": {
            1: ["SDM", "ABB", "SUNSPEC@1000", "ACME3", "PUMPHOUSE"],
            2: ["SDM"],
            26: ["JANITZA"],
        },
        "rtu:///dev/ttyUSB1?baudrate=115200": {1: ["SDM"], 2: ["SDM"], 3: ["SDM"]},
        "tcp://192.168.0.7:502": {1: ["ABB", "FRONIUS"], 2: ["SDM"], 3: ["ABB", "SDM"], 126: ["SMA"]},
        "rtu+tcp://192.168.0.8:23": {1: ["SDM"], 4: ["ORNO3P"]},
        "tcp://192.168.0.40:502": {1: ["SUNSPEC@30000"], 126: ["SMA"]},
    }
)
"""A line is faster than its pages say, which a client does not see."""
PORTS = {"/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10KXYZ1-if00-port0": "../../ttyUSB0"}
"""Links to serial devices, as udev makes them."""

ADDRESSES = ("192.168.0.7", "192.168.0.8", "192.168.0.40")
BROKERS = ("localhost", "broker", "broker.example")
HOSTS = dict.fromkeys(("broker", "broker.example", "influx", "influx.example", "meters.example"), "127.0.0.1")
DATABASES = (8086, 8181, 8428)
"""Ports where something takes line protocol; a stand-in, for the real ones have tests of their own."""

FRESH = (
    *("/etc/mbmd", "/etc/ssl/certs", "/etc/prometheus", "/etc/systemd/system", "/etc/udev/rules.d"),
    *("/var/lib/mbmd", "/srv/meters", "/run/systemd/system", "/tmp/image"),  # noqa: S108
)
"""Folders that are there and empty."""


class Shown(NamedTuple):
    """A block of a page that its reader saves as a file; `sign` is a part that only this block has."""

    page: str
    sign: str
    file: str


SHOWN = (
    Shown("docs/contributing.md", 'type = "ACME3"', "mbmd/devices/tables/acme3.toml"),
    Shown("docs/contributing.md", 'type = "ACME3"', "~/.config/mbmd/devices/acme3.toml"),
    Shown("docs/device-tables.md", 'type = "GARAGE"', "garage.toml"),
    Shown("docs/device-tables.md", 'type = "PUMPHOUSE"', "~/.config/mbmd/devices/pumphouse.toml"),
)
"""What pages tell to save."""


class File(NamedTuple):
    """A file that a command line names and that no page shows; `name` is how it is named there."""

    name: str
    source: str
    path: str = ""


FILES = (
    File("mbmd config", "tests/manual/files/house.yaml", "mbmd.yaml"),
    File("house.yaml", "tests/manual/files/house.yaml"),
    File("/etc/mbmd.yaml", "tests/manual/files/house.yaml"),
    File("mbmd service status", "tests/manual/files/house.yaml", "/etc/mbmd.yaml"),
    File("/etc/mbmd/access.yaml", "tests/manual/files/access.yaml"),
    File("/etc/mbmd/house.yaml", "tests/manual/files/house.yaml"),
    File("inverter.json", "tests/cases/sunspec/image_main.json"),
    File("mymeter.toml", "tests/manual/files/mymeter.toml"),
    File("~/.config/mbmd/devices/*.toml", "tests/manual/files/mymeter.toml", "~/.config/mbmd/devices/mymeter.toml"),
    File("/etc/mbmd/devices/*.toml", "tests/manual/files/mymeter.toml", "/etc/mbmd/devices/mymeter.toml"),
    File("password.txt", "tests/manual/files/password.txt"),
    File("SHA256SUMS", "tests/manual/files/SHA256SUMS"),
    File("wheels/dist/SHA256SUMS", "tests/manual/files/SHA256SUMS"),
    File("SHA256SUMS", "tests/manual/files/password.txt", "password.txt"),
)
"""They are there from the beginning, where something names them."""

DAEMON = "mbmd run -a /dev/ttyUSB0 -d sdm:1,sdm:2"
"""Who answers at port 8080 when nothing that a page has started does."""
PUBLISHER = f"{DAEMON} -m localhost:1883"
"""The same, where somebody listens to the broker."""
DAEMONS: Mapping[str, str] = MappingProxyType(
    {
        "docs/access.md": "mbmd run -c /etc/mbmd/access.yaml",
        "docs/commands.md: mbmd passwd": "mbmd run -c /etc/mbmd/access.yaml",
        "docs/commands.md: mbmd reload": "mbmd run -c /etc/mbmd.yaml",
    }
)
"""Who does it in some scenarios."""

BEFORE: Mapping[str, str] = MappingProxyType({"docs/commands.md: mbmd service status": "mbmd service install"})
"""What is done before the lines of some scenarios, as their reader has done."""

SCAN_TIMEOUT = "20ms"
"""Time to answer of `mbmd scan`, in place of 200ms: the simulated meters need less, and silent units are many."""

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {"NO_COLOR": "1", "TERM": "dumb", "LANG": "C.UTF-8", "USER": USER, "HOME": HOME, "XDG_RUNTIME_DIR": "/run/user"}
)
CURL = "silent\nshow-error\nfail\n"
"""Settings of curl: an answer that is none makes it fail."""
