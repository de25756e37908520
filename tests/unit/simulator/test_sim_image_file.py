"""Files with registers of SunSpec devices."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.errors import UsageError
from mbmd.simulator.image_file import LARGEST, ImageFile, fixed, read_image_file

if TYPE_CHECKING:
    from collections.abc import Mapping


def written(folder: Path, data: bytes | str) -> str:
    path = folder / "image.json"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def test_registers_stand_at_their_addresses(tmp_path: Path) -> None:
    units = {"126": {"40000": [1, 2], "0": [3]}, "0": {"65535": [65535]}, "255": {"7": [], "8": [0]}}
    path = written(tmp_path, json.dumps({"name": "any", "comment": "any", "units": units}))
    assert read_image_file(path) == ImageFile(path, {126: {40000: 1, 40001: 2, 0: 3}, 0: {65535: 65535}, 255: {8: 0}})


def test_a_device_has_them_as_holding_registers_at_all_times() -> None:
    device = fixed({5: 7})
    assert device.image(0) is device.image(1000)
    assert device.image(0) == {1: {}, 2: {}, 3: {5: 7}, 4: {}}
    assert not device.is_asleep(0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: this is not JSON"),
        ('{\n"units": }', ":2: this is not JSON"),
        (b"\xff\xfe", "this is not UTF-8"),
        ("[" * 100_000, "brackets in brackets"),
        ("1" * 5000, "a number that no register holds"),
        ("[]", "there are no units: write them as {"),
        ("{}", "there are no units"),
        ('{"units": {}}', "there are no units"),
        ('{"units": [1]}', "there are no units"),
        ('{"units": {"one": {}}}', "unit 'one' is not from 0 to 255"),
        ('{"units": {"256": {}}}', "unit '256' is not from 0 to 255"),
        ('{"units": {"٣": {}}}', "is not from 0 to 255"),
        ('{"units": {"-1": {}}}', "unit '-1' is not from"),
        ('{"units": {"1": {"0": [1]}, "1": {}}}', "'1' is there twice"),
        ('{"units": {"1": {"0": [1]}, "01": {"0": [1]}}}', "unit '01' is there twice"),
        ('{"units": {"1": {}}}', "unit 1: there are no registers"),
        ('{"units": {"1": {"40000": []}}}', "unit 1: there are no registers"),
        ('{"units": {"1": [1, 2]}}', "unit 1: there are no registers"),
        ('{"units": {"1": {"x": [1]}}}', "unit 1: 'x' is no address from 0 to 65535"),
        ('{"units": {"1": {"65536": [1]}}}', "unit 1: '65536' is no address"),
        ('{"units": {"1": {"9999999999999": [1]}}}', "is no address"),
        ('{"units": {"1": {"7": 5}}}', "unit 1, address 7: a list of registers"),
        ('{"units": {"1": {"65535": [1, 2]}}}', "address 65535: 2 registers go beyond address 65535"),
        ('{"units": {"1": {"7": [0, 65536]}}}', "unit 1, address 8: 65536 is no register from 0 to 65535"),
        ('{"units": {"1": {"7": [-1]}}}', "unit 1, address 7: -1 is no register"),
        ('{"units": {"1": {"7": [1.5]}}}', "address 7: 1.5 is no register"),
        ('{"units": {"1": {"7": [NaN]}}}', "address 7: nan is no register"),
        ('{"units": {"1": {"7": [true]}}}', "address 7: True is no register"),
        ('{"units": {"1": {"7": [null]}}}', "address 7: this is no register"),
        ('{"units": {"1": {"7": [[[]]]}}}', "address 7: this is no register"),
        ('{"units": {"1": {"7": ["' + "x" * 9000 + '"]}}}', "is no register"),
        ('{"units": {"1": {"7": [1, 2], "8": [3]}}}', "unit 1, address 8: two lists have this register"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        read_image_file(path)
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(path) + 200


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: this cannot be read: No such file"):
        read_image_file(str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="this cannot be read: Is a directory"):
        read_image_file(str(tmp_path))
    with pytest.raises(UsageError, match="this cannot be read"):
        read_image_file("a\0b")
    with pytest.raises(UsageError, match="/dev/zero: this is larger than 16 MiB"):
        read_image_file("/dev/zero")
    assert LARGEST == 16 << 20


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.integers(-1, 300).map(str) | st.text(max_size=3)
_UNITS = st.dictionaries(_KEYS, st.dictionaries(_KEYS, st.lists(st.integers(-1, 70000) | _JSON), max_size=3) | _JSON)


@given(_JSON | st.fixed_dictionaries({"units": _UNITS}) | st.fixed_dictionaries({"units": _JSON}))
def test_any_json_is_an_image_or_one_clear_line(tmp_path_factory: pytest.TempPathFactory, found: Any) -> None:
    check(written(tmp_path_factory.getbasetemp(), json.dumps(found)))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_image_or_one_clear_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    check(written(tmp_path_factory.getbasetemp(), data))


def check(path: str) -> None:
    units: Mapping[int, Mapping[int, int]] = {}
    complaint = ""
    try:
        units = read_image_file(path).units
    except UsageError as error:
        complaint = str(error)
    assert bool(units) is not complaint.startswith(path)
    assert "\n" not in complaint
    for unit, words in units.items():
        assert 0 <= unit <= 255
        assert words
        assert all(0 <= at <= 0xFFFF and 0 <= word <= 0xFFFF for at, word in words.items())
