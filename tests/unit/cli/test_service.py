"""`mbmd service`."""

import json
import os
from pathlib import Path

import pytest

from mbmd.cli.service import installing
from mbmd.cli.service import status as service_status
from mbmd.config.example import example_without_devices
from mbmd.service import layout, program
from mbmd.service.layout import Service
from mbmd.service.status import Status
from tests.unit.cli.by_hand import Shell

COMMAND = ("--command", "/usr/bin/mbmd")
CONFIGURED = "devices: [{type: sdm, id: 1, adapter: mock}]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree of another system, with Debian's groups."""
    made = tmp_path / "tree"
    (made / "etc").mkdir(parents=True)
    (made / "etc/group").write_text("root:x:0:\nuucp:x:10:\ndialout:x:20:\n", encoding="utf-8")
    return made


def install(shell: Shell, root: Path, *more: str) -> list[str]:
    done = shell("service", "install", "--root", str(root), *COMMAND, *more)
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


def test_a_tree_gets_unit_user_and_configuration(shell: Shell, root: Path) -> None:
    said = install(shell, root)
    unit = root / "etc/systemd/system/mbmd.service"
    assert unit.read_text(encoding="utf-8") == layout.unit(Service(("/usr/bin/mbmd",)))
    assert (root / "etc/mbmd.yaml").read_text(encoding="utf-8") == example_without_devices()
    assert said[-2:] == [
        "mbmd is not started: /etc/mbmd.yaml names no devices yet",
        f"name your meters in {root}/etc/mbmd.yaml, then: do this once more",
    ]
    assert not (root / "etc/systemd/system/multi-user.target.wants").exists()


def test_once_more_the_configuration_stays_and_counts(shell: Shell, root: Path) -> None:
    install(shell, root)
    (root / "etc/mbmd.yaml").write_text(CONFIGURED, encoding="utf-8")
    said = install(shell, root)
    assert f"kept {root}/etc/mbmd.yaml: your configuration" in said
    assert f"{root}/etc/systemd/system/mbmd.service is as it should be" in said
    assert said[-1] == "mbmd starts with that system"
    assert (root / "etc/systemd/system/multi-user.target.wants/mbmd.service").is_symlink()
    assert (root / "etc/mbmd.yaml").read_text(encoding="utf-8") == CONFIGURED


def test_user_configuration_and_group_are_those_that_are_asked_for_or_there(shell: Shell, root: Path) -> None:
    (root / "etc/group").write_text("uucp:x:10:\n", encoding="utf-8")
    install(shell, root, "--user-name", "meter", "--config", "/srv/house.yaml")
    text = (root / "etc/systemd/system/mbmd.service").read_text(encoding="utf-8")
    assert layout.settings(text, "User") == ["meter"]
    assert layout.settings(text, "SupplementaryGroups") == ["uucp"]
    assert layout.config_of(text) == Path("/srv/house.yaml")
    assert (root / "srv/house.yaml").exists()


def test_a_mistake_of_the_configuration_is_told_and_keeps_it_from_starting(shell: Shell, root: Path) -> None:
    (root / "etc/mbmd.yaml").write_text("rat: 3\n", encoding="utf-8")
    said = install(shell, root)
    assert f"mbmd is not started: {root}/etc/mbmd.yaml:1: unknown key 'rat': did you mean rate?" in said


@pytest.mark.parametrize("purge", [False, True])
def test_uninstalling_a_tree(purge: bool, shell: Shell, root: Path) -> None:
    before = {path for path in root.rglob("*") if not path.is_dir()}
    (root / "etc/mbmd.yaml").write_text(CONFIGURED, encoding="utf-8")
    install(shell, root)
    done = shell("service", "uninstall", "--root", str(root), *(["--purge"] if purge else []))
    assert (done.code, done.err) == (0, "")
    left = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()} - {
        str(path.relative_to(root)) for path in before
    }
    assert left == (set() if purge else {"etc/mbmd.yaml", "etc/sysusers.d/mbmd.conf"})
    again = shell("service", "uninstall", "--root", str(root))
    assert again.out.splitlines()[0] == "the service is not installed"


def test_a_dry_run_tells_the_unit_and_the_steps_and_does_nothing(shell: Shell, root: Path) -> None:
    before = sorted(root.rglob("*"))
    said = install(shell, root, "--dry-run")
    assert said[0] == "[Unit]"
    assert said[-1] == "write /etc/systemd/system/mbmd.service"
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config", "house.yaml"], "--config house.yaml: the service needs the whole path, which begins with /"),
        (["--config", "/home/pi/mbmd.yaml"], "--config /home/pi/mbmd.yaml: the service does not see /home, /root,"),
        (["--command", "/root/mbmd"], "--command /root/mbmd: the service does not see"),
        (["--command", "/opt/../root/mbmd"], "--command /opt/../root/mbmd: the service needs the whole path"),
        (["--user-name", "a b"], "--user-name a b: no name of a user"),
        (["--root", "/no/such/tree"], "--root /no/such/tree: no such folder"),
    ],
)
def test_what_cannot_work_is_refused(words: list[str], message: str, shell: Shell, root: Path) -> None:
    done = shell("service", "install", "--root", str(root), *COMMAND, *words)
    assert done.code == 2
    assert done.err.startswith(f"mbmd: {message}")
    assert not (root / "etc/systemd").exists()


def test_who_is_not_root_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for action in ("install", "uninstall"):
        done = shell("service", action)
        assert done.code == 2
        assert done.err == (
            "mbmd: services belong to the system: do this as root, with sudo, or look at it with --dry-run\n"
        )


def test_where_no_systemd_runs_it_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(installing, "_RUNNING", Path("/no/such/folder"))
    done = shell("service", "install")
    assert (done.code, done.err.startswith("mbmd: systemd does not run here: --root writes")) == (2, True)


def test_a_command_in_a_hidden_folder_is_refused_with_what_to_do(
    shell: Shell, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "needed_files", lambda _: [Path("/home/pi/.local/bin/mbmd")])
    done = shell("service", "install", "--root", str(root))
    assert done.code == 2
    first, *rest = done.err.splitlines()
    assert first.startswith("mbmd: this mbmd needs /home/pi/.local/bin/mbmd, and the service does not see /home")
    assert rest[-1] == "  sudo /opt/mbmd/bin/mbmd service install"


def test_the_service_of_a_package_is_left_to_the_package(shell: Shell, root: Path) -> None:
    path = root / "usr/lib/systemd/system/mbmd.service"
    path.parent.mkdir(parents=True)
    path.touch()
    for action, instead in (("install", "systemctl enable --now mbmd.service"), ("uninstall", "apt-get remove mbmd")):
        done = shell("service", action, "--root", str(root))
        assert done.code == 2
        told = "/usr/lib/systemd/system/mbmd.service is of the package mbmd, which has the service"
        assert done.err == f"mbmd: {told}: sudo {instead}\n"


def test_a_failure_half_way_says_what_is_done(shell: Shell, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "etc/systemd").touch()
    done = shell("service", "install", "--root", str(root), *COMMAND)
    assert done.code == 1
    assert done.out.splitlines() == [f"wrote {root}/etc/sysusers.d/mbmd.conf", f"wrote {root}/etc/mbmd.yaml"]
    first, second = done.err.splitlines()
    assert first.startswith("mbmd: write /etc/systemd/system/mbmd.service: ")
    assert second == "  what is told above is done; do the same again when this is mended"


def test_the_configuration_of_the_service_has_nothing_to_poll_and_no_mistake(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mbmd.yaml"
    file.write_text(example_without_devices(), encoding="utf-8")
    done = shell("config", "check", str(file))
    assert done.err == f"{file}: no devices: name them with -d, or under devices in the file\n"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Status:
    """A service that runs, with its unit and configuration in a folder."""
    config, unit = tmp_path / "house.yaml", tmp_path / "mbmd.service"
    config.write_text(f"api: 0.0.0.0:8080\n{CONFIGURED}", encoding="utf-8")
    unit.write_text(layout.unit(Service(("/usr/bin/mbmd",), config, user="root", group="root")), encoding="utf-8")
    found = Status(unit, "active", "running", "enabled", "Monday", 217, 48_000_000, 2)
    monkeypatch.setattr(service_status, "status", lambda: found)
    return found


def test_status_tells_how_it_is_and_where_all_is(shell: Shell, service: Status, tmp_path: Path) -> None:
    done = shell("service", "status")
    rows = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert done.code == 0
    assert rows["state"] == "active, running, since Monday, restarted 2 times"
    assert rows["unit"] == f"{service.unit}, enabled"
    assert rows["process"] == "217, 48 MB"
    assert rows["user"].startswith("root, in the groups ")
    assert rows["config"] == str(tmp_path / "house.yaml")
    assert rows["web"] == "http://localhost:8080"
    assert rows["log"] == "journalctl -u mbmd -n 50"
    assert "trouble" not in rows


def test_status_as_json(shell: Shell, service: Status) -> None:
    told = json.loads(shell("service", "status", "--json").out)
    assert (told["installed"], told["active"], told["pid"], told["web"]) == (True, True, 217, "http://localhost:8080")
    assert told["trouble"] == []


def test_status_tells_what_is_wrong(shell: Shell, service: Status, tmp_path: Path) -> None:
    config = tmp_path / "house.yaml"
    config.write_text("devices: [{type: sdm, id: 1, adapter: /dev/no-such-port}]", encoding="utf-8")
    assert "trouble  /dev/no-such-port: no such file or directory\n" in shell("service", "status").out
    config.unlink()
    (trouble,) = json.loads(shell("service", "status", "--json").out)["trouble"]
    assert str(config) in trouble
    assert service.unit is not None
    service.unit.write_text("User=no-such-user\n", encoding="utf-8")
    assert "there is no user no-such-user" in shell("service", "status").out


def test_of_what_is_not_installed_nothing_is_wrong(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_status, "status", lambda: Status(None))
    done = shell("service", "status", "--json")
    told = json.loads(done.out)
    assert (done.code, told["installed"], told["trouble"]) == (4, False, [])


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (Status(None), 4, "mbmd is not installed as a service: sudo mbmd service install"),
        (Status(Path("/no/unit")), 3, "inactive"),
        (Status(Path("/no/unit"), "failed", "watchdog"), 3, "failed, watchdog"),
        (Status(Path("/no/unit"), "reloading"), 0, "reloading"),
    ],
)
def test_scripts_go_by_the_exit_code(
    found: Status, code: int, said: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_status, "status", lambda: found)
    done = shell("service", "status")
    assert done.code == code
    assert said in done.out.splitlines()[0]
