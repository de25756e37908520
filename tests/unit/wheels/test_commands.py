"""A wrong command line is answered in one line, before anything is fetched or built."""

from pathlib import Path

import pytest

from mbmd.errors import UsageError
from wheels import bundle
from wheels.__main__ import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bundle", "vax", "3.13"], "platform vax: choose one of x86_64, aarch64, armv7l"),
        (["bundle", "armv7l", "3.9"], "CPython 3.9: choose one of 3.11, 3.12, 3.13"),
        (["build", "--platform", "vax"], "--platform vax: choose one of x86_64, aarch64, armv7l"),
        (["build", "--sdist", "none.tar.gz"], "--sdist none.tar.gz: no such file"),
    ],
)
def test_what_is_wrong_is_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == f"python -m wheels: {said}\n"


def test_a_bundle_asks_for_the_wheels_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "DIST", tmp_path)
    with pytest.raises(UsageError, match="no wheel of mbmd for armv7l: run: python -m wheels build"):
        bundle.own_wheel("armv7l", "3.13")


def test_a_bundle_takes_the_wheel_of_its_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "DIST", tmp_path)
    for platform in ("armv7l", "aarch64"):
        (tmp_path / f"mbmd-1.0-cp311-abi3-manylinux_2_17_{platform}.whl").touch()
    assert bundle.own_wheel("armv7l", "3.13").name == "mbmd-1.0-cp311-abi3-manylinux_2_17_armv7l.whl"


@pytest.mark.parametrize("command", ["build", "bundle", "compare", "lock", "prove"])
def test_every_command_tells_what_it_does(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"python -m wheels {command}" in capsys.readouterr().out
