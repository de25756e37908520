"""A wrong command line is answered in one line, before anything is fetched or built."""

from pathlib import Path

import pytest

from mbmd.errors import UsageError
from wheels import bundle, compare
from wheels.__main__ import main


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (["bundle", "vax", "3.13"], "x86_64"),
        (["bundle", "armv7l", "3.9"], "3.13"),
        (["build", "--platform", "vax"], "armv7l"),
    ],
)
def test_a_choice_that_there_is_not_is_answered_with_those_that_there_are(
    words: list[str], known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "invalid choice: " in said
    assert known in said


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--sdist", "none.tar.gz"]) == 2
    assert capsys.readouterr().err == "python -m wheels: --sdist none.tar.gz: no such file\n"


def test_what_the_system_refuses_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Path) -> str:
        raise OSError(28, "No space left on device", "x")

    (tmp_path / "x").touch()
    monkeypatch.setattr(compare, "sha256", refuse)
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 1
    assert capsys.readouterr().err == "python -m wheels: [Errno 28] No space left on device: 'x'\n"


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
