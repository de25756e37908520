"""Licences are told as SPDX expressions, however a package words its own."""

import zipfile
from email.message import Message
from pathlib import Path

import pytest

from mbmd.errors import MbmdError
from wheels.metadata import licence, metadata


def said(*rows: tuple[str, str]) -> Message:
    message = Message()
    for key, text in [("Name", "a"), ("Version", "1"), *rows]:
        message[key] = text
    return message


MIT = ("Classifier", "License :: OSI Approved :: MIT License")
APACHE = ("Classifier", "License :: OSI Approved :: Apache Software License")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("License-Expression", "BSD-3-Clause AND TCL"), MIT], "BSD-3-Clause AND TCL"),
        ([("License", "mit")], "MIT"),
        ([("License", "Apache License 2.0")], "Apache-2.0"),
        ([("License", "MIT License"), MIT, APACHE], "MIT"),
        ([("License", "Public Domain"), ("Classifier", "License :: Public Domain"), MIT], "MIT"),
        ([MIT, APACHE], "Apache-2.0 OR MIT"),
    ],
)
def test_what_says_most_is_taken(rows: list[tuple[str, str]], expected: str) -> None:
    assert licence(said(*rows)) == expected


@pytest.mark.parametrize(
    "rows", [[], [("License", "see the file")], [("Classifier", "License :: OSI Approved :: Own License")]]
)
def test_a_licence_that_has_no_expression_is_for_a_person_to_look_at(rows: list[tuple[str, str]]) -> None:
    with pytest.raises(MbmdError, match="a 1: no licence that has an SPDX expression"):
        licence(said(*rows))


def test_metadata_is_that_of_the_wheel_and_not_of_what_it_carries(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr("a/_vendor/b-1.dist-info/METADATA", "Name: b\n")
        archive.writestr("a-1.dist-info/METADATA", "Name: a\n")
    assert metadata(tmp_path / "a.whl")["Name"] == "a"
