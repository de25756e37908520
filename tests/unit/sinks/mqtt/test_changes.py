"""What is published of what is read."""

from collections.abc import Mapping
from itertools import pairwise
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.outputs import Mqtt
from mbmd.config.texts import DeadBand
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.changes import Gate, Moved, Moves

NAMES = ("Import", "Power", "Voltage")


def device() -> DeviceReadings:
    return DeviceReadings("SDM1.1", "SDM", [*(CATALOGUE[name] for name in NAMES), MODEL])


MODEL = Measurement("Model", "Model", "", Kind.TEXT)  # its slot is that after Import


def due(gate: Gate) -> float | None:
    return gate.next


def update(meter: DeviceReadings, stamp: float = 0.0, model: str = "", **values: float) -> Update:
    """A poll that brings these values; all others were not read."""
    return brought(meter, values, stamp, model)


def brought(meter: DeviceReadings, values: Mapping[str, float], stamp: float = 0.0, model: str = "") -> Update:
    column = meter.blank()
    for name, value in values.items():
        column[meter.slots[name]] = value
    meter.commit(column, [slot for name, slot in meter.slots.items() if name not in values], stamp, stamp)
    return Update(meter, column, stamp, {"Model": model} if model else {})


def values(update: Update | None) -> Mapping[str, object]:
    assert update is not None
    numbers = {name: update.values[slot] for name, slot in update.device.slots.items()}
    return {name: value for name, value in numbers.items() if not isnan(value)} | dict(update.texts)


def told(all_moved: list[Moved]) -> list[Mapping[str, object]]:
    return [values(moved.moved) for moved in all_moved]


def test_the_first_values_are_published_and_then_those_that_moved() -> None:
    moves, meter = Moves((), 300), device()
    assert values(moves.of(update(meter, Import=1, Power=2), 0)) == {"Import": 1, "Power": 2}
    assert moves.of(update(meter, Import=1, Power=2), 1) is None
    assert values(moves.of(update(meter, Import=1.001, Power=2, Voltage=3), 2)) == {"Import": 1.001, "Voltage": 3}


def test_a_move_that_cannot_be_seen_is_none_but_many_of_them_are_one() -> None:
    moves, meter = Moves((), 300), device()
    assert moves.of(update(meter, Power=2), 0) is not None
    assert moves.of(update(meter, Power=2.0003), 1) is None
    assert values(moves.of(update(meter, Power=2.0006), 2)) == {"Power": 2.0006}


def test_a_move_counts_from_its_dead_band_on_and_from_what_was_published_last() -> None:
    moves, meter = Moves((DeadBand("P*", 5.0), DeadBand("*", 0.25)), 300), device()
    assert moves.of(update(meter, Power=100, Voltage=230), 0) is not None
    assert moves.of(update(meter, Power=104, Voltage=230.125), 1) is None
    assert values(moves.of(update(meter, Power=105, Voltage=230.125), 2)) == {"Power": 105}
    assert values(moves.of(update(meter, Power=101, Voltage=230.25), 3)) == {"Voltage": 230.25}


def test_a_dead_band_may_be_a_share_of_what_was_published_last() -> None:
    moves, meter = Moves((DeadBand("Power", share=0.1),), 300), device()
    assert moves.of(update(meter, Power=-100), 0) is not None
    assert moves.of(update(meter, Power=-109), 1) is None
    assert moves.of(update(meter, Power=-91), 1) is None
    assert values(moves.of(update(meter, Power=-110), 2)) == {"Power": -110}
    assert values(moves.of(update(meter, Power=0), 3)) == {"Power": 0}
    assert values(moves.of(update(meter, Power=0.1), 4)) == {"Power": 0.1}


def test_what_was_silent_for_too_long_is_published_all_the_same() -> None:
    moves, meter = Moves((), 10), device()
    moves.of(update(meter, Import=1, Power=2), 0)
    assert values(moves.of(update(meter, Import=1, Power=3), 5)) == {"Power": 3}
    assert moves.of(update(meter, Import=1, Power=3), 9.9) is None
    assert values(moves.of(update(meter, Import=1, Power=3), 10)) == {"Import": 1}
    assert values(moves.of(update(meter, Import=1, Power=3), 15)) == {"Power": 3}


def test_silence_may_be_for_ever() -> None:
    moves, meter = Moves((), 0), device()
    moves.of(update(meter, Power=2), 0)
    assert moves.of(update(meter, Power=2), 1e9) is None


def test_what_was_lost_is_published_when_it_returns() -> None:
    moves, meter = Moves((), 300), device()
    moves.of(update(meter, Import=1, Power=2), 0)
    assert moves.of(update(meter, Import=1, Power=nan), 1) is None
    assert values(moves.of(update(meter, Import=1, Power=2), 2)) == {"Power": 2}


def test_what_is_left_out_of_a_poll_is_not_lost() -> None:
    moves, meter = Moves((), 300), device()
    moves.of(update(meter, Import=1, Power=2), 0)
    assert moves.of(update(meter, Power=2), 1) is None
    assert moves.of(update(meter, Import=1, Power=2), 2) is None


def test_texts_are_published_when_they_are_others() -> None:
    moves, meter = Moves((), 10), device()
    assert values(moves.of(update(meter, model="A"), 0)) == {"Model": "A"}
    assert moves.of(update(meter, model="A"), 1) is None
    assert values(moves.of(update(meter, model="B", Power=1), 2)) == {"Model": "B", "Power": 1}
    assert values(moves.of(update(meter, model="B", Power=2), 3)) == {"Power": 2}
    assert values(moves.of(update(meter, model="B"), 12)) == {"Model": "B"}


def test_who_was_forgotten_is_published_whole() -> None:
    moves, meter = Moves((), 300), device()
    moves.of(update(meter, Power=2), 0)
    moves.forget(meter)
    assert values(moves.of(update(meter, Power=2), 1)) == {"Power": 2}


def test_without_on_change_all_is_published_at_once() -> None:
    gate, meter = Gate(Mqtt()), device()
    for now in range(3):
        (moved,) = gate.put(update(meter, Power=2), now)
        assert moved.whole is moved.moved
    assert due(gate) is None


def test_what_has_moved_comes_with_all_that_came_with_it() -> None:
    gate, meter = Gate(Mqtt(on_change=True)), device()
    gate.put(update(meter, Import=1, Power=2), 0)
    (moved,) = gate.put(update(meter, Import=1, Power=3), 1)
    assert (values(moved.whole), values(moved.moved)) == ({"Import": 1, "Power": 3}, {"Power": 3})
    assert gate.put(update(meter, Import=1, Power=3), 2) == []


def test_a_device_is_published_no_more_often_and_the_newest_then() -> None:
    gate, meter = Gate(Mqtt(rate=10)), device()
    assert told(gate.put(update(meter, Import=1, Power=1), 0)) == [{"Import": 1, "Power": 1}]
    assert due(gate) is None
    assert gate.put(update(meter, Import=2, stamp=3), 3) == []
    assert gate.put(update(meter, Power=3, model="M", stamp=6), 6) == []
    assert gate.put(update(meter, Power=4, stamp=9), 9) == []
    assert due(gate) == 10
    assert gate.due(9.9) == []
    (moved,) = gate.due(10)
    assert values(moved.whole) == {"Import": 2, "Power": 4, "Model": "M"}
    assert moved.whole.timestamp == 9
    assert due(gate) is None
    assert gate.put(update(meter, Power=5), 19) == []
    assert told(gate.put(update(meter, Import=6), 20)) == [{"Import": 6, "Power": 5}]
    assert gate.due(99) == []


def test_devices_do_not_wait_for_each_other() -> None:
    gate, first, second = Gate(Mqtt(rate=10)), device(), device()
    gate.put(update(first, Power=1), 0)
    assert told(gate.put(update(second, Power=2), 5)) == [{"Power": 2}]
    gate.put(update(second, Power=3), 6)
    gate.put(update(first, Power=4), 7)
    assert due(gate) == 10
    assert told(gate.due(10)) == [{"Power": 4}]
    assert due(gate) == 15
    assert told(gate.due(15)) == [{"Power": 3}]


def test_what_has_not_moved_takes_nobodys_turn() -> None:
    gate, meter = Gate(Mqtt(rate=10, on_change=True)), device()
    gate.put(update(meter, Power=1), 0)
    gate.put(update(meter, Power=1), 5)
    assert gate.due(10) == []
    assert told(gate.put(update(meter, Power=2), 11)) == [{"Power": 2}]
    assert gate.put(update(meter, Power=3), 20) == []


def test_what_waits_of_a_device_that_is_forgotten_is_dropped() -> None:
    gate, meter = Gate(Mqtt(rate=10)), device()
    gate.put(update(meter, Power=1), 0)
    gate.put(update(meter, Power=2), 1)
    gate.forget(meter)
    assert due(gate) is None
    assert gate.due(99) == []
    assert told(gate.put(update(meter, Power=3), 2)) == [{"Power": 3}]


@given(
    st.lists(st.tuples(st.floats(0.1, 5), st.sampled_from(NAMES), st.floats(-100, 100)), max_size=40),
    st.sampled_from([0.0, 3.0, 10.0]),
)
def test_whoever_listens_knows_at_the_end_what_was_read(polls: list[tuple[float, str, float]], rate: float) -> None:
    gate, meter, now = Gate(Mqtt(rate=rate, on_change=True, dead_band=(DeadBand("*", 1.0),))), device(), 0.0
    known: dict[str, float] = {}
    read: dict[str, float] = {}
    times = []

    def hear(all_moved: list[Moved]) -> None:
        for moved in all_moved:
            times.append(now)
            known.update({name: float(str(value)) for name, value in values(moved.moved).items()})

    for pause, name, value in polls:
        now += pause
        hear(gate.due(now))
        read[name] = value
        hear(gate.put(brought(meter, {name: value}), now))
    now += rate
    hear(gate.due(now))
    assert known == pytest.approx(read, abs=1.0)
    assert all(later - earlier >= rate - 1e-9 for earlier, later in pairwise(times))
