"""SunSpec devices among the units of a bus."""

import itertools
from dataclasses import replace

import pytest

from mbmd.config.adapter import Framing
from mbmd.devices.registry import BUILT_IN
from mbmd.scan.chain import MOST_VAIN
from mbmd.sunspec.chain import MOST_MODELS, End
from mbmd.sunspec.common import Common
from tests.scripted import Asked, FarEnd, Step, drop, exception, flip, late
from tests.simulated_units import registers
from tests.unit.scan.inverters import INVERTER, METER, OTHERS, end_of, found, image, texts, unit
from tests.unit.scan.lines import (
    MBAP,
    RTU,
    TIMEOUT,
    first,
    line_of,
    meter,
    survey,
    times_asked,
    types,
    words,
)

GONE = exception(11)
NAMED = (1, texts(INVERTER))
BEHIND_MODEL_1 = 40002 + 68


@pytest.mark.parametrize("base", [40000, 0, 50000])
@pytest.mark.parametrize("at", [1, 3, 126, 247])
def test_a_sunspec_device_says_what_it_is(base: int, at: int) -> None:
    line = line_of(MBAP, {at: unit(base=base)}, GONE)
    made = survey(line, range(1, 248), sunspec=True)
    assert types(made) == {at: "SMA"}
    assert found(made) == ((0, INVERTER, (1, 103, 160)),)
    assert made.found[0].sunspec is not None
    assert made.found[0].sunspec.base == base
    # The marker, four headers, model 1, and how many strings there are.
    assert times_asked(line, at) == (40000, 0, 50000).index(base) + 7


@pytest.mark.parametrize("framing", list(Framing))
def test_it_is_found_in_every_framing_beside_meters(framing: Framing) -> None:
    units = {2: unit(), 4: meter("JANITZA"), 5: meter("SDM", gaps="zero")}
    made = survey(line_of(framing, units), range(1, 8), sunspec=True)
    assert types(made) == {2: "SMA", 4: "JANITZA", 5: "SDM"}
    assert found(made) == ((0, INVERTER, (1, 103, 160)),)


@pytest.mark.parametrize("framing", list(Framing))
def test_silent_ids_are_asked_once_whatever_is_looked_for(framing: Framing) -> None:
    line = line_of(framing, {})
    made = survey(line, range(1, 248), sunspec=True)
    assert [asked.unit for asked in line.asked] == list(range(1, 248))
    assert made.seconds == pytest.approx(247 * TIMEOUT, rel=0.05)


def test_on_a_line_meters_are_asked_for_markers_and_for_no_more() -> None:
    line, other = (line_of(RTU, {4: meter("SDM")}) for _ in range(2))
    with_sunspec = survey(line, range(1, 8), sunspec=True)
    assert types(with_sunspec) == types(survey(other, range(1, 8))) == {4: "SDM"}
    asked = [asked.place for asked in line.asked if asked.unit == 4]
    assert asked[1:4] == [(40000, 2), (0, 2), (50000, 2)]
    assert [*asked[:1], *asked[4:]] == [asked.place for asked in other.asked if asked.unit == 4]


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("name", ["SDM", "JANITZA", "DZG", "SEMTR"])
def test_the_marker_counts_for_more_than_registers_of_a_meter(framing: Framing, name: str) -> None:
    image_of_both = {function: dict(at) for function, at in registers(BUILT_IN.get(name)).items()}
    image_of_both[3] |= image([NAMED, *OTHERS])
    line = line_of(framing, {4: words(image_of_both), 6: meter("SDM", 6)})
    assert types(survey(line, range(1, 8), sunspec=True)) == {4: "SMA", 6: "SDM"}


def test_a_meter_that_keeps_silent_about_what_it_does_not_know_is_found() -> None:
    known = registers(BUILT_IN.get("SDM"))
    sdm = words(known)

    def reticent(far: FarEnd, asked: Asked) -> None:
        there = all(at in known[asked.function] for at in range(asked.address, asked.address + asked.count))
        (sdm if there else drop)(far, asked)

    made = survey(line_of(RTU, {4: reticent}), range(1, 8), sunspec=True)
    assert types(made) == {4: "SDM"}
    # A line is left in peace for a second after silence, for a late answer would say nothing of its place.
    assert made.seconds < 6 * TIMEOUT + 6


def test_the_bases_of_an_adapter_count() -> None:
    line = line_of(MBAP, {2: unit(base=30000)}, GONE)
    line.adapter = replace(line.adapter, options=replace(line.adapter.options, bases=(30000, 40000)))
    assert types(survey(line, range(1, 4), sunspec=True)) == {2: "SMA"}
    assert {asked.place for asked in line.asked if asked.unit != 2} == {(30000, 2)}


def test_a_further_model_1_begins_a_subdevice() -> None:
    models = [NAMED, *OTHERS, (1, texts(METER)), (203, [0] * 105), (1, texts(Common("ACME"))), (64001, [0] * 3)]
    made = survey(line_of(RTU, {2: unit(models)}), range(1, 4), sunspec=True)
    assert found(made) == (
        (0, INVERTER, (1, 103, 160)),
        (1, METER, (1, 203)),
        (2, Common("ACME"), (1, 64001)),
    )
    assert [subdevice.is_measured for subdevice in found(made)] == [True, True, False]


@pytest.mark.parametrize("length", [65, 64])
def test_model_1_may_be_shorter(length: int) -> None:
    made = survey(line_of(MBAP, {2: unit([(1, texts(INVERTER, length)), *OTHERS])}), range(1, 4), sunspec=True)
    assert found(made) == ((0, INVERTER, (1, 103, 160)),)


def test_model_1_may_be_missing() -> None:
    made = survey(line_of(MBAP, {2: unit(OTHERS)}), range(1, 4), sunspec=True)
    assert types(made) == {2: "SUNSPEC"}
    assert found(made) == ((0, Common(), (103, 160)),)


@pytest.mark.parametrize("nothing", [drop, exception(2), exception(4), flip(20)])
def test_model_1_may_be_unreadable(nothing: Step) -> None:
    good = unit()

    def step(far: FarEnd, asked: Asked) -> None:
        (nothing if 40004 <= asked.address < BEHIND_MODEL_1 else good)(far, asked)

    made = survey(line_of(MBAP, {2: step, 3: meter("SDM")}, GONE), range(1, 5), sunspec=True)
    assert types(made) == {2: "SUNSPEC", 3: "SDM"}
    assert found(made) == ((0, Common(), (1, 103, 160)),)


@pytest.mark.parametrize(
    ("end", "why"), [((), End.REFUSED), ((0, 0), End.ZERO), ((103, 0), End.ZERO), ((103, 0xFFFF), End.NO_ROOM)]
)
@pytest.mark.parametrize("models", [(), (NAMED,)])
def test_the_marker_alone_is_enough(models: tuple[tuple[int, list[int]], ...], end: tuple[int, ...], why: End) -> None:
    made = survey(line_of(MBAP, {2: unit(models, end=end)}), range(1, 4), sunspec=True)
    assert types(made) == {2: "SMA" if models else "SUNSPEC"}
    assert end_of(made) is why


@pytest.mark.parametrize("framing", [RTU, MBAP])
def test_a_device_that_falls_silent_is_told_as_far_as_it_was_read(framing: Framing) -> None:
    good = unit()

    def step(far: FarEnd, asked: Asked) -> None:
        (drop if asked.address > BEHIND_MODEL_1 else good)(far, asked)

    made = survey(line_of(framing, {2: step, 3: meter("SDM")}, GONE), range(1, 5), sunspec=True)
    assert types(made) == {2: "SMA", 3: "SDM"}
    assert found(made) == ((0, INVERTER, (1, 103)),)
    assert end_of(made) is End.SILENT


@pytest.mark.parametrize("code", [5, 6])
def test_a_device_that_is_busy_on_the_way_gets_time(code: int) -> None:
    good = unit()
    turns = itertools.cycle([True, True, False])

    def step(far: FarEnd, asked: Asked) -> None:
        (exception(code) if next(turns) else good)(far, asked)

    made = survey(line_of(RTU, {2: step}), range(1, 4), sunspec=True)
    assert types(made) == {2: "SMA"}
    assert found(made) == ((0, INVERTER, (1, 103, 160)),)


def test_a_chain_without_end_ends() -> None:
    endless = words({3: dict(enumerate((0x5375, 0x6E53), 40000)) | dict.fromkeys(range(40002, 65536), 7), 4: {}})
    made = survey(line_of(RTU, {2: endless, 3: meter("SDM")}), range(1, 5), sunspec=True)
    assert types(made) == {2: "SUNSPEC", 3: "SDM"}
    assert end_of(made) is End.TOO_MANY
    assert len(found(made)[0].models) == MOST_MODELS


@pytest.mark.parametrize("nothing", [drop, exception(5), exception(6)])
def test_a_chain_that_is_mostly_silent_holds_up_nobody(nothing: Step) -> None:
    headers = unit([(1, [0] * 66)] * (2 * MOST_MODELS))

    def step(far: FarEnd, asked: Asked) -> None:
        (headers if asked.count == 2 else nothing)(far, asked)

    line = line_of(RTU, {2: step, 3: meter("SDM")})
    made = survey(line, range(1, 5), sunspec=True)
    assert types(made) == {2: "SUNSPEC", 3: "SDM"}
    assert end_of(made) is End.SILENT
    assert times_asked(line, 2) < 3 * MOST_VAIN
    assert made.seconds < MOST_VAIN * (TIMEOUT + 1)


def test_an_inverter_that_answers_late_once_is_found() -> None:
    line = line_of(MBAP, {3: first(1, late(1.2 * TIMEOUT, unit()), unit())})
    assert types(survey(line, range(1, 8), sunspec=True)) == {3: "SMA"}


@pytest.mark.parametrize("framing", [RTU, MBAP])
def test_an_inverter_that_answers_to_every_id_is_one_device(framing: Framing) -> None:
    made = survey(line_of(framing, {}, unit()), range(1, 248), sunspec=True)
    assert made.is_one_device
    assert [portrait.unit for portrait in made.found] == [1]


def test_inverters_with_serials_of_their_own_are_not_one_device() -> None:
    def own(at: int) -> Step:
        return unit([(1, texts(replace(INVERTER, serial=str(at)))), *OTHERS])

    made = survey(line_of(MBAP, {at: own(at) for at in range(1, 248)}), range(1, 248), sunspec=True)
    assert not made.is_one_device
    assert len(made.found) == 247


def test_ids_that_stand_for_any_are_merged_into_the_inverter_of_its_own_id() -> None:
    other = unit([(1, texts(METER)), (203, [0] * 105)])
    line = line_of(MBAP, {7: unit(), 255: unit(), 0: other}, GONE)
    made = survey(line, [*range(1, 11), 255, 0], sunspec=True)
    assert [(portrait.unit, portrait.also_at) for portrait in made.found] == [(0, ()), (7, (255,))]


@pytest.mark.parametrize("framing", [RTU, MBAP])
def test_without_types_only_sunspec_is_asked(framing: Framing) -> None:
    line = line_of(framing, {1: unit(), 2: meter("SDM")}, GONE)
    made = survey(line, range(1, 4), types=[], sunspec=True)
    assert types(made) == {1: "SMA"}
    assert {asked.function for asked in line.asked} == {3}
