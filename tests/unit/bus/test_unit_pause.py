"""The rest on a change of unit: raised where meters need it, and nowhere else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.bus.unit_pause import ENOUGH, LONGEST, STEP, UnitPause
from mbmd.config.adapter import Framing, parse_adapter
from tests import virtual_time
from tests.polled_bus import make_meter, polling, right, values
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, drop, exception, good, late


def observe(pause: UnitPause, changed: int, bad: int, same: int = ENOUGH, bad_same: int = 0) -> bool:
    """Requests on a change of unit and others, some of them bad; whether the last of all changed the pause."""
    for number in range(same):
        assert not pause.observe(changed=False, good=number >= bad_same)
    return [pause.observe(changed=True, good=number >= bad) for number in range(changed)][-1]


def test_a_bus_without_errors_needs_no_pause() -> None:
    pause = UnitPause(0.0)
    assert not any(observe(pause, ENOUGH, 0) for _ in range(100))
    assert (pause.seconds, pause.given_up) == (0.0, False)


def test_errors_after_a_change_of_unit_raise_the_pause_step_by_step() -> None:
    pause = UnitPause(0.0)
    raised = []
    for _ in range(5):
        assert observe(pause, ENOUGH, ENOUGH // 2)
        raised.append(pause.seconds)
    assert raised == [STEP, 0.01, 0.02, 0.04, LONGEST]
    assert not pause.given_up


def test_a_pause_that_mends_it_stays() -> None:
    pause = UnitPause(0.0)
    assert observe(pause, ENOUGH, ENOUGH)
    assert not any(observe(pause, ENOUGH, 0) for _ in range(50))
    assert (pause.seconds, pause.given_up) == (STEP, False)


@pytest.mark.parametrize("asked", [0.0, 0.01, 0.2])
def test_where_no_pause_helps_it_is_again_what_was_asked_for(asked: float) -> None:
    pause = UnitPause(asked)
    while not pause.given_up:
        assert observe(pause, ENOUGH, ENOUGH)
    assert pause.seconds == asked
    assert not observe(pause, 10 * ENOUGH, 10 * ENOUGH)
    assert pause.seconds == asked


def test_errors_that_come_as_often_without_a_change_of_unit_are_not_its_fault() -> None:
    pause = UnitPause(0.0)
    assert not any(observe(pause, ENOUGH, 20, bad_same=20) for _ in range(10))
    assert not any(observe(pause, ENOUGH, 20, bad_same=7) for _ in range(10))
    assert observe(pause, ENOUGH, 20, bad_same=5)


def test_few_errors_raise_nothing() -> None:
    pause = UnitPause(0.0)
    assert not any(observe(pause, ENOUGH, ENOUGH // 5 - 1) for _ in range(10))
    assert observe(pause, ENOUGH, ENOUGH // 5)


def test_where_there_is_little_to_compare_with_chance_is_not_taken_for_a_pattern() -> None:
    pause = UnitPause(0.0)
    assert not any(observe(pause, ENOUGH, ENOUGH, same=0) for _ in range(10))
    assert not any(observe(pause, ENOUGH, ENOUGH // 4, same=5) for _ in range(10))


def test_it_is_never_doubled_beyond_what_any_meter_needs() -> None:
    pause = UnitPause(0.03)
    raised = []
    while not pause.given_up:
        assert observe(pause, ENOUGH, ENOUGH)
        raised.append(pause.seconds)
    assert raised == [0.06, LONGEST, 0.03]


@given(st.floats(0.0, 1.0), st.lists(st.tuples(st.booleans(), st.booleans()), max_size=3000))
def test_a_pause_is_never_shorter_than_asked_nor_longer_than_all_need(
    asked: float, requests: list[tuple[bool, bool]]
) -> None:
    pause = UnitPause(asked)
    for changed, is_good in requests:
        before = pause.seconds
        assert pause.observe(changed, is_good) == (pause.seconds != before or pause.given_up)
        assert asked <= pause.seconds <= max(asked, LONGEST)
        if pause.given_up:
            assert pause.seconds == asked
            return


ANSWER = 0.01
"""Seconds that an answer takes."""


class Deaf:
    """Meters that miss a request which comes too soon after the answer of another one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._unit = 0
        self._answered = 0.0

    def step(self, far: FarEnd, asked: Asked) -> None:
        if asked.unit == self._unit or asked.when >= self._answered + self._seconds:
            late(ANSWER)(far, asked)
            self._unit, self._answered = asked.unit, asked.when + ANSWER


def on_all(step: Step, kind: Framing = Framing.RTU, units: int = 2) -> ScriptedLine:
    line = ScriptedLine(kind)
    line.by_unit = dict.fromkeys(range(1, units + 1), step)
    return line


def test_a_bus_whose_meters_need_it_rests_and_its_errors_cease(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        meters = [make_meter(unit, rate=0.0) for unit in (1, 2)]
        async with polling(on_all(Deaf(0.015).step), *meters) as bus:
            await bus.wait(60)
            assert bus.client.unit_pause == bus.health.unit_pause == 0.02
            errors = [meter.readings.errors for meter in meters]
            assert sum(errors) > 0
            await bus.wait(60)
            assert [meter.readings.errors for meter in meters] == errors
            assert all(values(meter.readings) == right(meter) for meter in meters)
            asked = bus.line.asked[-100:]
            pairs = list(pairwise(asked))
            assert all(b.when - a.when >= 0.02 - 1e-9 for a, b in pairs if a.unit != b.unit)
            assert all(b.when - a.when < 0.02 for a, b in pairs if a.unit == b.unit)

    virtual_time.run(run())
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    text = "gateway:23: errors come after a change of unit, which a pause may mend: the pause there is"
    assert [line for line in warnings if "pause" in line] == [
        f"{text} {pause} from now on" for pause in ("5ms", "10ms", "20ms")
    ]


def no_answer_to_the_first(step: Step) -> Step:
    """Something other than the answer for each request after a change of unit."""
    last = 0

    def act(far: FarEnd, asked: Asked) -> None:
        nonlocal last
        (good if asked.unit == last else step)(far, asked)
        last = asked.unit

    return act


def test_a_bus_that_no_pause_helps_goes_back_to_none_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        meters = [make_meter(unit, rate=0.2) for unit in (1, 2)]
        async with polling(on_all(good), *meters) as bus:
            await bus.wait(1)
            bus.line.by_unit = on_all(no_answer_to_the_first(drop)).by_unit
            await bus.wait(200)
            assert bus.client.unit_pause == bus.health.unit_pause == 0.0
            assert all(values(meter.readings) == right(meter) for meter in meters)

    virtual_time.run(run())
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings[-1].endswith(
        "errors come after a change of unit, and no pause mends it: the pause there is 0 from now on"
    )
    assert len(warnings) == 6


def test_meters_that_need_it_are_found_even_when_the_line_is_never_idle() -> None:
    async def run() -> None:
        line, deaf = on_all(good, units=3), Deaf(0.05)
        line.by_unit = dict.fromkeys((1, 2, 3), deaf.step)
        meters = [make_meter(unit, rate=0.0, timeout=0.05, addresses=(0, 100)) for unit in (1, 2, 3)]
        async with polling(line, *meters) as bus:
            await bus.wait(600)
            assert bus.client.unit_pause == 0.08
            assert all(values(meter.readings) == right(meter) for meter in meters)

    virtual_time.run(run())


def test_a_pause_that_was_asked_for_is_told_from_the_start() -> None:
    line = ScriptedLine(Framing.RTU)
    line.adapter = parse_adapter("rtu+udp://gateway:23?unit_pause=40ms")

    async def run() -> None:
        async with polling(line, make_meter(1), make_meter(2)) as bus:
            await bus.wait(5)
            assert bus.health.unit_pause == bus.client.unit_pause == 0.04

    virtual_time.run(run())


@pytest.mark.parametrize(
    ("kind", "step", "units"),
    [(Framing.RTU, exception(4), 2), (Framing.MBAP, drop, 2), (Framing.RTU, drop, 1)],
    ids=["a device says what it misses", "a network has no line", "there is one unit only"],
)
def test_other_errors_raise_nothing(kind: Framing, step: Step, units: int) -> None:
    async def run() -> None:
        meters = [make_meter(unit, rate=0.2) for unit in range(1, units + 1)]
        async with polling(on_all(no_answer_to_the_first(step), kind, units), *meters) as bus:
            await bus.wait(60)
            assert meters[0].readings.errors > 0
            assert bus.client.unit_pause == 0.0

    virtual_time.run(run())


def test_devices_that_are_dead_raise_nothing() -> None:
    async def run() -> None:
        line = on_all(good)
        line.by_unit |= dict.fromkeys((3, 4, 5), drop)
        async with polling(line, *[make_meter(unit, rate=0.2) for unit in range(1, 6)]) as bus:
            await bus.wait(400)
            assert bus.client.unit_pause == 0.0

    virtual_time.run(run())
