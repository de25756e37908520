"""A machine of its own for command lines, in namespaces of the kernel: nothing that they do reaches the real one.

The root folder is the real one, but read-only; folders that command lines write to are fresh, in memory. The network
is a loopback of its own. All of that takes no rights but that to make user namespaces.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

UNSHARE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--ipc", "--uts"),
    *("--fork", "--kill-child", "--mount-proc"),
)
"""What a program is started by to be within such namespaces, where it is the process 1 that takes all others along.

It ends with the thread that started it, however that ends.
"""

_EMPTY = ("/tmp", "/run", "/srv", "/home", "/mnt", "/media", "/var/tmp", "/var/log", "/var/cache", "/opt")  # noqa: S108
_WRITABLE = ("/etc", "/var/lib", "/usr/share/keyrings", "/usr/local/bin")
"""Folders that may be written to and that show what is really there."""
_AWAY = Path("/run/real")
_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_SET_ATTRIBUTES = 442
"""The system call mount_setattr, on all processors that Linux has had since 2019."""
_AT_FDCWD, _RECURSIVE, _READ_ONLY = -100, 0x8000, 1
_BIND = 0x1000 | 0x4000

_libc = ctypes.CDLL(None, use_errno=True)


def enter(kept: Iterable[Path], fresh: Iterable[str], addresses: Iterable[str], hosts: Mapping[str, str]) -> None:
    """Make the machine, within the namespaces.

    `kept` are seen as they are, wherever they stand. `fresh` are empty folders, whatever is there in reality. The
    loopback has `addresses`; `hosts` are addresses by name.
    """
    held = {path: os.open(path, os.O_PATH) for path in kept}
    _root_read_only()
    devices = {name: os.open(f"/dev/{name}", os.O_PATH) for name in _NODES}
    open_folders = {folder: os.open(folder, os.O_PATH) for folder in _WRITABLE if Path(folder).is_dir()}
    for folder in _EMPTY:
        if Path(folder).is_dir():
            _mount("tmpfs", folder, "tmpfs", data="mode=1777")
    for folder, descriptor in open_folders.items():
        _shadow(folder, descriptor)
    _devices(devices)
    for path, descriptor in held.items():
        _keep(path, descriptor)
    for folder in fresh:
        _clear(Path(folder))
    _network(addresses)
    lines = [f"127.0.0.1 localhost {os.uname().nodename}", *(f"{address} {name}" for name, address in hosts.items())]
    replace_file(Path("/etc/hosts"), "\n".join(lines) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file in a folder that shows what is really there."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


def _root_read_only() -> None:
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY, 0, 0, 0)
    size = ctypes.sizeof(attributes)
    _checked(_libc.syscall(_SET_ATTRIBUTES, _AT_FDCWD, b"/", _RECURSIVE, attributes, size), "mount_setattr /")


def _shadow(folder: str, descriptor: int) -> None:
    """Put a fresh folder of links over a real one, which is seen elsewhere from then on."""
    real = _AWAY / folder.strip("/")
    real.mkdir(parents=True)
    _bind(descriptor, real)
    _mount("tmpfs", folder, "tmpfs", data="mode=755")
    _show(real, Path(folder))


def _show(real: Path, folder: Path) -> None:
    for entry in real.iterdir():
        (folder / entry.name).symlink_to(entry)


def _devices(nodes: Mapping[str, int]) -> None:
    dev = Path("/dev")
    _mount("tmpfs", "/dev", "tmpfs", data="mode=755")
    for name, descriptor in nodes.items():
        (dev / name).touch()
        _bind(descriptor, dev / name)
    for folder in ("pts", "shm"):
        (dev / folder).mkdir()
    _mount("devpts", "/dev/pts", "devpts", data="newinstance,ptmxmode=0666")
    _mount("tmpfs", "/dev/shm", "tmpfs", data="mode=1777")  # noqa: S108
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
    for name, target in links.items():
        (dev / name).symlink_to(target)


def _keep(path: Path, descriptor: int) -> None:
    """Show a folder again that another hides by now."""
    if path.exists() and os.path.samestat(path.stat(), os.stat(descriptor)):
        return
    path.mkdir(parents=True, exist_ok=True)
    _bind(descriptor, path)


def _clear(folder: Path) -> None:
    """An empty folder, in folders that show what is really there but for it."""
    for parent in reversed(folder.parents):
        if parent.is_symlink() and parent.is_dir():
            real = parent.readlink()
            parent.unlink()
            parent.mkdir()
            _show(real, parent)
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def _network(addresses: Iterable[str]) -> None:
    batch = "link set lo up\n" + "".join(f"addr add {address}/32 dev lo\n" for address in addresses)
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True, env={"PATH": path})


def _bind(descriptor: int, target: Path) -> None:
    _mount(f"/proc/self/fd/{descriptor}", str(target), None, _BIND)
    os.close(descriptor)


def _mount(source: str, target: str, kind: str | None, flags: int = 0, data: str = "") -> None:
    words = (source.encode(), target.encode(), kind and kind.encode())
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
