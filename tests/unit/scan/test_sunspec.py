"""SunSpec devices among the units of a bus."""

import pytest

from mbmd.sunspec.common import Common
from tests.scripted import exception
from tests.unit.scan.lines import MBAP, line_of, meter, survey, times_asked, types, words

MARKER = [0x5375, 0x6E53]
COMMON = Common("SMA", "STP 8.0", "", "3.1", "4711")


def inverter(base: int = 40000, model: int = 1, length: int = 66, whole: bool = True) -> dict[int, int]:
    texts = ((COMMON.manufacturer, 16), (COMMON.model, 16), ("", 8), (COMMON.version, 8), (COMMON.serial, 16))
    data = b"".join(text.encode().ljust(2 * size, b"\0") for text, size in texts)
    body = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)] + [126, 0x8000]
    image = [*MARKER, model, length, *(body[:length] if whole else [])]
    return dict(enumerate(image, base))


@pytest.mark.parametrize("base", [40000, 0, 50000])
@pytest.mark.parametrize("unit", [1, 3, 126, 247])
def test_a_sunspec_device_says_what_it_is(base: int, unit: int) -> None:
    line = line_of(MBAP, {unit: words({3: inverter(base), 4: {}})}, exception(11))
    made = survey(line, range(1, 248), sunspec=True)
    assert types(made) == {unit: "SUNSPEC"}
    assert made.found[0].sunspec == COMMON
    assert times_asked(line, unit) <= 5


def test_model_1_may_have_65_registers() -> None:
    made = survey(line_of(MBAP, {2: words({3: inverter(length=65), 4: {}})}), range(1, 4), sunspec=True)
    assert made.found[0].sunspec == COMMON


@pytest.mark.parametrize("image", [inverter(model=101), inverter(length=9), inverter(whole=False)])
def test_the_marker_alone_is_enough(image: dict[int, int]) -> None:
    made = survey(line_of(MBAP, {2: words({3: image, 4: {}})}), range(1, 4), sunspec=True)
    assert types(made) == {2: "SUNSPEC"}
    assert made.found[0].sunspec == Common()


def test_meters_stand_beside_inverters() -> None:
    units = {1: words({3: inverter(), 4: {}}), 4: meter("JANITZA"), 5: meter("SDM", gaps="zero")}
    made = survey(line_of(MBAP, units, exception(11)), range(1, 11), sunspec=True)
    assert types(made) == {1: "SUNSPEC", 4: "JANITZA", 5: "SDM"}


def test_an_inverter_that_answers_to_every_id_is_one_device() -> None:
    made = survey(line_of(MBAP, {}, words({3: inverter(), 4: {}})), range(1, 248), sunspec=True)
    assert made.is_one_device
    assert [portrait.unit for portrait in made.found] == [1]


def test_without_types_only_sunspec_is_asked() -> None:
    line = line_of(MBAP, {1: words({3: inverter(), 4: {}}), 2: meter("SDM")}, exception(11))
    made = survey(line, range(1, 4), types=[], sunspec=True)
    assert types(made) == {1: "SUNSPEC"}
    assert {asked.function for asked in line.asked} == {3}
