"""The recipe of the image: small, pinned to one Debian, and run by nobody in particular."""

import re
import shlex
from typing import Any

import pytest

from wheels.container.buildah import BASE
from wheels.container.check import RECIPE, unsafe

TEXT = RECIPE.read_text(encoding="utf-8")
LINES = [
    line.strip()
    for line in re.sub(
        r"\\\n", " ", "".join(f"{line}\n" for line in TEXT.splitlines() if not line.startswith("#"))
    ).splitlines()
    if line.strip()
]
RIGHT: dict[str, Any] = {
    "User": "10001:20",
    "Entrypoint": ["mbmd"],
    "Cmd": ["run"],
    "StopSignal": "SIGTERM",
    "Healthcheck": {"Test": ["CMD", "python3"]},
    "Volumes": {"/var/lib/mbmd": {}},
    "Env": ["LANG=C.UTF-8"],
}


def test_both_stages_stand_on_the_base_that_is_checked() -> None:
    assert f"ARG DEBIAN={BASE}" in LINES
    assert [line for line in LINES if line.startswith("FROM")] == ["FROM ${DEBIAN} AS install", "FROM ${DEBIAN}"]


def test_only_wheels_come_from_outside() -> None:
    copied = [line for line in LINES if line.startswith(("COPY", "ADD"))]
    assert copied == ["COPY . /wheels", "COPY --from=install /opt/mbmd /opt/mbmd"]
    assert "--no-index" in TEXT
    assert not re.search(r"curl|wget|git|https?://(?!127\.0\.0\.1)", TEXT)


def test_packages_leave_no_lists_behind() -> None:
    installs = [line for line in LINES if "apt-get install" in line]
    assert len(installs) == 2
    for line in installs:
        assert "--no-install-recommends" in line
        assert "rm -rf /var/lib/apt/lists/*" in line


def test_the_health_check_is_python() -> None:
    (line,) = (line for line in LINES if line.startswith("HEALTHCHECK"))
    program, flag, code = shlex.split(line[line.index("[") :].strip("[]").replace('", "', '" "'))
    assert (program, flag) == ("python3", "-c")
    compile(code, "HEALTHCHECK", "exec")


def test_what_is_right_is_not_complained_of() -> None:
    assert unsafe(RIGHT) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"User": ""}, "runs as root"),
        ({"User": "0:0"}, "runs as root"),
        ({"User": "mbmd"}, "as a user by name"),
        ({"Entrypoint": ["sh", "-c", "mbmd"]}, "does not run"),
        ({"Cmd": None}, "does not run"),
        ({"StopSignal": "SIGKILL"}, "is not stopped by SIGTERM"),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "true"]}}, "no health check without a shell"),
        ({"Healthcheck": {}}, "no health check"),
        ({"Volumes": None}, "no volume"),
        ({"Env": ["MQTT_PASSWORD=x"]}, "holds a secret"),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, Any], said: str) -> None:
    (wrong,) = unsafe(RIGHT | change)
    assert said in wrong


def test_the_recipe_is_where_the_manual_says() -> None:
    manual = (RECIPE.parents[2] / "docs" / "container.md").read_text(encoding="utf-8")
    assert f"-f {RECIPE.relative_to(RECIPE.parents[2])} " in manual
