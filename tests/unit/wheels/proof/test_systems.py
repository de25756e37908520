"""Platforms as Debian and the kernel know them."""

import sys
from pathlib import Path

import pytest

from mbmd.errors import UsageError
from wheels.proof import systems
from wheels.proof.systems import MACHINES, binfmt_rule, demand_emulators, is_native


def matches(rule: bytes, program: bytes) -> bool:
    """As the kernel reads a rule by magic."""
    fields = rule.split(b":")
    magic, mask = (bytes.fromhex(field.replace(b"\\x", b"").decode()) for field in fields[4:6])
    return len(magic) == len(mask) and all(
        one & cover == other & cover for one, other, cover in zip(program, magic, mask, strict=False)
    )


def test_the_rule_is_that_of_qemu() -> None:
    assert binfmt_rule("armv7l", "/usr/bin/qemu") == (
        rb":mbmd-armv7l:M::\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:"
        rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu:FP"
    )


def test_a_program_of_this_machine_fits_its_own_rule_alone() -> None:
    program = Path(sys.executable).read_bytes()[:20]
    fits = [platform for platform in MACHINES if matches(binfmt_rule(platform, "/x"), program)]
    assert fits == [platform for platform in MACHINES if is_native(platform)]


def test_without_an_emulator_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "is_native", lambda name: name == "x86_64")
    monkeypatch.setattr("shutil.which", lambda name: None)
    demand_emulators(["x86_64"])
    with pytest.raises(UsageError, match=r"^nothing here runs programs of aarch64, armv7l: apt-get install qemu-user"):
        demand_emulators(["x86_64", "aarch64", "armv7l"])
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    demand_emulators(["aarch64", "armv7l"])
    assert systems.emulator("armv7l") == "/usr/bin/qemu-arm-static"
