"""The Debian package in a fresh tree: installed, run as its user, and removed without remains."""

import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from mbmd.service import layout
from tests.integration import debian_tree
from tests.integration.command import PATIENCE, ROOT
from tests.integration.debian_tree import Tree, make_tree, make_wheels
from tests.integration.meters import fetch, free_port
from tests.unit.service.test_layout import EXPOSURE

pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(why := debian_tree.missing()), reason=why or "-")]

UNIT = "/lib/systemd/system/mbmd.service"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of what stands here."""
    folder = tmp_path_factory.mktemp("package")
    wheels = make_wheels(folder / "wheels")
    command = [sys.executable, "-m", "wheels", "deb", str(wheels), "--level", "0", "--out", str(folder)]
    return Path(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip())


def done(tree: Tree, *words: str, code: int = 0) -> str:
    """What a command in the tree prints; it ends with a code."""
    ended = tree.run(*words)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def accounts(tree: Tree) -> dict[str, str]:
    return {name: tree.text(name) for name in ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow")}


def install(tree: Tree, package: Path) -> None:
    (tree.folder / "srv" / package.name).write_bytes(package.read_bytes())
    said = done(tree, "apt-get", "install", "-y", "-q", f"/srv/{package.name}")
    (tree.folder / "srv" / package.name).unlink()
    assert "mbmd: name your meters in /etc/mbmd.yaml, then: systemctl enable --now mbmd" in said
    config = (tree.folder / "etc/mbmd.yaml").stat()
    group = done(tree, "id", "-g", "mbmd").strip()
    assert (config.st_mode & 0o777, str(config.st_gid)) == (0o640, group)
    assert "dialout" in done(tree, "id", "-nG", "mbmd").split()


def look_at_the_unit(tree: Tree) -> None:
    verified = tree.run("systemd-analyze", "verify", "--man=no", UNIT)
    assert (verified.returncode, "mbmd.service" in verified.stderr) == (0, False), verified.stderr
    done(tree, "systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE}", UNIT)


def reading(api: str, check: Callable[[], None]) -> dict[str, Any]:
    """The first reading over REST."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        check()
        try:
            if last := fetch(f"http://{api}/api/last"):
                found: dict[str, Any] = last
                return found
        except (URLError, ConnectionError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"no reading within {PATIENCE:.0f} s")


def run_it(tree: Tree) -> None:
    """As systemd does: as its user, with its folders, and the words of the unit."""
    meter, api = (f"127.0.0.1:{free_port()}" for _ in range(2))
    config = f"api: {api}\ndevices: [{{type: sdm, id: 1, adapter: '{meter}'}}]\n"
    (tree.folder / "etc/mbmd.yaml").write_text(config, encoding="utf-8")
    done(tree, "mbmd", "config", "check", "/etc/mbmd.yaml")
    folders = {"STATE_DIRECTORY": "/var/lib/mbmd", "RUNTIME_DIRECTORY": "/run/mbmd"}
    for folder in folders.values():
        done(tree, "install", "-d", "-o", "mbmd", "-g", "mbmd", folder)
    (words,) = layout.settings(tree.text(UNIT.lstrip("/")), "ExecStart")
    with (
        tree.running("mbmd", "simulate", "-a", meter, "-d", "sdm:1"),
        tree.running(*shlex.split(words), user="mbmd", **folders) as check,
    ):
        values = reading(api, check)["SDM1.1"]
        assert values["Power"] > 0
        assert done(tree, "mbmd", "reload") == "devices: 1 untouched\n"
    assert (tree.folder / "var/lib/mbmd/learned.json").exists()


def look_at_the_status(tree: Tree) -> None:
    told = json.loads(done(tree, "mbmd", "service", "status", "--json", code=3))
    assert (told["installed"], told["unit"], told["user"]) == (True, f"/usr{UNIT}", "mbmd")
    assert (told["config"], told["trouble"]) == ("/etc/mbmd.yaml", [])
    assert {"mbmd", "dialout"} <= set(told["groups"])
    refused = tree.run("mbmd", "service", "install", "--root", "/")
    assert (refused.returncode, "is of the package mbmd" in refused.stderr) == (2, True)


@pytest.mark.skipif(shutil.which("lintian") is None, reason="there is no lintian here")
def test_debians_own_checks_find_nothing_that_the_overrides_have_no_reason_for(package: Path) -> None:
    # The modules of an editable installation know where their Python was; those of wheels do not.
    options = ["--allow-root", "--fail-on", "error,warning", "--suppress-tags", "custom-library-search-path"]
    command = ["lintian", *options, str(package)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_package_is_installed_runs_as_its_user_and_goes_without_remains(tmp_path: Path, package: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    before, known = tree.files(), accounts(tree)
    install(tree, package)
    look_at_the_unit(tree)
    run_it(tree)
    look_at_the_status(tree)
    done(tree, "apt-get", "remove", "-y", "-q", "mbmd")
    assert (tree.folder / "etc/mbmd.yaml").exists()
    assert not (tree.folder / "usr/lib/mbmd").exists()
    done(tree, "apt-get", "purge", "-y", "-q", "mbmd")
    assert tree.files() - before == set()
    assert before - tree.files() == set()
    assert accounts(tree) == known
