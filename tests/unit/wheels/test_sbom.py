"""The bill of materials is valid CycloneDX, complete and the same each time."""

import json

import pytest

from mbmd.errors import UsageError
from wheels.locked import Package, packages
from wheels.sbom import bill

OWN = Package("mbmd", "1.0", "MIT", ("rich", "sanic"), ())
FILES = {"mbmd-1.0.tar.gz": "11" * 32, "mbmd-1.0-cp311-abi3-manylinux_2_17_x86_64.whl": "22" * 32}
PINNED = list(packages().values())


def test_it_is_valid() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill(OWN, FILES, PINNED, 1_700_000_000)) is None


def test_it_is_the_same_each_time_and_another_for_another_build() -> None:
    one = bill(OWN, FILES, PINNED, 1_700_000_000)
    assert one == bill(OWN, dict(reversed(FILES.items())), PINNED, 1_700_000_000)
    assert json.loads(one)["serialNumber"] != json.loads(bill(OWN, FILES, PINNED, 1))["serialNumber"]


def test_it_has_every_package_with_licence_and_checksums() -> None:
    read = json.loads(bill(OWN, FILES, PINNED, 0))
    assert [part["name"] for part in read["components"]] == [package.name for package in PINNED]
    for part in read["components"]:
        assert part["licenses"][0]["expression"]
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        assert all(len(file["hashes"][0]["content"]) == 64 for file in part["externalReferences"])
        assert part["externalReferences"]


def test_it_tells_what_needs_what() -> None:
    read = json.loads(bill(OWN, FILES, PINNED, 0))
    needs = {row["ref"]: row["dependsOn"] for row in read["dependencies"]}
    names = [ref.partition("@")[0] for ref in needs["pkg:pypi/mbmd@1.0"]]
    assert names == ["pkg:pypi/rich", "pkg:pypi/sanic"]
    assert {ref for row in needs.values() for ref in row} <= set(needs)


def test_something_needed_that_is_not_pinned_is_named() -> None:
    with pytest.raises(UsageError, match="mbmd needs unheard-of: pin it"):
        bill(Package("mbmd", "1", "MIT", ("unheard-of",), ()), {}, PINNED, 0)
