"""The release check: steps in their order, everything wrong at once, and nothing unchecked taken for well."""

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from wheels.release import steps
from wheels.release.check import OK, Outcome, chosen, conclude, do
from wheels.release.ground import Ground, NotCheckedError
from wheels.release.steps import STEPS, Step, vulnerabilities

ROOT = Path(__file__).parents[4]
CHECKS = {step.name: step.check for step in STEPS}
PYPROJECT = '[project]\nname = "mbmd"\ndynamic = ["version"]\n'
CHANGES = "# Changelog\n\n## {}\n\n### Added\n- Something.\n"


def git(root: Path, *argv: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *argv], cwd=root, check=True, capture_output=True)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A checkout of version 1.2.0 that is right in all that is quickly told."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    (tmp_path / "mbmd").mkdir()
    (tmp_path / "mbmd" / "__init__.py").write_text('"""Package."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "CHANGELOG.md").write_text(CHANGES.format("1.2.0 - 2026-03-01"))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    return Ground(tmp_path, date(2026, 3, 1))


def rehearsal(ground: Ground) -> Ground:
    return Ground(ground.root, ground.today, rehearse=True)


@pytest.mark.parametrize("step", ["tree", "version", "changelog", "tag"])
def test_a_checkout_that_is_right_passes(ground: Ground, step: str) -> None:
    assert CHECKS[step](ground) == []


def test_what_is_not_committed_is_named(ground: Ground) -> None:
    (ground.root / "new").touch()
    (ground.root / "pyproject.toml").write_text("")
    assert CHECKS["tree"](ground) == ["not committed:  M pyproject.toml", "not committed: ?? new"]


def test_without_a_repository_nothing_is_checked(tmp_path: Path) -> None:
    with pytest.raises(NotCheckedError, match="git status"):
        CHECKS["tree"](Ground(tmp_path, date(2026, 3, 1)))


def test_a_second_place_for_the_version_is_found(ground: Ground) -> None:
    (ground.root / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (ground.root / "mbmd" / "about.py").write_text("VERSION = '1.2.0'\n")
    git(ground.root, "add", ".")
    assert CHECKS["version"](ground) == [
        "pyproject.toml: the version is to be dynamic, from mbmd.__version__",
        "mbmd/about.py: has the version 1.2.0 too",
        "pyproject.toml: has the version 1.2.0 too",
    ]


@pytest.mark.parametrize("text", ['__version__ = "1.2"', '__version__ = "1.2.0.dev1"', "version = 3"])
def test_a_version_that_is_none_is_refused(ground: Ground, text: str) -> None:
    (ground.root / "mbmd" / "__init__.py").write_text(f"{text}\n")
    assert "is neither as 1.2.3 nor as 1.2.3rc1" in CHECKS["version"](ground)[0]


def test_only_a_rehearsal_does_with_unreleased_changes(ground: Ground) -> None:
    (ground.root / "CHANGELOG.md").write_text(CHANGES.format("Unreleased"))
    assert CHECKS["changelog"](ground) == ["CHANGELOG.md: there is no section '## 1.2.0 - 2026-03-01'"]
    assert CHECKS["changelog"](rehearsal(ground)) == []


def test_changes_are_not_left_behind(ground: Ground) -> None:
    released = CHANGES.format("1.2.0 - 2026-03-02").partition("\n\n")[2]
    (ground.root / "CHANGELOG.md").write_text(CHANGES.format("Unreleased") + "\n" + released)
    assert CHECKS["changelog"](ground) == [
        "CHANGELOG.md:8: 1.2.0 is of a day to come",
        "CHANGELOG.md:3: changes stand under Unreleased, beside those of 1.2.0",
    ]


def test_a_release_candidate_is_spelt_in_two_ways(ground: Ground) -> None:
    (ground.root / "mbmd" / "__init__.py").write_text('__version__ = "1.2.0rc1"\n')
    (ground.root / "CHANGELOG.md").write_text(CHANGES.format("1.2.0-rc.1 - 2026-03-01"))
    assert CHECKS["version"](ground) == CHECKS["changelog"](ground) == []


def test_the_tag_is_that_of_the_version(ground: Ground) -> None:
    git(ground.root, "tag", "v1.3.0")
    assert CHECKS["tag"](ground) == ["the commit is tagged v1.3.0, but its version is 1.2.0"]
    git(ground.root, "tag", "-d", "v1.3.0")
    git(ground.root, "tag", "v1.2.0")
    assert CHECKS["tag"](ground) == []
    git(ground.root, "commit", "--allow-empty", "-qm", "y")
    assert CHECKS["tag"](ground) == ["v1.2.0 is another commit already: a new version is due in mbmd/__init__.py"]


def test_wheels_and_source_have_to_be_there(ground: Ground) -> None:
    dist = ground.root / "wheels" / "dist"
    dist.mkdir(parents=True)
    (dist / "mbmd-1.2.0-cp311-abi3-linux_x86_64.whl").touch()
    (dist / "mbmd-1.1.0.tar.gz").touch()
    assert CHECKS["twine"](ground) == ["wheels/dist has not both wheels and source of 1.2.0"]


def audited(**more: object) -> str:
    return json.dumps({"dependencies": [{"name": "sanic", "version": "1", "vulns": [], **more}]})


def test_an_audit_without_findings_is_well() -> None:
    assert vulnerabilities(audited(), "") == []


def test_vulnerabilities_are_told_with_what_mends_them() -> None:
    found = [{"id": "PYSEC-1", "fix_versions": ["1.1", "2"]}, {"id": "PYSEC-2", "fix_versions": []}]
    assert vulnerabilities(audited(vulns=found), "") == [
        "sanic 1: PYSEC-1, mended in 1.1, 2",
        "sanic 1: PYSEC-2, not mended yet",
    ]


@pytest.mark.parametrize(
    ("output", "errors", "said"),
    [
        (json.dumps({"dependencies": [{"name": "sanic", "skip_reason": "not found"}]}), "", "did not answer for sanic"),
        ("", "Traceback\nConnectionError: no route\n", "could not ask its database: ConnectionError: no route"),
        ("[]", "", "could not ask its database: no output"),
    ],
)
def test_an_audit_that_asked_nobody_is_no_success(output: str, errors: str, said: str) -> None:
    with pytest.raises(NotCheckedError, match=said):
        vulnerabilities(output, errors)


def test_a_failed_program_shows_its_end(ground: Ground) -> None:
    said = ground.run("demo", ["sh", "-c", "seq 40; exit 3"])
    assert said[0] == "`sh -c 'seq 40; exit 3'` gave 3; the end of build/release/demo.log:"
    assert said[1:] == [f"  {number}" for number in range(26, 41)]
    assert ground.run("demo", ["true"]) == []


def refuse(_: Ground) -> list[str]:
    raise NotCheckedError("nobody answers")


def absent(_: Ground) -> list[str]:
    raise FileNotFoundError(2, "No such file", "x")


PLAYED = (
    Step("good", "", lambda _: []),
    Step("bad", "", lambda _: ["first", "second"]),
    Step("later", "", lambda _: [], after=("good", "bad")),
    Step("away", "", refuse),
    Step("absent", "", absent),
)


def test_all_steps_are_done_and_told(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = do(PLAYED, ground)
    assert outcomes == {
        "good": OK,
        "bad": Outcome("failed", ("first", "second")),
        "later": Outcome("not run", ("it needs bad",)),
        "away": Outcome("not checked", ("nobody answers",)),
        "absent": Outcome("failed", ("[Errno 2] No such file: 'x'",)),
    }
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(outcomes)
    assert conclude(outcomes, offline=False, left_out=0) == 1
    printed = capsys.readouterr().out
    assert "bad: failed\n  first\n  second\n" in printed
    assert printed.endswith("this is no release: bad, later, away, absent\n")


@pytest.mark.parametrize(
    ("outcome", "offline", "left_out", "code", "said"),
    [
        (OK, False, 0, 0, "this may be released"),
        (OK, False, 2, 0, "nothing wrong was found, but steps left out: 2"),
        (Outcome("not checked"), True, 0, 0, "nothing wrong was found, but not checked: step"),
        (Outcome("not checked"), False, 0, 1, "this is no release: step"),
        (Outcome("failed"), True, 0, 1, "this is no release: step"),
    ],
)
def test_the_verdict(
    outcome: Outcome, offline: bool, left_out: int, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conclude({"step": outcome}, offline, left_out) == code
    assert capsys.readouterr().out.endswith(f"\n{said}\n")


def test_steps_are_chosen_by_name() -> None:
    assert [step.name for step in chosen(PLAYED, [], ["bad"])] == ["good", "later", "away", "absent"]
    assert [step.name for step in chosen(PLAYED, ["away", "good"], [])] == ["good", "away"]


def test_what_a_step_needs_runs_before_it() -> None:
    names = [step.name for step in STEPS]
    assert len(set(names)) == len(names)
    assert all(set(step.after) <= set(names[: names.index(step.name)]) for step in STEPS)


def test_the_manual_tells_of_all_steps() -> None:
    manual = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.replace("`", "").strip() for cell in line.split("|")[1:-1])
        for line in manual.splitlines()
        if "| `" in line
    ]
    said = [row for row in rows if row[0] in {step.name for step in STEPS}]
    assert said == [(step.name, step.says) for step in STEPS]


def test_this_checkout_has_a_version() -> None:
    assert steps.version(Ground(ROOT, date(2026, 1, 1)))
