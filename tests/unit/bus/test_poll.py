"""One poll of one device: how often it asks for what, and what it makes of the answers."""

from math import isnan

import pytest

from mbmd.bus.client import Client
from mbmd.bus.meter import Meter
from mbmd.bus.poll import ATTEMPTS, BUSY_PAUSE, VAIN_ATTEMPTS, Poll
from mbmd.config.adapter import Framing
from mbmd.devices.schema import Register
from mbmd.errors import AnswerTimeout, FrameError, LinkError, ModbusException, TransactionError, UsageError
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.transport.line import Line, Receiver
from tests import virtual_time
from tests.polled_bus import TIMEOUT, make_meter, meter_of
from tests.scripted import Asked, FarEnd, ScriptedLine, drop, exception, flip, good, hang_up, only, refuse
from tests.virtual_time import now

ONCE = [(0, 4), (100, 2), (200, 1)]


class Polled:
    """A poll that was carried out, what was observed of it, and the loss of the line that ended it."""

    def __init__(self, meter: Meter, line: ScriptedLine) -> None:
        self.line = line
        self.observed: list[tuple[bool, TransactionError | None, bool]] = []
        self.link_error: LinkError | None = None
        self.client = Client(line.adapter, line.open, TIMEOUT)
        self.poll = Poll(self.client, meter, now(), lambda *seen: self.observed.append(seen))
        self.answered: list[str] = []
        self.failed: list[str] = []
        self.left: list[str] = []

    async def run(self) -> None:
        await self.client.connect()
        try:
            await self.poll.run()
        except LinkError as error:
            self.link_error = error
        self.client.close()
        self.answered = list(map(str, self.poll.answered))
        self.failed = list(map(str, self.poll.failed))
        self.left = list(map(str, self.poll.left))


def poll_of(meter: Meter, line: ScriptedLine, *, online: bool = True, proven: bool = False) -> Polled:
    """One poll, in virtual time."""

    async def run() -> Polled:
        meter.readings.online = online
        for group in meter.groups:
            group.proven = proven
        polled = Polled(meter, line)
        await polled.run()
        return polled

    return virtual_time.run(run())


def test_what_is_answered_is_whole() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP))
    assert polled.answered == ["3:0+4", "3:100+2", "3:200+1"]
    assert polled.poll.whole
    assert polled.poll.error is None
    assert polled.line.places == ONCE


def test_a_part_of_the_reads_is_not_the_whole_device() -> None:
    meter = make_meter(slow=[200])
    meter.groups[1].due = 10_000.0
    polled = poll_of(meter, ScriptedLine(Framing.MBAP))
    assert polled.answered == ["3:0+4", "3:100+2"]
    assert not polled.poll.whole


@pytest.mark.parametrize("faults", range(ATTEMPTS))
def test_a_read_may_fail_all_but_the_last_time(faults: int) -> None:
    meter = make_meter()
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [good, *[drop] * faults]))
    assert polled.line.places == [(0, 4), *[(100, 2)] * (faults + 1), (200, 1)]
    assert polled.poll.whole
    assert (meter.readings.requests, meter.readings.errors) == (3 + faults, faults)


def test_one_read_that_fails_is_failed_and_the_next_is_asked_once() -> None:
    meter = make_meter()
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [good, *[drop] * 99]))
    assert polled.line.places == [(0, 4), *[(100, 2)] * ATTEMPTS, (200, 1)]
    assert (polled.answered, polled.failed) == (["3:0+4"], ["3:100+2", "3:200+1"])
    assert isinstance(polled.poll.error, AnswerTimeout)


def test_a_device_that_was_online_is_dead_after_five_silent_requests_of_several_reads() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [drop] * 99))
    assert polled.line.places == [*[(0, 4)] * ATTEMPTS, *[(100, 2)] * (VAIN_ATTEMPTS - ATTEMPTS)]
    assert polled.answered == []


def test_a_device_with_one_read_is_asked_for_it_five_times() -> None:
    polled = poll_of(make_meter(addresses=[0]), ScriptedLine(Framing.MBAP, [drop] * 99))
    assert polled.line.places == [(0, 1)] * VAIN_ATTEMPTS


def test_the_last_read_may_still_bring_a_silent_device_to_life() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [drop] * (VAIN_ATTEMPTS - 1)))
    assert (polled.failed, polled.answered) == (["3:0+4"], ["3:100+2", "3:200+1"])


def test_damaged_answers_are_no_sign_of_life_either() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.RTU, [flip(50)] * 99))
    assert len(polled.line.asked) == VAIN_ATTEMPTS
    assert isinstance(polled.poll.error, FrameError)


def test_a_device_that_is_offline_is_dead_after_one_silent_request_for_its_shortest_read() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [drop] * 99), online=False)
    assert polled.line.places == [(200, 1)]


def test_a_device_that_returns_is_asked_patiently_once_it_has_answered() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [good, drop, drop]), online=False)
    assert polled.line.places == [(200, 1), *[(0, 4)] * 3, (100, 2)]
    assert polled.poll.whole


def test_an_exception_is_a_sign_of_life() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [exception(4)] * 99), online=False)
    assert polled.line.places == [(200, 1), (0, 4), (100, 2)]
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [exception(4)] * 99))
    assert set(polled.line.places) == set(ONCE)
    assert polled.line.places.count((0, 4)) == polled.line.places.count((100, 2)) == ATTEMPTS


@pytest.mark.parametrize("code", [10, 11])
def test_an_exception_of_a_gateway_is_none(code: int) -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [exception(code)] * 99))
    assert len(polled.line.asked) == VAIN_ATTEMPTS
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [exception(code)] * 99), online=False)
    assert len(polled.line.asked) == 1


def test_a_read_that_fails_is_asked_last_in_the_next_poll() -> None:
    meter = make_meter()
    meter.readings.online = True
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [drop] * ATTEMPTS))
    meter.put_off(-1.0, polled.poll.answered, polled.poll.failed, polled.poll.left)
    polled = poll_of(meter, ScriptedLine(Framing.MBAP))
    assert polled.line.places == [(100, 2), (200, 1), (0, 4)]


@pytest.mark.parametrize("code", [2, 3])
def test_what_is_refused_is_read_in_parts_in_its_place(code: int) -> None:
    polled = poll_of(make_meter(), only(1, refuse(1, code=code)))
    assert polled.line.places == [(0, 4), (0, 2), (0, 1), (1, 1), (2, 2), (100, 2), (200, 1)]
    assert polled.answered == ["3:0+1", "3:2+2", "3:100+2", "3:200+1"]
    assert polled.poll.refusals == 3
    assert (polled.failed, polled.left, polled.poll.whole) == ([], [], False)


def test_a_refusal_of_what_was_answered_before_is_a_surprise_and_asked_again() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [exception(2), exception(2), good]), proven=True)
    assert polled.line.places == [*[(0, 4)] * 3, (100, 2), (200, 1)]
    assert polled.poll.refusals == 0
    polled = poll_of(make_meter(), only(1, refuse(200)), proven=True)
    assert polled.line.places == [(0, 4), (100, 2), *[(200, 1)] * ATTEMPTS]
    assert polled.poll.refusals == 1


@pytest.mark.parametrize("code", [5, 6])
def test_a_busy_device_is_left_alone_for_a_while(code: int) -> None:
    meter = make_meter()
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [good, exception(code)]))
    assert polled.line.places == [(0, 4), (100, 2)]
    assert polled.poll.busy
    assert polled.poll.pause == BUSY_PAUSE
    assert (polled.answered, polled.failed, polled.left) == (["3:0+4"], ["3:100+2"], ["3:200+1"])


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_read_that_could_take_a_late_answer_is_left_for_the_next_poll(kind: Framing) -> None:
    polled = poll_of(make_meter(addresses=(0, 100, 200)), ScriptedLine(kind, [good, *[drop] * ATTEMPTS]))
    assert polled.line.places == [(0, 1), *[(100, 1)] * ATTEMPTS]
    assert (polled.answered, polled.failed, polled.left) == (["3:0+1"], ["3:100+1"], ["3:200+1"])
    assert 0 < polled.poll.pause <= 2
    assert not polled.poll.busy


def test_each_request_is_observed() -> None:
    polled = poll_of(make_meter(), ScriptedLine(Framing.MBAP, [drop, good, exception(2)]))
    changed, errors, online = zip(*polled.observed, strict=True)
    assert changed == (True, False, False, False, False, False)
    assert [type(error) for error in errors] == [AnswerTimeout, type(None), ModbusException, *[type(None)] * 3]
    assert set(online) == {True}


def test_errors_are_counted_by_their_kind() -> None:
    meter = make_meter()
    poll_of(meter, ScriptedLine(Framing.RTU, [exception(4), exception(11), good, drop, flip(50), good, hang_up()]))
    health = meter.readings.health
    assert health.errors == {"timeout": 1, "damaged": 1, "exception 4": 1, "exception 11": 1, "link": 1}
    assert meter.readings.errors == 5
    assert meter.readings.requests == 8


def test_a_connection_that_ends_is_renewed_once_for_each_request() -> None:
    meter = make_meter()
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [hang_up(), good, hang_up()]))
    assert polled.poll.whole
    assert polled.line.opened == 3
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [good, hang_up(), hang_up()]))
    assert polled.link_error is None
    assert polled.line.opened == 2
    assert (polled.answered, polled.failed, polled.left) == (["3:0+4"], ["3:100+2"], ["3:200+1"])
    polled = poll_of(meter, ScriptedLine(Framing.MBAP, [hang_up(), hang_up()]))
    assert isinstance(polled.link_error, LinkError)


def test_an_adapter_that_needs_the_user_is_a_line_that_is_down() -> None:
    line = ScriptedLine(Framing.MBAP, [hang_up()])
    joined = line.open

    async def open_line(receiver: Receiver) -> Line:
        if line.opened:
            raise UsageError("/dev/ttyUSB0: no such serial device")
        return await joined(receiver)

    line.open = open_line  # type: ignore[method-assign]
    polled = poll_of(make_meter(), line)
    assert str(polled.link_error) == "/dev/ttyUSB0: no such serial device"


def test_texts_of_an_answer_are_decoded() -> None:
    rows = [
        Register("Power", 3, 0, "uint16"),
        Register("Model", 3, 1, "string", length=3),
        Register("Pump", 1, 9, "bit"),
    ]
    own = {"Model": Measurement("Model", "Model", "", Kind.TEXT), "Pump": Measurement("Pump", "Pump", "", Kind.INSTANT)}

    def answer(far: FarEnd, asked: Asked) -> None:
        data = b"\1" if asked.function == 1 else b"\0\7SDM630"
        far.send(asked.frame(bytes((asked.function, len(data))) + data))

    meter = meter_of(rows, own={**CATALOGUE, **own})
    done = poll_of(meter, only(1, answer)).poll
    assert done.texts == {"Model": "SDM630"}
    slots = meter.readings.slots
    assert (done.fresh[slots["Power"]], done.fresh[slots["Pump"]]) == (7, 1)
    assert isnan(done.fresh[slots["Model"]])
