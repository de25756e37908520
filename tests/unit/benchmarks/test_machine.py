"""What the figures depend on."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from benchmarks.machine import commit, is_busy, model, this_machine, versions
from tests.unit.benchmarks.results_made import MACHINE

PI = "processor\t: 0\nBogoMIPS\t: 108.00\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"
PC = "processor\t: 0\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: fpu vme\n"


@pytest.mark.parametrize(
    ("tree", "cpu", "expected"),
    [
        ("Raspberry Pi Zero 2 W Rev 1.0\0", PI, "Raspberry Pi Zero 2 W Rev 1.0"),
        ("", PI, "Raspberry Pi 4 Model B Rev 1.4"),
        ("", PC, "AMD EPYC"),
        ("", "Hardware\t: Allwinner\n", "Allwinner"),
        ("\0", "", "unknown"),
    ],
)
def test_a_machine_is_called_by_its_board_or_its_cpu(tree: str, cpu: str, expected: str) -> None:
    assert model(tree, cpu) == expected


def test_the_machine_at_hand_tells_what_it_is() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory_mib > 100
    assert machine.kernel.startswith("Linux ")
    assert machine.architecture.endswith(("32 bit", "64 bit"))
    assert machine.governor
    assert "\n" not in machine.model


def test_a_machine_is_busy_by_its_cores() -> None:
    assert [is_busy(msgspec.structs.replace(MACHINE, load=load)) for load in (0.0, 1.1, 1.3)] == [False, False, True]


def test_the_versions_of_what_runs_are_told() -> None:
    told = versions()
    assert {"mbmd", "python", "native core", "compiler", "uvloop", "orjson", "sanic", "pymodbus", "paho-mqtt"} <= set(
        told
    )
    assert all(told.values())


def test_a_checkout_has_a_commit_and_says_when_it_is_dirty(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        names = ["-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *words], check=True, capture_output=True)

    assert commit(tmp_path) is None
    git("init")
    assert commit(tmp_path) is None, "nothing is committed yet"
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "One")
    clean = commit(tmp_path)
    assert clean is not None
    assert len(clean) == 12
    (tmp_path / "file").write_text("2")
    assert commit(tmp_path) == f"{clean}-dirty"
