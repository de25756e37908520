"""Run a command in a tree of another platform: `python -m wheels.proof.enter PLATFORM EMULATOR TREE WORK COMMAND...`.

This is what runs inside of new namespaces of user, mounts, network and processes (see `entering`): its mounts, its
way to run foreign programs and its loopback are its own, and gone with it. It needs no privilege outside.
"""

import errno
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from wheels.proof.systems import MACHINES, binfmt_rule

SET_FLAGS, UP_RUNNING = 0x8914, 0x41
BINFMT = Path("/proc/sys/fs/binfmt_misc")
WORK = "/work"
"""Where commands run, in the tree."""
CANNOT_ENTER = 125
"""Exit code when the command could not be run."""
ENVIRONMENT = {
    "PATH": "/work/venv/bin:/usr/local/bin:/usr/bin:/bin",
    "HOME": "/work/home",
    "LANG": "C.UTF-8",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def entering(platform: str, emulator: str, tree: Path, work: Path, command: list[str]) -> list[str]:
    """The command line that runs `command` in the tree, in /work, which is the folder `work`."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    inside = [sys.executable, "-m", "wheels.proof.enter", platform, emulator, str(tree), str(work)]
    return [*unshare, *inside, *command]


def main() -> int:
    """Enter, run the command, and end as it does.

    The command is not the first process here, for that one is not ended by signals: a crash would not end it.
    """
    platform, emulator, tree, work, *command = sys.argv[1:]
    try:
        _prepare(platform, emulator, Path(tree), Path(work))
        os.chroot(tree)
        environment = ENVIRONMENT | {"QEMU_CPU": MACHINES[platform].cpu}
        code = subprocess.run(command, cwd=WORK, env=environment, check=False).returncode  # noqa: S603
    except OSError as error:
        print(advice(error, platform), file=sys.stderr)
        return CANNOT_ENTER
    except subprocess.CalledProcessError as error:
        print(f"{error}: {error.stderr.strip()}", file=sys.stderr)
        return CANNOT_ENTER
    return code if code >= 0 else _killed(-code)


def _killed(number: int) -> int:
    """What a shell makes of a program that a signal ended."""
    print(f"ended by {signal.Signals(number).name}", file=sys.stderr)
    return 128 + number


def _prepare(platform: str, emulator: str, tree: Path, work: Path) -> None:
    _teach(platform, emulator)
    _mount("-t", "proc", "proc", str(tree / "proc"))
    _mount("--rbind", "/dev", str(tree / "dev"))
    _mount("--bind", str(work), str(tree / "work"))
    (work / "home").mkdir(exist_ok=True)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh14x", b"lo", UP_RUNNING))


def _teach(platform: str, emulator: str) -> None:
    """Have the kernel run the platform's programs here; kernels before 6.7 only know what the machine taught them."""
    try:
        _mount("-t", "binfmt_misc", "binfmt_misc", str(BINFMT))
    except subprocess.CalledProcessError:
        return
    (BINFMT / "register").write_bytes(binfmt_rule(platform, emulator))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], capture_output=True, text=True, check=True)  # noqa: S603, S607


def advice(error: OSError, platform: str) -> str:
    """What to do about a command that could not be run."""
    if error.errno == errno.ENOEXEC:
        return f"this kernel runs no programs of {platform}: use Linux 6.7 or later, or apt-get install binfmt-support"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
