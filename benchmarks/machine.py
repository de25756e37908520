"""What the figures depend on: the machine, the versions of what runs on it, and the commit."""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

from mbmd import __version__
from mbmd.cli.version import LIBRARIES

ROOT = Path(__file__).parents[1]
BUSY = 0.3
"""Load of a core from which on figures suffer."""

_RIVALS = ("fastcrc", "matplotlib", "pyperf")
_COMPILER = re.compile(rb"GCC: \([^)\n]*\) [0-9.]+|clang version [0-9.]+")


class Machine(Struct, frozen=True):
    """A machine; `load` is how many processes wanted a core in the minute before."""

    model: str
    cores: int
    architecture: str
    memory_mib: int
    os: str
    kernel: str
    governor: str
    load: float


def this_machine() -> Machine:
    """The machine at hand, as far as it tells; `unknown` is what it does not."""
    system = os.uname()
    tree, cpu = _read("/proc/device-tree/model"), _read("/proc/cpuinfo")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        model=model(tree, cpu),
        cores=os.cpu_count() or 1,
        architecture=f"{system.machine}, {sys.maxsize.bit_length() + 1} bit",
        memory_mib=pages >> 20,
        os=_os(),
        kernel=f"{system.sysname} {system.release}",
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or "unknown",
        load=round(os.getloadavg()[0], 2),
    )


def model(tree: str, cpu: str) -> str:
    """The board, as the device tree calls it, or else the CPU, as /proc/cpuinfo does."""
    if board := tree.strip("\0\n "):
        return board
    found = dict(re.findall(r"^([^\t:]+?)\s*:\s*(\S.*)$", cpu, re.MULTILINE))
    return next((found[key] for key in ("Model", "model name", "Hardware", "cpu model") if key in found), "unknown")


def is_busy(machine: Machine) -> bool:
    """Whether so much else goes on that figures suffer."""
    return machine.load > BUSY * machine.cores


def versions() -> dict[str, str]:
    """What runs: mbmd, Python, the compiler of the native core, and the libraries that are installed."""
    facts = {"mbmd": __version__, "python": f"{platform.python_implementation()} {platform.python_version()}"}
    facts |= _native_core()
    for name in (*LIBRARIES, *_RIVALS):
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            continue
    return facts


def commit(root: Path = ROOT) -> str | None:
    """The commit of a checkout, with `-dirty` if files of it were changed; None if there is no checkout, or no git."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _native_core() -> dict[str, str]:
    """How the native core was built, as the file says."""
    from mbmd._native import crc

    path = Path(crc.__file__)
    compiler = _COMPILER.search(path.read_bytes())
    return {"native core": path.name, "compiler": compiler[0].decode() if compiler else "unknown"}


def _os() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
