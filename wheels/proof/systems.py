"""Systems on which wheels are proved: what they are called by Python, by Debian and by the kernel."""

import platform
import shutil
from dataclasses import dataclass

from mbmd.errors import UsageError

SUITES = {"3.11": "bookworm", "3.13": "trixie"}
"""Debian's release with each Python, for other platforms than this machine's."""
QUICK = "3.13"
"""The only one of them in a quick proof."""


@dataclass(frozen=True)
class Machine:
    """A platform: Debian's architecture, and how the kernel tells its programs: ELF class and machine.

    `cpu` is what is emulated: that of a Raspberry Pi 4, which also spares the costly emulation of pointer
    authentication, and one without NEON, which armv7 does not promise.
    """

    architecture: str
    bits: int
    elf_machine: int
    cpu: str


MACHINES = {
    "x86_64": Machine("amd64", 64, 62, "max"),
    "aarch64": Machine("arm64", 64, 183, "cortex-a72"),
    "armv7l": Machine("armhf", 32, 40, "cortex-a7,neon=off"),
}


def is_native(platform_name: str) -> bool:
    """Whether this machine runs programs of the platform by itself."""
    return platform.machine() == platform_name


def emulator(platform_name: str) -> str | None:
    """Path of the program that emulates the platform; None if it is not installed."""
    name = {"armv7l": "arm"}.get(platform_name, platform_name)
    return shutil.which(f"qemu-{name}-static")


def demand_emulators(platforms: list[str]) -> None:
    """Raise UsageError if a platform can be neither run nor emulated here."""
    if missing := [name for name in platforms if not is_native(name) and emulator(name) is None]:
        raise UsageError(f"nothing here runs programs of {', '.join(missing)}: apt-get install qemu-user-static")


def binfmt_rule(platform_name: str, interpreter: str) -> bytes:
    """What the kernel is told so that it runs the platform's programs by an interpreter.

    The interpreter is opened now (F), so that it need not be in a changed root, and sees the name by which a program
    was called (P), by which Python finds its virtual environment.
    """
    machine = MACHINES[platform_name]
    magic = b"\x7fELF" + bytes([machine.bits // 32, 1, 1, *bytes(9), 2, 0, machine.elf_machine, 0])
    mask = b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe\xff\xff\xff"  # any ABI; programs at any address too
    fields = (f"mbmd-{platform_name}".encode(), b"M", b"", _escaped(magic), _escaped(mask), interpreter.encode(), b"FP")
    return b":" + b":".join(fields)


def _escaped(data: bytes) -> bytes:
    return "".join(f"\\x{byte:02x}" for byte in data).encode()
