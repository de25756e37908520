"""The Debian package as a file: what is in it, and that it is the same to the bit."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from email.utils import parseaddr
from itertools import pairwise
from pathlib import Path

import pytest

from mbmd import __version__
from mbmd.errors import MbmdError
from mbmd.service.layout import Service, unit
from wheels import checksums
from wheels.__main__ import main
from wheels.deb import build as module
from wheels.deb.build import build
from wheels.deb.recipe import MAINTAINER, RELEASES, debian_version
from wheels.folders import ROOT

EPOCH = 1_700_000_000
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg-deb here")
METADATA = (
    "Metadata-Version: 2.1\nName: {}\nVersion: {}\nAuthor: Jürgen\nLicense-Expression: MIT\nLicense-File: LICENSE\n"
)


def wheel(folder: Path, name: str, version: str, tags: str = "py3-none-any") -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tags}.whl", "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", METADATA.format(name, version))
        archive.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\n{info}/METADATA,,\n../../bin/x,,\n")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "mbmd", __version__, "cp311-abi3-manylinux_2_17_armv7l")
    wheel(folder, "other", "2.0")
    wheel(folder, "setuptools", "80.0")
    return folder


def made(wheels: Path, out: str, **more: int) -> Path:
    return build(wheels, wheels.parent / out, "armhf", "trixie", more.get("epoch", EPOCH), more.get("level", 0))


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def tree(wheels: Path, tmp_path: Path) -> Path:
    """The package unpacked, its control files too."""
    folder = tmp_path / "tree"
    subprocess.run(["dpkg-deb", "-R", made(wheels, "out"), folder], check=True)
    return folder


@needs_dpkg
def test_two_builds_are_the_same_to_the_bit(wheels: Path) -> None:
    first = made(wheels, "first", level=6)
    for path in wheels.iterdir():
        os.utime(path, (1, 1))
    second = made(wheels, "second", level=6)
    assert first.read_bytes() == second.read_bytes()
    assert made(wheels, "third", epoch=EPOCH + 60, level=6).read_bytes() != first.read_bytes()


@needs_dpkg
def test_the_control_file_says_what_it_is_for(wheels: Path) -> None:
    package = made(wheels, "out")
    assert package.name == f"mbmd_{__version__}~deb13_armhf.deb"
    assert field(package, "Version") == f"{__version__}~deb13"
    assert field(package, "Architecture") == "armhf"
    assert "python3.13" in field(package, "Depends").split(", ")
    assert int(field(package, "Installed-Size")) > 10
    assert (field(package, "Maintainer"), field(package, "Homepage")) == (MAINTAINER, "")


def test_nobody_is_named_whom_the_project_does_not_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not {"authors", "maintainers", "urls"} & project.keys(), "name them in the package of Debian too"
    assert parseaddr(MAINTAINER)[1].endswith("@example.org")


@needs_dpkg
def test_everything_is_where_debian_has_it(tree: Path) -> None:
    files = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    assert {
        "etc/mbmd.yaml",
        "usr/bin/mbmd",
        "usr/lib/mbmd/mbmd/__init__.py",
        "usr/lib/mbmd/other-2.0.dist-info/METADATA",
        "usr/lib/systemd/system/mbmd.service",
        "usr/share/bash-completion/completions/mbmd",
        "usr/share/fish/vendor_completions.d/mbmd.fish",
        "usr/share/zsh/vendor-completions/_mbmd",
        "usr/share/man/man1/mbmd.1.gz",
        "usr/share/doc/mbmd/copyright",
    } <= files
    assert not any("setuptools" in name or name.endswith(".pyc") for name in files)
    assert (tree / "usr/lib/systemd/system/mbmd.service").read_text(encoding="utf-8") == unit(
        Service(("/usr/bin/mbmd",))
    )
    assert (tree / "DEBIAN/conffiles").read_text(encoding="utf-8") == "/etc/mbmd.yaml\n"


@needs_dpkg
def test_scripts_may_be_run_and_nothing_else(tree: Path) -> None:
    scripts = {"usr/bin/mbmd", "DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm"}
    for path in tree.rglob("*"):
        wanted = 0o755 if path.is_dir() or str(path.relative_to(tree)) in scripts else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    for name in scripts - {"usr/bin/mbmd"}:
        assert "@" not in (tree / name).read_text(encoding="utf-8")
        subprocess.run(["sh", "-n", tree / name], check=True)


@needs_dpkg
def test_the_sums_are_those_of_the_files_and_sorted(tree: Path) -> None:
    lines = (tree / "DEBIAN/md5sums").read_text(encoding="utf-8").splitlines()
    names = [line.split("  ", 1)[1] for line in lines]
    assert names == sorted(names)
    assert "etc/mbmd.yaml" not in names
    subprocess.run(["md5sum", "--check", "--quiet", "DEBIAN/md5sums"], cwd=tree, check=True)


@needs_dpkg
def test_the_copyright_file_names_the_packages_of_others(tree: Path) -> None:
    text = (tree / "usr/share/doc/mbmd/copyright").read_text(encoding="utf-8")
    assert "License: Expat\n MIT License\n .\n" in text
    assert (
        "\nFiles: usr/lib/mbmd/other-2.0.dist-info/* usr/lib/mbmd/other/*\n"
        "Copyright: Jürgen\nLicense: other\n MIT, of other 2.0; its text is in\n"
        " /usr/lib/mbmd/other-2.0.dist-info, LICENSE\n"
    ) in text


def test_the_launcher_sees_nothing_of_who_calls_it(tmp_path: Path) -> None:
    from wheels.deb.texts import launcher

    (tmp_path / "mbmd").mkdir()
    (tmp_path / "mbmd/__init__.py").touch()
    (tmp_path / "mbmd/cli.py").write_text(
        "import json, sys\ndef main():\n    print(json.dumps(sys.path))\n    return 7\n", encoding="utf-8"
    )
    text = launcher(RELEASES["bookworm"]).replace("/usr/lib/mbmd", str(tmp_path))
    assert text.startswith("#!/usr/bin/python3.11 -I\n")
    (tmp_path / "run").write_text(text, encoding="utf-8")
    env = {"PYTHONPATH": "/elsewhere"}
    done = subprocess.run([sys.executable, "-I", tmp_path / "run"], env=env, capture_output=True, check=False)
    path = json.loads(done.stdout)
    assert (done.returncode, path[0], "/elsewhere" in path) == (7, str(tmp_path), False)


@pytest.mark.parametrize(
    ("version", "debian"),
    [
        ("1.0", "1.0~deb12"),
        ("1.0rc1", "1.0~~rc1~deb12"),
        ("1.0.dev3", "1.0~~~dev3~deb12"),
        ("1.0b2", "1.0~~b2~deb12"),
        ("1.0.post1", "1.0.post1~deb12"),
    ],
)
def test_versions_are_written_as_debian_compares_them(version: str, debian: str) -> None:
    assert debian_version(version, RELEASES["bookworm"]) == debian


@needs_dpkg
def test_debian_compares_them_so() -> None:
    order = ["1.0.dev3", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1"]
    written = [debian_version(version, RELEASES["bookworm"]) for version in order]
    for older, newer in pairwise(written):
        subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=True)
    old, new = (debian_version("1.0", RELEASES[name]) for name in ("bookworm", "trixie"))
    subprocess.run(["dpkg", "--compare-versions", old, "lt", new], check=True)


def test_wheels_of_another_version_are_refused(wheels: Path) -> None:
    for path in wheels.glob("mbmd-*"):
        path.unlink()
    wheel(wheels, "mbmd", "99.0", "cp311-abi3-manylinux_2_17_armv7l")
    with pytest.raises(MbmdError, match=re.escape(f"has mbmd 99.0, and this is {__version__}")):
        made(wheels, "out")


def test_a_failure_of_dpkg_is_told(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COMPLETIONS", {})
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MbmdError, match="there is no dpkg-deb here"):
        made(wheels, "out")


@needs_dpkg
def test_the_command_prints_the_package(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    words = ["deb", str(wheels), "--arch", "armhf", "--dist", "trixie", "--level", "0", "--out", str(tmp_path)]
    assert main(words) == 0
    assert Path(capsys.readouterr().out.strip()).exists()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert main(words) == 2
    assert "SOURCE_DATE_EPOCH=yesterday: not a number of seconds" in capsys.readouterr().err
    assert main(["deb", str(tmp_path / "missing")]) == 2


@needs_dpkg
def test_the_checksums_of_the_folder_have_the_package_too(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    checksums.write(out)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    words = ["--arch", "armhf", "--dist", "trixie", "--level", "0"]
    assert main(["deb", str(wheels), "--out", str(out), *words]) == 0
    assert (out / checksums.NAME).read_text().endswith(f"  mbmd_{__version__}~deb13_armhf.deb\n")
