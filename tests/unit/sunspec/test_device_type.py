"""The SunSpec device types."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mbmd.devices.registry import SUNSPEC
from mbmd.measurements import CATALOGUE
from mbmd.sunspec.device_type import device_type, has_signed_counters, is_sunspec
from mbmd.sunspec.measured import MEASURED

READS = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
"""


@pytest.mark.parametrize("name", sorted(SUNSPEC))
def test_types_are_known_in_any_case(name: str) -> None:
    assert is_sunspec(name.lower())
    assert is_sunspec(name)
    assert device_type(name.lower()).type == name


@pytest.mark.parametrize("name", ["SDM", "", "SUNSPEC2", "S"])
def test_other_types_are_not(name: str) -> None:
    assert not is_sunspec(name)


def test_only_kostal_has_signed_counters() -> None:
    assert {name for name in SUNSPEC if has_signed_counters(name, "")} == {"KOSTAL"}
    assert has_signed_counters("kostal", "SMA")


@pytest.mark.parametrize("maker", ["KOSTAL", "Kostal", "KOSTAL Solar Electric GmbH", " KOSTAL"])
def test_so_has_it_whatever_the_type_in_the_configuration(maker: str) -> None:
    assert has_signed_counters("SUNSPEC", maker)


@pytest.mark.parametrize("maker", ["", " ", "SMA", "SMA KOSTAL", "KOSTALGIA"])
def test_other_manufacturers_have_none(maker: str) -> None:
    assert not has_signed_counters("SUNSPEC", maker)


def test_a_type_has_all_that_any_of_its_devices_may_have() -> None:
    found = device_type("SMA").measurements
    assert set(found) == {name for of_model in MEASURED.values() for name in of_model.values()}
    assert list(found) == [name for name in CATALOGUE if name in found]


@pytest.mark.parametrize(
    "code",
    ["from mbmd.sunspec.device_type import device_type; device_type('SMA')", "import mbmd.sunspec.chain"],
)
def test_no_definition_is_read_before_a_device_is_known(code: str) -> None:
    check = "print([name for name in opened if name.endswith('.json')])"
    command = [sys.executable, "-c", f"{READS}\n{code}\n{check}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
