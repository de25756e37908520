"""What installing and removing the service does, as it is planned."""

from pathlib import Path

from mbmd.service import layout
from mbmd.service.layout import CONFIG, STATE, UNIT_FILE, USERS_FILE, WANTED, Service
from mbmd.service.steps import Found, Keep, Link, Remove, Run, Step, Write, install, uninstall

SERVICE = Service(("/usr/bin/mbmd",))
INSTALLED = frozenset({UNIT_FILE, WANTED, CONFIG, STATE})


def planned(found: Found, service: Service = SERVICE, enable: bool = True, start: bool = True) -> list[Step]:
    return list(install(service, "text", found, enable, start))


def told(steps: list[Step]) -> list[str]:
    return list(map(str, steps))


def test_the_first_time_user_configuration_and_unit_are_made_and_the_service_started() -> None:
    steps = planned(Found())
    assert told(steps) == [
        f"write {USERS_FILE}",
        f"run systemd-sysusers {USERS_FILE}",
        f"write {CONFIG}",
        f"write {UNIT_FILE}",
        "run systemctl daemon-reload",
        "run systemctl enable mbmd.service",
        "run systemctl restart mbmd.service",
    ]
    assert steps[2] == Write(CONFIG, "text", "mbmd")
    assert steps[3] == Write(UNIT_FILE, layout.unit(SERVICE))


def test_once_more_the_configuration_is_kept_and_the_unit_renewed() -> None:
    steps = planned(Found(INSTALLED, frozenset({"mbmd"}), "mbmd"))
    assert Keep(CONFIG, "your configuration") in steps
    assert not any(isinstance(step, Write) and step.path == CONFIG for step in steps)
    assert Write(UNIT_FILE, layout.unit(SERVICE)) in steps
    assert Write(USERS_FILE, layout.users(SERVICE)) in steps


def test_a_user_that_is_somebody_elses_is_left_alone() -> None:
    steps = planned(Found(users=frozenset({"pi"})), Service(("/usr/bin/mbmd",), user="pi", group="pi"))
    assert not any("sysusers" in text for text in told(steps))


def test_what_cannot_start_is_neither_enabled_nor_started() -> None:
    assert told(planned(Found(), enable=False, start=False))[-1] == "run systemctl daemon-reload"
    assert told(planned(Found(), start=False))[-1] == "run systemctl enable mbmd.service"


def test_in_a_tree_nothing_runs() -> None:
    steps = planned(Found(is_tree=True))
    assert not any(isinstance(step, Run) for step in steps)
    assert steps[-1] == Link(WANTED, UNIT_FILE)
    assert Write(CONFIG, "text") in steps
    assert not any(isinstance(step, Link) for step in planned(Found(is_tree=True), enable=False))


def test_removing_keeps_the_configuration_and_what_was_learned() -> None:
    assert told(list(uninstall(SERVICE, Found(INSTALLED, frozenset({"mbmd"}), "mbmd"), purge=False))) == [
        "run systemctl disable --now mbmd.service",
        "run systemctl reset-failed mbmd.service",
        f"remove {WANTED}",
        f"remove {UNIT_FILE}",
        "run systemctl daemon-reload",
        f"keep {CONFIG}: --purge removes it",
        f"keep {STATE}: --purge removes it",
    ]


def test_purging_removes_all_and_the_user_that_was_made() -> None:
    steps = list(uninstall(SERVICE, Found(INSTALLED, frozenset({"mbmd"}), "mbmd"), purge=True))
    assert {CONFIG, STATE, UNIT_FILE, USERS_FILE} <= {step.path for step in steps if isinstance(step, Remove)}
    assert steps[-2:] == [Run(("userdel", "mbmd")), Remove(USERS_FILE)]
    folders = {step.path for step in steps if isinstance(step, Remove) and step.is_folder}
    assert folders == {STATE}


def test_purging_leaves_a_user_that_was_there_before() -> None:
    service = Service((), user="pi")
    steps = list(uninstall(service, Found(INSTALLED, frozenset({"pi"})), purge=True))
    assert not any(isinstance(step, Run) and step.words[0] == "userdel" for step in steps)
    steps = list(uninstall(service, Found(INSTALLED, frozenset({"pi", "mbmd"}), "mbmd"), purge=True))
    assert Run(("userdel", "mbmd")) in steps


def test_what_is_not_installed_is_not_stopped() -> None:
    assert list(uninstall(SERVICE, Found(), purge=True)) == []
    kept = list(uninstall(SERVICE, Found(frozenset({CONFIG, Path("/run/mbmd")})), purge=False))
    assert kept == [Keep(CONFIG, "--purge removes it")]
