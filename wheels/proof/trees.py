"""Fresh trees of Debian for other platforms: Python with pip and what it needs, no compiler; made as any user.

apt resolves and checks the packages in folders of its own, dpkg-deb unpacks them; no package script runs, nothing on
this machine changes.
"""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from mbmd.errors import MbmdError
from wheels.proof.systems import MACHINES, SUITES

PACKAGES = ("base-files", "python3-venv")
PATIENCE = 600.0
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ANY_MIRROR = "http://deb.debian.org/debian/"
APT = """\
Dir "{root}";
Dir::State "state";
Dir::State::status "{root}/status";
Dir::Cache "cache";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "{root}/none";
Dir::Etc::preferences "{root}/none";
Dir::Etc::preferencesparts "{root}/none";
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
}
"""What package scripts would have written, beside the certificates, without which Debian's pip does not start."""


def tree(folder: Path, platform: str, python: str) -> Path:
    """The tree with a platform's Python below `folder`, made unless it is there. Raises MbmdError if it can't be."""
    root = folder / f"{SUITES[python]}-{MACHINES[platform].architecture}"
    if not (root / ".packages").exists():
        shutil.rmtree(root, ignore_errors=True)
        _make(root, SUITES[python], MACHINES[platform].architecture)
    return root


def packages(root: Path) -> list[str]:
    """The packages of a tree, as NAME_VERSION_ARCHITECTURE."""
    return (root / ".packages").read_text(encoding="utf-8").split()


def _make(root: Path, suite: str, architecture: str) -> None:
    apt = root.with_suffix(".apt")
    shutil.rmtree(apt, ignore_errors=True)
    fetched = _fetch(apt.absolute(), suite, architecture)
    root.mkdir(parents=True)
    for package in fetched:
        _run(["dpkg-deb", "--extract", str(package), str(root)])
    for name in ("etc", "proc", "dev", "tmp", "work"):
        (root / name).mkdir(exist_ok=True)
    for name, text in FILES.items():
        (root / name).write_text(text, encoding="utf-8")
    certificates = [path.read_bytes() for path in sorted((root / "usr/share/ca-certificates").rglob("*.crt"))]
    (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(b"".join(certificates))
    (root / ".packages").write_text("".join(f"{package.stem}\n" for package in fetched), encoding="utf-8")
    shutil.rmtree(apt)


def _fetch(apt: Path, suite: str, architecture: str) -> list[Path]:
    """The packages' files, as apt finds and checks them."""
    for name in ("state/lists/partial", "cache/archives/partial", "none"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n", encoding="utf-8")
    (apt / "conf").write_text(APT.format(root=apt, architecture=architecture), encoding="utf-8")
    command = ["apt-get", "--quiet", "--config-file", str(apt / "conf")]
    _run([*command, "update"])
    _run([*command, "--yes", "--download-only", "install", *PACKAGES])
    return sorted((apt / "cache/archives").glob("*.deb"))


def mirror() -> str:
    """Where this machine has Debian's packages from."""
    return chosen_mirror(_run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]).split())


def chosen_mirror(addresses: Iterable[str]) -> str:
    """The first address that is a mirror of Debian's main archive; that for all where there is none, as on Ubuntu."""
    return next((address for address in addresses if address.rstrip("/").endswith("/debian")), ANY_MIRROR)


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except FileNotFoundError:
        raise MbmdError(f"{command[0]}: not found: trees are made by apt and dpkg, as Debian has them") from None
    except subprocess.TimeoutExpired:
        raise MbmdError(f"{command[0]} did not end within {PATIENCE:.0f} s") from None
    if done.returncode:
        raise MbmdError(f"{' '.join(command[:2])}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
