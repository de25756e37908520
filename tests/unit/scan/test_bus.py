"""Scans of scripted buses, in virtual time."""

import pytest

from mbmd.config.adapter import Framing
from mbmd.devices.registry import BUILT_IN
from mbmd.errors import LinkError
from mbmd.scan.alike import strangers
from mbmd.scan.bus import LONGEST, WITNESSES
from tests.scripted import Asked, FarEnd, Step, drop, exception, flip, hang_up, late
from tests.simulated_units import registers
from tests.unit.scan.lines import (
    MBAP,
    RTU,
    TIMEOUT,
    Log,
    first,
    line_of,
    meter,
    survey,
    times_asked,
    types,
    words,
    zeros,
)

GONE = exception(11)
REFUSING = exception(2)


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("gaps", ["strict", "zero"])
def test_meters_among_silent_ids_are_found(framing: Framing, gaps: str) -> None:
    line = line_of(framing, {21: meter("SDM", 21, gaps), 26: meter("JANITZA", 26, gaps)})
    made = survey(line, range(20, 31))
    assert types(made) == {21: "SDM", 26: "JANITZA"}
    assert made.complete
    assert not made.unknown


def test_a_silent_id_is_asked_once_and_costs_one_timeout() -> None:
    line = line_of(RTU, {})
    made = survey(line, range(1, 248))
    assert [asked.unit for asked in line.asked] == list(range(1, 248))
    assert made.requests == 247
    assert made.seconds == pytest.approx(247 * TIMEOUT, rel=0.05)


def test_progress_tells_what_is_left() -> None:
    log = Log()
    survey(line_of(RTU, {2: meter("DDM")}), range(1, 4), log=log)
    assert log.asked == [(1, 2), (2, 1), (3, 0)]
    assert log.seen == [2]


def test_any_exception_is_a_sign_of_life_and_the_other_types_are_asked() -> None:
    line = line_of(RTU, {5: meter("JANITZA")})
    made = survey(line, range(1, 8))
    assert line.places[4] == (0, 2)
    assert types(made) == {5: "JANITZA"}


def test_who_refuses_everything_is_there_but_unknown() -> None:
    made = survey(line_of(RTU, {5: REFUSING}), range(1, 8))
    assert [portrait.unit for portrait in made.unknown] == [5]
    assert set(made.unknown[0].answers.values()) == {2}
    assert not made.found


def test_a_damaged_answer_is_a_sign_of_life() -> None:
    line = line_of(RTU, {5: first(1, flip(20), meter("SDM72V2"))})
    assert types(survey(line, range(1, 8))) == {5: "SDM72V2"}


def test_two_units_with_one_id_are_told_as_what_is_damaged_for_ever() -> None:
    line = line_of(RTU, {5: flip(20)})
    made = survey(line, range(1, 8))
    assert [portrait.is_damaged for portrait in made.unknown] == [True]
    assert times_asked(line, 5) <= 1 + 2 * 3 + 1


def test_where_answers_were_lost_the_silent_ids_are_asked_once_more() -> None:
    sdm = meter("SDM")
    # 3 loses its only chance; that the line is lossy shows at 6.
    line = line_of(RTU, {3: first(1, drop, sdm), 6: first(1, REFUSING, first(1, drop, meter("ABB")))})
    made = survey(line, range(1, 8))
    assert types(made) == {3: "SDM", 6: "ABB"}
    assert [times_asked(line, unit) for unit in (1, 2, 4, 5, 7)] == [2] * 5


def test_the_second_time_is_short() -> None:
    line = line_of(RTU, {6: first(1, REFUSING, first(1, drop, meter("ABB")))})
    made = survey(line, range(1, 101))
    assert made.seconds < 99 * TIMEOUT + 99 * TIMEOUT / 2


def test_a_meter_that_answers_late_is_found() -> None:
    line = line_of(RTU, {3: first(1, late(1.2 * TIMEOUT, meter("SDM")), meter("SDM"))})
    made = survey(line, range(1, 8))
    assert types(made) == {3: "SDM"}
    assert times_asked(line, 6) == 1


def test_a_meter_that_needs_more_than_the_patience_is_found_as_being_there() -> None:
    slow = late(1.2 * TIMEOUT, meter("SDM"))
    made = survey(line_of(RTU, {3: slow}), range(1, 8))
    assert [portrait.unit for portrait in made.portraits] == [3]


def test_noise_is_told_once_and_meters_are_found_in_it() -> None:
    def crackle(far: FarEnd, asked: Asked) -> None:
        far.send(b"\x55\xaa\x00")

    made = survey(line_of(RTU, {8: meter("SDM")}, crackle), range(1, 60))
    assert types(made) == {8: "SDM"}
    assert all(portrait.is_damaged for portrait in made.unknown)
    assert len(strangers(made.unknown)) == 1
    assert made.seconds < 60 * TIMEOUT * 3.2


def test_a_meter_that_keeps_silent_about_what_it_does_not_know_is_found() -> None:
    image = registers(BUILT_IN.get("SDM"))
    sdm = words(image)

    def reticent(far: FarEnd, asked: Asked) -> None:
        known = all(at in image[asked.function] for at in range(asked.address, asked.address + asked.count))
        (sdm if known else drop)(far, asked)

    made = survey(line_of(RTU, {4: reticent}), range(1, 8))
    assert types(made) == {4: "SDM"}
    assert made.seconds < 6 * TIMEOUT + 5


@pytest.mark.parametrize("code", [5, 6])
def test_who_is_busy_for_ever_does_not_hold_up_the_scan(code: int) -> None:
    line = line_of(RTU, {3: exception(code), 4: meter("SDM")})
    made = survey(line, range(1, 6))
    assert types(made) == {4: "SDM"}
    assert set(made.unknown[0].answers.values()) == {code}
    assert times_asked(line, 3) <= 1 + 2 * 3 + 1
    assert made.seconds < 6


def test_a_busy_meter_gets_time() -> None:
    line = line_of(RTU, {4: first(3, exception(6), meter("SDM"))})
    assert types(survey(line, range(1, 8))) == {4: "SDM"}


@pytest.mark.parametrize("code", [10, 11])
def test_what_a_gateway_says_of_an_id_is_no_sign_of_life(code: int) -> None:
    line = line_of(MBAP, {21: meter("SDM")}, exception(code))
    made = survey(line, range(1, 101))
    assert types(made) == {21: "SDM"}
    assert not made.unknown
    assert times_asked(line, 50) == 1
    assert made.seconds < 1


def test_a_gateway_that_takes_its_time_to_say_so_is_waited_for() -> None:
    """It asks its line for one unit after the other, a second each, whatever came meanwhile."""
    free = [0.0]

    def queue(then: Step, seconds: float) -> Step:
        def step(far: FarEnd, asked: Asked) -> None:
            free[0] = max(free[0], asked.when) + seconds
            late(free[0] - asked.when, then)(far, asked)

        return step

    line = line_of(MBAP, {4: queue(meter("SDM"), 0.02), 30: queue(meter("ABB"), 0.02)}, queue(GONE, 1.0))
    made = survey(line, range(1, 41))
    assert types(made) == {4: "SDM", 30: "ABB"}
    assert made.seconds < 40 * LONGEST


def test_a_device_that_was_late_once_does_not_slow_the_scan_down_for_long() -> None:
    sdm = meter("SDM")
    units = {50: first(1, late(1.2 * TIMEOUT, sdm), sdm)}
    made = survey(line_of(MBAP, units), range(1, 101))
    assert types(made) == {50: "SDM"}
    # Some waits for a queue that there is not, and twice the patience from then on.
    assert made.seconds < 50 * TIMEOUT + 50 * 2 * TIMEOUT + 20 * LONGEST


def test_a_gateway_of_zeros_is_not_a_bus_full_of_meters() -> None:
    made = survey(line_of(MBAP, {}, zeros), range(1, 51))
    assert not made.found
    (group,) = strangers(made.unknown)
    assert len(group) == 50


def test_a_meter_behind_a_gateway_of_zeros_is_found() -> None:
    made = survey(line_of(MBAP, {21: meter("SDM")}, zeros), range(1, 51))
    assert types(made) == {21: "SDM"}
    assert len(strangers(made.unknown)) == 1


@pytest.mark.parametrize("framing", [RTU, MBAP])
def test_a_meter_that_answers_to_every_id_is_one_device(framing: Framing) -> None:
    line = line_of(framing, {}, meter("SDM"))
    made = survey(line, range(1, 248))
    assert made.is_one_device
    assert [portrait.unit for portrait in made.found] == [1]
    assert {asked.unit for asked in line.asked} == {1, 2, 3, 4, *WITNESSES}


def test_two_ids_are_enough_to_see_that_a_meter_answers_to_all() -> None:
    made = survey(line_of(MBAP, {}, meter("SDM")), [20, 21])
    assert made.is_one_device
    assert [portrait.unit for portrait in made.found] == [20]


def test_one_id_alone_is_believed() -> None:
    line = line_of(MBAP, {}, meter("SDM"))
    made = survey(line, [20])
    assert not made.is_one_device
    assert {asked.unit for asked in line.asked} == {20}


def test_a_bus_that_begins_with_equal_meters_is_not_one_device() -> None:
    twins = {unit: meter("SDM", 1) for unit in range(1, 6)}
    made = survey(line_of(RTU, twins), range(1, 11))
    assert types(made) == dict.fromkeys(range(1, 6), "SDM")
    assert not made.is_one_device


def test_a_bus_full_of_meters_is_not_one_device() -> None:
    made = survey(line_of(MBAP, {unit: meter("DDM", unit) for unit in range(1, 248)}), range(1, 248))
    assert len(made.found) == 247


def test_ids_that_stand_for_any_are_merged_into_the_device_of_its_own_id() -> None:
    sdm = meter("SDM")
    made = survey(line_of(MBAP, {7: sdm, 255: sdm, 0: sdm}, GONE), [*range(1, 11), 255, 0])
    assert [(portrait.unit, portrait.also_at) for portrait in made.found] == [(7, (255, 0))]


def test_a_device_that_hangs_up_on_other_ids_is_found() -> None:
    line = line_of(MBAP, {7: meter("SDM")}, hang_up())
    made = survey(line, range(1, 11))
    assert types(made) == {7: "SDM"}
    assert made.cut == 9
    assert made.reason


def test_a_bus_that_goes_down_for_good_ends_the_scan_and_leaves_what_was_found() -> None:
    line = line_of(MBAP, {2: meter("SDM")}, GONE)

    def cable_out(far: FarEnd, asked: Asked) -> None:
        line.down = 100
        hang_up()(far, asked)

    line.by_unit[5] = cable_out
    made = survey(line, range(1, 11), catch=LinkError)
    assert types(made) == {2: "SDM"}
    assert not made.complete
    assert made.requests > 0


def test_a_bus_that_comes_back_is_scanned_to_its_end() -> None:
    line = line_of(MBAP, {2: meter("SDM"), 8: meter("ABB")}, GONE)

    def cable_loose(far: FarEnd, asked: Asked) -> None:
        line.down = 2
        hang_up()(far, asked)

    line.by_unit[5] = first(1, cable_loose, GONE)
    assert types(survey(line, range(1, 11))) == {2: "SDM", 8: "ABB"}


def test_only_the_types_asked_for_are_looked_for() -> None:
    line = line_of(RTU, {2: meter("SDM"), 3: meter("JANITZA")})
    made = survey(line, range(1, 5), types=[BUILT_IN.get("JANITZA")])
    assert types(made) == {3: "JANITZA"}
    assert line.places[0] == (19000, 2)
