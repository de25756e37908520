"""Reading all registers of a device once, whatever it refuses."""

import asyncio
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.cli.devices.attempt import ATTEMPTS, MOST_VAIN, Answer, read_all
from mbmd.cli.devices.reads import planned, settings_on, slots
from mbmd.config.adapter import parse_adapter
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import Register, Scale
from mbmd.errors import AnswerTimeout, FrameError, LinkError, MbmdError, ModbusException
from mbmd.planner import Limits, plan
from mbmd.protocol.pdu import Request
from mbmd.protocol.timing import costs

ADAPTER = parse_adapter("tcp://host:502")
SETTINGS = settings_on(ADAPTER, BUILT_IN.get("SDM"))
NAMES = {register.measurement: register for register in SETTINGS.registers}
BLOCKS = planned(SETTINGS.registers, SETTINGS, ADAPTER)
PLANNED = [{register.measurement for register in block.registers} for block in BLOCKS]
COSTS = costs(ADAPTER)
Trouble = Callable[[range], MbmdError | None]
"""What a device answers in place of the registers of a read; None if it answers."""


class Device:
    """Answers each register with its address, both of its words, as a float; or as `trouble` says."""

    def __init__(self, trouble: Trouble) -> None:
        self.asked: list[tuple[range, int]] = []
        self._trouble = trouble

    async def ask(self, request: Request, attempts: int) -> bytes:
        _, address, count = struct.unpack(">BHH", request.pdu)
        read = range(address, address + count)
        self.asked.append((read, attempts))
        if error := self._trouble(read):
            raise error
        words = {a: struct.pack(">f", a)[:2] if a % 2 == 0 else struct.pack(">f", a - 1)[2:] for a in read}
        return b"".join(words.values())

    def said(self) -> dict[str, Answer]:
        """All its answers by measurement; fails if there is not one for each."""
        answers = asyncio.run(read_all(self.ask, BLOCKS, slots(SETTINGS)))
        by_name = {answer.register.measurement: answer for answer in answers}
        assert by_name.keys() == NAMES.keys()
        assert len(by_name) == len(answers)
        return by_name


def at(*names: str) -> set[int]:
    return {address for name in names for address in range(NAMES[name].address, NAMES[name].end)}


def fails_at(addresses: set[int], error: MbmdError) -> Trouble:
    return lambda read: error if addresses & set(read) else None


def check_good(answers: dict[str, Answer], bad: set[str]) -> None:
    for name, answer in answers.items():
        if name not in bad:
            assert answer.error is None
            assert answer.value == NAMES[name].address
            assert answer.raw == struct.pack(">f", answer.value).hex(" ", 2)


def test_a_healthy_device_is_asked_as_planned() -> None:
    device = Device(lambda read: None)
    check_good(device.said(), set())
    assert [(read.start, len(read)) for read, _ in device.asked] == [(b.address, b.count) for b in BLOCKS]


@given(st.sets(st.sampled_from(sorted(NAMES))), st.sampled_from([2, 3, 4]))
def test_refused_registers_do_not_hide_the_others(refused: set[str], code: int) -> None:
    device = Device(fails_at(at(*refused), ModbusException(code)))
    answers = device.said()
    check_good(answers, refused)
    for name in refused:
        error = answers[name].error
        assert isinstance(error, ModbusException)
        assert error.code == code
        assert (answers[name].value, answers[name].raw) == (None, "")


@given(
    st.sets(st.sampled_from(sorted(NAMES))).filter(lambda names: any(not named & names for named in PLANNED)),
    st.sampled_from([AnswerTimeout, FrameError, LinkError]),
)
def test_nor_do_those_that_get_no_answer(silent: set[str], error: type[MbmdError]) -> None:
    answers = Device(fails_at(at(*silent), error("none"))).said()
    check_good(answers, silent)
    assert all(isinstance(answers[name].error, error) for name in silent)


def test_one_such_in_each_planned_read_does_not_either() -> None:
    silent = {min(names) for names in PLANNED}
    check_good(Device(fails_at(at(*silent), AnswerTimeout("none"))).said(), silent)


def test_holes_that_are_refused_are_left_out() -> None:
    wanted = at(*NAMES)
    device = Device(lambda read: ModbusException(2) if set(read) - wanted else None)
    check_good(device.said(), set())


def test_a_device_that_takes_only_short_reads_answers_all() -> None:
    check_good(Device(lambda read: ModbusException(3) if len(read) > 4 else None).said(), set())


def test_what_a_device_does_not_know_at_all_is_asked_once() -> None:
    device = Device(lambda read: ModbusException(1))
    answers = device.said()
    assert all(str(answer.error) == "exception 1 (illegal function)" for answer in answers.values())
    assert len(device.asked) == len(BLOCKS)


@pytest.mark.parametrize("error", [AnswerTimeout("no answer"), ModbusException(11), LinkError("unplugged")])
def test_a_device_that_says_nothing_is_given_up_soon(error: MbmdError) -> None:
    device = Device(lambda read: error)
    with pytest.raises(type(error), match=r".") as raised:
        device.said()
    assert raised.value is error
    assert [attempts for _, attempts in device.asked] == [ATTEMPTS] + [1] * (MOST_VAIN - 1)


async def read_apart(scales: list[int]) -> list[Answer]:
    """A value 20 registers behind its scale, from a device that takes ten at once and has these scales in turn."""
    far = Register("Power", 3, 20, "int16", scale=Scale(0))
    limits = Limits(registers=10)

    async def ask(request: Request, attempts: int) -> bytes:
        return (scales.pop(0) if request.pdu[1:3] == bytes(2) else 25).to_bytes(2)

    return await read_all(ask, plan([far], {"Power": 0}, limits, COSTS), {"Power": 0})


def test_a_value_far_from_its_scale_is_shown_with_it() -> None:
    (answer,) = asyncio.run(read_apart([1, 1]))
    assert (answer.value, answer.raw, answer.error) == (250.0, "0019 scale 0001", None)


def test_a_value_whose_scale_changes_meanwhile_is_not_shown() -> None:
    (answer,) = asyncio.run(read_apart([1, 2]))
    assert (answer.value, str(answer.error)) == (None, "the scales changed while the values were read")
