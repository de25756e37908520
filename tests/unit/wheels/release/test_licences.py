"""Licences of the runtime dependencies: what is allowed to whom."""

from pathlib import Path

import pytest

from wheels.locked import packages
from wheels.release.licences import Policy, complaints

ROOT = Path(__file__).parents[4]
POLICY = Policy.read(ROOT / "wheels" / "release" / "licences.toml")
LICENCES = {package.name: package.license for package in packages().values()}


def test_the_dependencies_of_this_project_are_allowed() -> None:
    assert {"sanic", "httptools", "pyserial"} <= set(LICENCES)
    assert complaints(LICENCES, POLICY) == []


def test_what_is_judged_is_still_needed() -> None:
    wrong = {line.partition(":")[0] for line in complaints(LICENCES, Policy(POLICY.allowed, {}))}
    assert wrong == set(POLICY.judged)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("MIT", None),
        ("GPL-3.0-only OR MIT", None),
        ("(MIT AND BSD-3-Clause) OR (EPL-2.0 AND MIT)", None),
        ("GPL-3.0-only", "thing: GPL-3.0-only: GPL-3.0-only is not allowed in licences.toml"),
        ("MIT AND (GPL-3.0-only OR EPL-2.0 AND AGPL-3.0-only)", "GPL-3.0-only is not allowed"),
        ("MIT AND MPL-2.0", "MPL-2.0 is not allowed"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception is not allowed"),
        ("MIT AND", "'MIT AND' is no SPDX expression"),
        ("(MIT", "is no SPDX expression"),
        ("MIT BSD-3-Clause", "is no SPDX expression"),
        ("", "'' is no SPDX expression"),
        (")", "is no SPDX expression"),
    ],
)
def test_expressions_are_judged(expression: str, said: str | None) -> None:
    told = complaints({"thing": expression}, POLICY)
    assert (said in told[0]) if said else told == []


def test_what_one_package_may_have_another_may_not() -> None:
    assert complaints({"orjson": "MPL-2.0", "other": "MPL-2.0"}, POLICY) == [
        "other: MPL-2.0: MPL-2.0 is not allowed in licences.toml"
    ]
