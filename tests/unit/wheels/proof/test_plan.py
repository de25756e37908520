"""Which Pythons are proved, by which steps."""

from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from wheels.__main__ import main
from wheels.proof import plan, proving, pythons, systems
from wheels.proof.plan import carry_out, planned
from wheels.proof.proving import copy_checks, megabytes, packages_of
from wheels.proof.report import Report


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, on a PC with two CPythons."""
    for platform in systems.MACHINES:
        (tmp_path / f"mbmd-1.0-cp311-abi3-manylinux_2_17_{platform}.whl").touch()
    monkeypatch.setattr(plan, "is_native", lambda platform: platform == "x86_64")
    there = {"3.11": ("3.11.2", "/usr/bin/python3.11"), "3.12": None, "3.13": ("3.13.5", "/opt/python3.13")}
    monkeypatch.setattr(pythons, "found", lambda: there)
    return tmp_path


def steps(dist: Path, name: str) -> list[str]:
    (chosen,) = (one for one in planned([*systems.MACHINES], dist, False, Report()) if one.name == name)
    return [step for step, _ in chosen.begin(dist)[1]]


def names(dist: Path, quick: bool) -> list[str]:
    return [one.name for one in planned([*systems.MACHINES], dist, quick, Report())]


def test_what_is_there_is_proved_and_what_is_missing_named(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    natives = ["x86_64 3.11.2", "x86_64 3.13.5"]
    assert names(dist, quick=False) == [*natives, "aarch64 3.11", "aarch64 3.13", "armv7l 3.11", "armv7l 3.13"]
    assert capsys.readouterr().out == "not on this machine: CPython 3.12\n"
    assert names(dist, quick=True) == [*natives, "aarch64 3.13", "armv7l 3.13"]


def test_the_steps_are_those_of_a_user(dist: Path) -> None:
    checks = ["python3 -m venv", "pip install", "mbmd version", "kernels", "poll over TCP, REST"]
    assert steps(dist, "x86_64 3.11.2") == checks
    assert steps(dist, "aarch64 3.13") == ["fresh tree", "bundle", *checks]
    assert steps(dist, "armv7l 3.13")[-2:] == ["pip uninstall uvloop", "poll without uvloop"]


def test_nothing_follows_a_step_that_failed(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> str:
        raise MbmdError("no")

    monkeypatch.setattr(proving, "run", fails)
    report = Report()
    carry_out(planned(["x86_64"], dist, False, report), 2, report)
    assert sorted((step.subject, step.name, step.failed) for step in report.steps) == [
        ("x86_64 3.11.2", "python3 -m venv", True),
        ("x86_64 3.13.5", "python3 -m venv", True),
    ]


def test_only_checks_and_oracle_go_along(tmp_path: Path) -> None:
    copy_checks(tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert {"tests/reference.py", "wheels/proof/inside/kernels.py", "wheels/proof/inside/poll.py"} <= files
    assert not [name for name in files if name.startswith("mbmd")]
    assert 0 < megabytes(tmp_path) < 1


def test_pip_must_have_installed_mbmd() -> None:
    assert packages_of("...\nSuccessfully installed mbmd-1.0 rich-15.0.0") == "2 packages"
    with pytest.raises(MbmdError, match="pip did not install mbmd"):
        packages_of("Requirement already satisfied: mbmd")


def test_a_machine_without_emulators_is_told_before_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(systems, "is_native", lambda platform: False)
    monkeypatch.setattr(systems, "emulator", lambda platform: None)
    assert main(["prove", "--only", "armv7l"]) == 2
    assert "apt-get install qemu-user-static" in capsys.readouterr().err


def test_an_unknown_platform_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["prove", "--only", "vax"])
    assert left.value.code == 2
    assert "invalid choice: 'vax'" in capsys.readouterr().err
