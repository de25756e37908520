"""The maintainer scripts in every way in which dpkg calls them, with the programs of the system played."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wheels.deb import build

Call = Callable[..., list[str]]

PLAYED = (
    "adduser",
    "chmod",
    "chown",
    "deb-systemd-helper",
    "deb-systemd-invoke",
    "deluser",
    "dpkg-statoverride",
    "mbmd",
    "python",
    "rm",
    "systemctl",
)
"""Programs, each of which notes how it was called, and ends with the code of the file `NAME.code` if there is one."""


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A folder of played programs, and of the files that the scripts look for."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in PLAYED:
        path = programs / name
        path.write_text(
            f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/log\nexit $(cat {tmp_path}/{name}.code 2>&- || echo 0)\n'
        )
        path.chmod(0o755)
    (tmp_path / "dpkg-statoverride.code").write_text("1")
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "usr/lib/mbmd").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/mbmd.yaml").touch()
    return tmp_path


@pytest.fixture
def call(system: Path) -> Call:
    """Calls a script as dpkg does; returns what it ran."""

    def run(script: str, *words: str) -> list[str]:
        text = (build.SCRIPTS / script).read_text(encoding="utf-8").replace("@PYTHON@", "python")
        for folder in ("/run/systemd/", "/usr/lib/mbmd", "/etc/mbmd"):
            text = text.replace(folder, f"{system}{folder}")
        (system / "log").write_text("")
        env = {"PATH": f"{system}/bin:{os.environ['PATH']}"}
        done = subprocess.run(["sh", "-c", text, script, *words], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return (system / "log").read_text().replace(str(system), "").splitlines()

    return run


def of_service(ran: list[str]) -> list[str]:
    return [line.removeprefix("deb-systemd-") for line in ran if line.startswith("deb-systemd-")]


def test_the_first_installation_makes_user_and_rights_and_starts_what_can_start(call: Call) -> None:
    ran = call("postinst", "configure", "")
    assert "adduser --quiet mbmd dialout" in ran
    assert {"chown root:mbmd /etc/mbmd.yaml", "chmod 0640 /etc/mbmd.yaml"} <= set(ran)
    assert of_service(ran) == ["helper unmask mbmd.service", "helper enable mbmd.service", "invoke start mbmd.service"]


def test_what_cannot_start_is_neither_enabled_nor_started(call: Call, system: Path) -> None:
    (system / "mbmd.code").write_text("2")
    assert of_service(call("postinst", "configure", "")) == [
        "helper unmask mbmd.service",
        "helper update-state mbmd.service",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("configure", "1.0"),
        ("abort-upgrade", "2.0"),
        ("abort-remove",),
        ("abort-remove", "in-favour", "other", "1.0"),
        ("abort-deconfigure", "in-favour", "other", "1.0", "removing", "third", "1.0"),
    ],
    ids=" ".join,
)
def test_later_on_nothing_is_enabled_and_no_rights_are_changed(words: tuple[str, ...], call: Call) -> None:
    ran = call("postinst", *words)
    assert not any(line.startswith(("chown", "chmod")) for line in ran)
    assert of_service(ran) == [
        "helper unmask mbmd.service",
        "helper update-state mbmd.service",
        "invoke restart mbmd.service",
    ]


def test_rights_that_the_administrator_has_set_stay(call: Call, system: Path) -> None:
    (system / "dpkg-statoverride.code").unlink()
    assert not any(line.startswith(("chown", "chmod")) for line in call("postinst", "configure", ""))


def test_removing_stops_and_upgrading_does_not(call: Call) -> None:
    assert of_service(call("prerm", "remove")) == ["invoke stop mbmd.service"]
    for words in (("upgrade", "2.0"), ("failed-upgrade", "1.0"), ("deconfigure", "in-favour", "other", "1.0")):
        assert call("prerm", *words) == []


def test_what_python_compiled_goes_and_a_folder_that_is_gone_is_no_error(call: Call, system: Path) -> None:
    folder = system / "usr/lib/mbmd"
    (folder / "inner/__pycache__").mkdir(parents=True)
    (ran,) = call("prerm", "upgrade", "2.0")
    assert ran == "rm -rf /usr/lib/mbmd/inner/__pycache__"
    (folder / "inner/__pycache__").rmdir()
    (folder / "inner").rmdir()
    folder.rmdir()
    assert call("prerm", "upgrade", "2.0") == []


@pytest.mark.parametrize("word", ["upgrade", "failed-upgrade", "abort-install", "abort-upgrade", "disappear"])
def test_only_removing_and_purging_take_anything_away(word: str, call: Call) -> None:
    assert call("postrm", word, "1.0") == []


def test_removing_keeps_user_and_what_was_learned_and_purging_does_not(call: Call, system: Path) -> None:
    assert of_service(call("postrm", "remove")) == ["helper mask mbmd.service"]
    (system / "deluser.code").write_text("1")  # as where it was removed by hand
    ran = call("postrm", "purge")
    assert of_service(ran) == ["helper purge mbmd.service", "helper unmask mbmd.service"]
    assert ran[-2:] == ["rm -rf /etc/mbmd /var/lib/mbmd /run/mbmd", "deluser --system --quiet mbmd"]
