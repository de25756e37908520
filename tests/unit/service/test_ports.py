"""Whether the user of the service may open serial ports."""

import grp
import os
import pwd
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbmd.service import ports

DIALOUT = 4711
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What stat says of a port: by default as Debian has them."""
    found = SimpleNamespace(st_mode=stat.S_IFCHR | 0o660, st_uid=98765, st_gid=DIALOUT)
    monkeypatch.setattr(Path, "stat", lambda _: found)
    return found


PORT = Path("/dev/ttyUSB0")


def test_a_member_of_the_group_may_open_it(port: SimpleNamespace) -> None:
    assert ports.trouble(PORT, "mbmd", {DIALOUT}) == ""
    assert ports.trouble(PORT, "mbmd", {1}) == (
        f"is of the group {DIALOUT}, which mbmd is not in, or may not use: sudo usermod -aG {DIALOUT} mbmd"
    )


def test_a_group_that_may_only_read_does_not_do(port: SimpleNamespace) -> None:
    port.st_mode = stat.S_IFCHR | 0o640
    assert ports.trouble(PORT, "mbmd", {DIALOUT})


def test_its_owner_and_everyone_may_open_what_is_theirs(port: SimpleNamespace) -> None:
    port.st_uid = os.getuid()
    assert ports.trouble(PORT, ME, ()) == ""
    port.st_uid, port.st_mode = 98765, stat.S_IFCHR | 0o666
    assert ports.trouble(PORT, "mbmd", ()) == ""


def test_what_is_no_port_is_told(tmp_path: Path) -> None:
    assert ports.trouble(tmp_path / "missing", "mbmd", ()) == "no such file or directory"
    assert ports.trouble(tmp_path, "mbmd", ()) == "no serial port"


def test_groups_are_those_of_the_user_and_of_the_unit() -> None:
    assert os.getgid() in ports.groups_of(ME)
    assert ports.groups_of("no-such-user", ["root"]) == {}
    other = next(entry for entry in grp.getgrall() if entry.gr_gid not in ports.groups_of(ME))
    assert ports.groups_of(ME, [other.gr_name, "no-such-group"])[other.gr_gid] == other.gr_name
