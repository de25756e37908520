"""The unit of the service, and what is read out of one."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.paths import SYSTEM_RUN_DIRECTORIES, run_directories, state_file
from mbmd.service import layout
from mbmd.service.layout import STATE, Service, unit

USUAL = Service(("/usr/bin/mbmd",))
EXPOSURE = 16
"""Tenths that `systemd-analyze security` may find at most, of 100: 1.5 by systemd 252."""


def the(name: str, text: str) -> str:
    (value,) = layout.settings(text, name)
    return value


def test_the_unit_runs_the_command_with_its_configuration_as_its_user() -> None:
    text = unit(Service(("/opt/mbmd/bin/mbmd",), Path("/srv/house.yaml"), "meter", "meters", "uucp"))
    assert the("ExecStart", text) == "/opt/mbmd/bin/mbmd run -c /srv/house.yaml"
    assert the("ExecReload", text) == "/opt/mbmd/bin/mbmd reload --pid $MAINPID"
    assert (the("User", text), the("Group", text), the("SupplementaryGroups", text)) == ("meter", "meters", "uucp")


def test_it_is_started_again_however_often_it_ends_and_watched() -> None:
    text = unit(USUAL)
    assert (the("Type", text), the("Restart", text), the("StartLimitIntervalSec", text)) == ("notify", "always", "0")
    assert the("WatchdogSec", text) == "30s"


def test_what_it_keeps_is_in_its_state_folder_and_reload_finds_it() -> None:
    text = unit(USUAL)
    state, runtime = Path("/var/lib", the("StateDirectory", text)), Path("/run", the("RuntimeDirectory", text))
    environment = {"STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(runtime)}
    learned = state_file(environment, None)
    assert learned is not None
    assert learned.is_relative_to(STATE)
    assert run_directories(environment, None)[0] in SYSTEM_RUN_DIRECTORIES


def test_serial_ports_are_the_only_devices() -> None:
    text = unit(USUAL)
    assert the("DevicePolicy", text) == "closed"
    allowed = layout.settings(text, "DeviceAllow")
    assert allowed == [f"char-{name} rw" for name in ("4", "166", "188", "204", "tty*")]


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/srv/my house.yaml", '"/srv/my house.yaml"'),
        ("/srv/50%.yaml", "/srv/50%%.yaml"),
        ("/srv/$HOME.yaml", '"/srv/$$HOME.yaml"'),
        ('/srv/a"b\\c', '"/srv/a\\"b\\\\c"'),
    ],
)
def test_words_are_written_as_systemd_reads_them(word: str, written: str) -> None:
    assert the("ExecStart", unit(Service(("/usr/bin/mbmd",), Path(word)))) == f"/usr/bin/mbmd run -c {written}"


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1).map(lambda name: f"/srv/{name}")
)
def test_the_configuration_is_read_back_as_it_was_written(path: str) -> None:
    assert layout.config_of(unit(Service(("/usr/bin/mbmd",), Path(path)))) == Path(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ExecStart=",
        "ExecStart=mbmd run",
        'ExecStart=mbmd run -c "',
        "ExecStart=mbmd -c",
        'ExecStart=mbmd -c ""',
        "ExecStart=mbmd -c house.yaml",
        "ExecStart=mbmd -c /etc/../srv/house.yaml",
    ],
)
def test_a_unit_that_names_no_configuration_has_the_usual_one(text: str) -> None:
    assert layout.config_of(text) == layout.CONFIG


@given(st.text())
def test_any_text_may_be_asked_for_its_configuration_and_user(text: str) -> None:
    assert layout.config_of(f"ExecStart=mbmd -c {text}").is_absolute()
    assert isinstance(layout.made_user(text), str)


def test_the_file_for_systemd_sysusers_names_the_user_that_is_made() -> None:
    text = layout.users(Service((), user="meter", serial_group="uucp"))
    assert layout.made_user(text) == "meter"
    assert "m meter uucp\n" in text


@pytest.mark.parametrize(("name", "fine"), [("mbmd", True), ("_a-1", True), ("", False), ("a b", False), ("-x", False)])
def test_names_of_users(name: str, fine: bool) -> None:
    assert layout.is_user_name(name) is fine


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A unit as systemd-analyze takes it: its command has to be there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here: apt-get install systemd")
    path = tmp_path / layout.UNIT
    path.write_text(unit(Service((str(Path(shutil.which("true") or "/bin/true")),))), encoding="utf-8")
    return path


def test_systemd_finds_nothing_wrong_with_the_unit(written: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(written)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    about_it = [line for line in done.stderr.splitlines() if layout.UNIT in line]
    assert (done.returncode, about_it) == (0, [])


def test_systemd_finds_the_service_well_locked_in(written: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE}", str(written)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
