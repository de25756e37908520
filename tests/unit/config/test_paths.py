"""Where files are kept unless the user says."""

from pathlib import Path

import pytest

from mbmd.config.paths import SYSTEM_TABLES, device_directories, run_directories, state_file

HOME = Path("/home/me")


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({}, "/home/me/.local/state/mbmd/learned.json"),
        ({"XDG_STATE_HOME": "/state"}, "/state/mbmd/learned.json"),
        ({"XDG_STATE_HOME": ""}, "/home/me/.local/state/mbmd/learned.json"),
        ({"XDG_STATE_HOME": "state"}, "/home/me/.local/state/mbmd/learned.json"),
        ({"STATE_DIRECTORY": "/var/lib/mbmd", "XDG_STATE_HOME": "/state"}, "/var/lib/mbmd/learned.json"),
        ({"STATE_DIRECTORY": "/var/lib/mbmd:/var/lib/other"}, "/var/lib/mbmd/learned.json"),
        ({"STATE_DIRECTORY": ""}, "/home/me/.local/state/mbmd/learned.json"),
    ],
)
def test_the_first_place_that_there_is(environment: dict[str, str], path: str) -> None:
    assert state_file(environment, HOME) == Path(path)


def test_without_a_home_there_may_be_no_place() -> None:
    assert state_file({}, None) is None
    assert state_file({"XDG_STATE_HOME": "/state"}, None) == Path("/state/mbmd/learned.json")


def test_tables_of_the_user_come_before_those_of_the_system() -> None:
    home = Path("/home/meter")
    assert device_directories({}, home) == (home / ".config/mbmd/devices", SYSTEM_TABLES)
    assert device_directories({"XDG_CONFIG_HOME": "/etc/xdg"}, home)[0] == Path("/etc/xdg/mbmd/devices")
    assert device_directories({"XDG_CONFIG_HOME": "relative"}, home)[0] == home / ".config/mbmd/devices"
    assert device_directories({}, None) == (SYSTEM_TABLES,)


@pytest.mark.parametrize(
    ("environment", "places"),
    [
        ({}, ["/home/me/.local/state/mbmd"]),
        ({"XDG_RUNTIME_DIR": "/run/user/1"}, ["/run/user/1/mbmd", "/home/me/.local/state/mbmd"]),
        ({"XDG_RUNTIME_DIR": "relative"}, ["/home/me/.local/state/mbmd"]),
        ({"RUNTIME_DIRECTORY": "/run/mbmd:/run/other"}, ["/run/mbmd", "/home/me/.local/state/mbmd"]),
        (
            {"RUNTIME_DIRECTORY": "/run/mbmd", "XDG_RUNTIME_DIR": "/run/user/1", "STATE_DIRECTORY": "/var/lib/mbmd"},
            ["/run/mbmd", "/run/user/1/mbmd", "/var/lib/mbmd"],
        ),
    ],
)
def test_where_a_running_daemon_may_say_something_of_itself(environment: dict[str, str], places: list[str]) -> None:
    assert list(run_directories(environment, HOME)) == [Path(place) for place in places]


def test_without_a_home_a_daemon_may_have_no_place_to_say_anything() -> None:
    assert run_directories({}, None) == ()
