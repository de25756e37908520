"""The workflows of GitHub: of the right form, with few rights, and with nothing that is not in the checkout."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
DEPENDABOT = ROOT / ".github" / "dependabot.yml"

RIGHTS = {
    ("release.yml", "attest"): {"attestations": "write", "id-token": "write"},
    ("release.yml", "pypi"): {"id-token": "write"},
    ("release.yml", "github"): {"contents": "write"},
}
"""Jobs that may do more than read the checkout."""


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def jobs() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield path, name, job


JOBS = {f"{path.stem}-{name}": (path, name, job) for path, name, job in jobs()}
ALL_STEPS = [step for _, _, job in JOBS.values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [DEPENDABOT]),
        ("vendor.compose-spec", [ROOT / "docs" / "compose" / "compose.yaml"]),
    ],
)
def test_files_have_the_form_that_their_readers_want(schema: str, files: list[Path]) -> None:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_workflows_for_changes_and_releases() -> None:
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "release.yml"}
    # YAML takes the key `on` for a truth value.
    assert set(read(WORKFLOWS[0])[True]) == {"pull_request", "push"}
    assert read(WORKFLOWS[1])[True] == {"push": {"tags": ["v*"]}}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]
    assert "secrets" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_no_more_than_it_needs_and_comes_to_an_end(job: str) -> None:
    path, name, found = JOBS[job]
    assert found.get("permissions") == RIGHTS.get((path.name, name))
    assert found["timeout-minutes"] <= 90


def test_actions_are_pinned_by_their_commit_and_name_their_version() -> None:
    for path in WORKFLOWS:
        used = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
        assert used
        for line in used:
            assert re.search(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_an_action_has_one_version() -> None:
    used = {step["uses"] for step in ALL_STEPS if "uses" in step}
    assert len({action.partition("@")[0] for action in used}) == len(used)


def test_a_checkout_leaves_no_token_behind() -> None:
    checkouts = [step for step in ALL_STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_scripts_take_nothing_of_the_event_into_their_text() -> None:
    assert not [step["run"] for step in ALL_STEPS if "${{" in step.get("run", "")]


def targets() -> set[str]:
    """What can be made."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    return {name for line in lines if line.startswith(".PHONY:") for name in line.split()[1:]}


def test_what_is_made_is_in_the_makefile() -> None:
    made = {name for step in ALL_STEPS for name in re.findall(r"\bmake ([\w-]+)", step.get("run", ""))}
    assert {"test", "wheels", "release-check"} <= made
    assert made <= targets()


def test_what_is_run_is_there() -> None:
    text = "\n".join(step.get("run", "") for step in ALL_STEPS)
    assert ".ci/run" in text
    assert all((ROOT / path).exists() for path in re.findall(r"(?<![\w/])\.ci/\w+", text))
    commands = set(re.findall(r"python -m wheels ([\w-]+)", text))
    known = subprocess.run(
        [sys.executable, "-m", "wheels", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert commands
    assert all(f"    {command} " in known.stdout for command in commands)


def test_nothing_is_published_before_all_is_proven() -> None:
    release = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]

    def before(name: str) -> set[str]:
        needs = release[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*(before(need) for need in direct))

    assert before("github") == set(release) - {"github"}
    assert before("pypi") >= {"build", "same", "prove", "check", "deb", "attest"}
    assert release["pypi"]["environment"]["name"] == "pypi"


def test_dependencies_are_looked_after_where_they_are() -> None:
    updates = read(DEPENDABOT)["updates"]
    folders = {folder for update in updates for folder in update.get("directories", [update.get("directory")])}
    assert all((ROOT / folder.strip("/")).is_dir() for folder in folders)
    assert {update["package-ecosystem"] for update in updates} >= {"github-actions", "pip", "docker", "npm"}
