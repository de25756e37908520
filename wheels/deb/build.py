"""The Debian package out of a folder of wheels; the same wheels make the same package, to the bit."""

import gzip
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mbmd import __version__
from mbmd.errors import MbmdError
from wheels.deb import texts
from wheels.deb.recipe import CONFIG, LEFT_OUT, LIBRARY, MACHINES, PACKAGE, RELEASES, debian_version
from wheels.deb.unpack import check, unpack, wheels_in
from wheels.folders import ROOT

LEVEL = 6
"""How hard xz tries by default."""
SCRIPTS = Path(__file__).with_name("scripts")
OVERRIDES = Path(__file__).with_name("overrides")
_EXECUTABLE = ("usr/bin", "DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm")
_COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/mbmd",
    "zsh": "usr/share/zsh/vendor-completions/_mbmd",
    "fish": "usr/share/fish/vendor_completions.d/mbmd.fish",
}


def build(wheels: Path, out: Path, architecture: str, release_name: str, epoch: int, level: int = LEVEL) -> Path:
    """The package for an architecture and a release of Debian; `epoch` is the time of its files, `level` that of xz.

    Raises MbmdError if the wheels do not fit, or dpkg-deb fails.
    """
    release = RELEASES[release_name]
    found = wheels_in(wheels)
    check(found, release.python, MACHINES[architecture])
    if (other := next(wheel.version for wheel in found if wheel.name == PACKAGE)) != __version__:
        raise MbmdError(f"{wheels} has mbmd {other}, and this is {__version__}: make the bundle anew")
    version = debian_version(__version__, release)
    with tempfile.TemporaryDirectory(prefix="mbmd-deb-") as name:
        tree = Path(name, "tree")
        for wheel in found:
            if wheel.name not in LEFT_OUT:
                unpack(wheel, tree / LIBRARY)
        for path, content in _files(tree / LIBRARY, version, release_name, epoch):
            _write(tree / path, content)
        _write(tree / "DEBIAN/control", texts.control(version, architecture, release, _kilobytes(tree)).encode())
        _write(tree / "DEBIAN/md5sums", _md5sums(tree).encode())
        _settle(tree, epoch)
        package = out / f"{PACKAGE}_{version}_{architecture}.deb"
        out.mkdir(parents=True, exist_ok=True)
        _pack(tree, package, epoch, level)
    return package


def _files(library: Path, version: str, release_name: str, epoch: int) -> Iterator[tuple[str, bytes]]:
    """What is in the package beside Python's packages."""
    from argcomplete.shell_integration import shellcode

    from mbmd.config.example import example_without_devices
    from mbmd.service.layout import UNIT, Service, unit

    release = RELEASES[release_name]
    yield f"usr/bin/{PACKAGE}", texts.launcher(release).encode()
    yield f"{release.units}/{UNIT}", unit(Service((f"/usr/bin/{PACKAGE}",))).encode()
    yield CONFIG, example_without_devices().encode()
    for shell, path in _COMPLETIONS.items():
        yield path, shellcode([PACKAGE], shell=shell).encode()
    yield "usr/share/man/man1/mbmd.1.gz", _packed((ROOT / "docs" / "mbmd.1").read_bytes())
    documents = f"usr/share/doc/{PACKAGE}"
    yield f"{documents}/changelog.gz", _packed(texts.changelog(version, epoch).encode())
    yield f"{documents}/CHANGELOG.md.gz", _packed((ROOT / "CHANGELOG.md").read_bytes())
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    yield f"{documents}/copyright", texts.copyright_file(licence, library).encode()
    yield f"usr/share/lintian/overrides/{PACKAGE}", OVERRIDES.read_bytes()
    yield "DEBIAN/conffiles", texts.CONFFILES.encode()
    for script in SCRIPTS.iterdir():
        text = script.read_text(encoding="utf-8").replace("@PYTHON@", f"python{release.python}")
        yield f"DEBIAN/{script.name}", text.encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _installed(tree: Path) -> list[Path]:
    """The files that are installed, sorted."""
    files = (path for path in tree.rglob("*") if path.is_file() and path.relative_to(tree).parts[0] != "DEBIAN")
    return sorted(files, key=str)


def _kilobytes(tree: Path) -> int:
    return sum(-(-path.stat().st_size // 1024) for path in _installed(tree))


def _md5sums(tree: Path) -> str:
    """What dpkg --verify goes by; md5 is Debian's form, and protects from nothing but rot."""
    files = ((path, path.relative_to(tree)) for path in _installed(tree))
    sums = ((hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(), name) for path, name in files)
    return "".join(f"{digest}  {name}\n" for digest, name in sums if str(name) != CONFIG)


def _settle(tree: Path, epoch: int) -> None:
    """One time for all, and the modes that Debian has."""
    for path in sorted([tree, *tree.rglob("*")], reverse=True):
        name = str(path.relative_to(tree))
        is_open = path.is_dir() or name.startswith(_EXECUTABLE)
        path.chmod(0o755 if is_open else 0o644)
        os.utime(path, (epoch, epoch))


def _pack(tree: Path, package: Path, epoch: int, level: int) -> None:
    packing = ["--root-owner-group", "--uniform-compression", "-Zxz", f"-z{level}"]
    command = ["dpkg-deb", *packing, "--build", str(tree), str(package)]
    # More threads would make other blocks.
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "DPKG_DEB_THREADS_MAX": "1"}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise MbmdError("there is no dpkg-deb here: packages of Debian are made on Debian") from None
    if done.returncode:
        raise MbmdError(f"dpkg-deb failed: {done.stderr.strip()}")
