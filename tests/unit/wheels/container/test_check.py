"""The check of the image: what it wants of the machine, and how it ends programs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from wheels.__main__ import main
from wheels.container.buildah import Buildah, children, demand_buildah, stop
from wheels.container.check import RECIPE
from wheels.container.lint import lint


def test_a_folder_without_wheels_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["container-check", str(tmp_path)]) == 2
    assert f"{tmp_path}: there is no wheel of mbmd: make wheels, then make bundle" in capsys.readouterr().err


def test_only_root_builds_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/it")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MbmdError, match="sudo make container-check"):
        demand_buildah()


def test_without_buildah_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MbmdError, match="apt-get install buildah debootstrap"):
        demand_buildah()


def test_without_npm_it_is_said_that_nothing_was_linted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    lint(RECIPE, tmp_path)
    assert "not linted: npm is not installed" in capsys.readouterr().err


def test_a_command_runs_in_a_store_of_its_own() -> None:
    argv = Buildah(Path("/x")).command("c", ["mbmd", "run"], ["-v", "/a:/b"])
    assert argv[:3] == ["buildah", "--root", "/x/root"]
    assert argv[-8:] == ["--isolation", "chroot", "-v", "/a:/b", "c", "--", "mbmd", "run"]


def test_the_program_in_a_container_is_stopped_and_its_code_told() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60; exit 7"]) as started:
        while [Path(f"/proc/{pid}/comm").read_text(encoding="ascii") for pid in children(started.pid)] != ["sleep\n"]:
            assert started.poll() is None
        assert stop(started, "sleep") == 7
