"""Licences of the runtime dependencies: what is allowed, and what a package says."""

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from wheels.release.dependencies import closure, declared, pins
from wheels.release.licences import Policy, complaints, licence

ROOT = Path(__file__).parents[4]
POLICY = Policy.read(ROOT / "wheels" / "release" / "licences.toml")


class Packaged(Distribution):
    """A package that is nothing but its metadata."""

    def __init__(self, *fields: str) -> None:
        self.text = "\n".join(["Metadata-Version: 2.4", "Name: some_Thing", "Version: 1.2", *fields])

    def read_text(self, filename: str) -> str | None:
        return self.text if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        raise FileNotFoundError(path)


def test_the_dependencies_of_this_project_are_allowed() -> None:
    found = closure(declared(ROOT / "pyproject.toml"))
    assert {"sanic", "httptools", "pyserial"} <= set(found)
    assert complaints(found, POLICY) == []


def test_what_is_judged_is_still_needed() -> None:
    found = closure(declared(ROOT / "pyproject.toml"))
    unjudged = Policy(POLICY.allowed, POLICY.names, {})
    wrong = {line.partition(":")[0] for line in complaints(found, unjudged)}
    assert wrong == set(POLICY.judged)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            ["License-Expression: MIT OR GPL-2.0-only", "Classifier: License :: OSI Approved :: BSD License"],
            "MIT OR GPL-2.0-only",
        ),
        (["Classifier: License :: OSI Approved :: BSD License", "License: whatever"], "BSD-3-Clause"),
        (
            ["Classifier: License :: OSI Approved :: MIT License", "Classifier: License :: Public Domain"],
            "MIT AND LicenseRef-Public-Domain",
        ),
        (["License: Apache License 2.0"], "Apache-2.0"),
        (["License: Own Words"], "Own-Words"),
        (["License: " + "Permission is granted. " * 9], ""),
        ([], ""),
    ],
)
def test_a_package_says_its_licence(fields: list[str], expected: str) -> None:
    assert licence(Packaged(*fields), POLICY) == expected


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
        (")", "is no SPDX expression"),
    ],
)
def test_expressions_are_judged(expression: str, said: str | None) -> None:
    told = complaints({"thing": Packaged(f"License-Expression: {expression}")}, POLICY)
    assert (said in told[0]) if said else told == []


def test_what_one_package_may_have_another_may_not() -> None:
    mozilla = Packaged("License-Expression: MPL-2.0")
    assert complaints({"orjson": mozilla}, POLICY) == []
    assert complaints({"other": mozilla, "silent": Packaged(), "away": None}, POLICY) == [
        "other: MPL-2.0: MPL-2.0 is not allowed in licences.toml",
        "silent: it names no licence",
        "away: it is not installed",
    ]


def test_the_closure_follows_extras_and_markers() -> None:
    found = closure(["packaging; python_version < '3'", "Sanic>=1", "no-such.Package[extra]"])
    assert "packaging" not in found
    assert {"sanic", "httptools", "no-such-package"} <= set(found)
    assert found["no-such-package"] is None


def test_pins_are_lines_of_a_requirements_file() -> None:
    assert pins([Packaged()]) == "some-thing==1.2\n"
