"""Every way to get no good answer, in words that say what to do."""

import pytest

from mbmd.cli.explain import explain
from mbmd.config.adapter import parse_adapter
from mbmd.errors import EXCEPTIONS, AnswerTimeout, FrameError, LinkError, ModbusException

SERIAL, NETWORK = parse_adapter("/dev/ttyUSB0", 19200, "8E1"), parse_adapter("h:502")
NO_ANSWER = AnswerTimeout("no answer")


@pytest.mark.parametrize("code", EXCEPTIONS)
@pytest.mark.parametrize("writing", [False, True])
def test_every_code_of_the_specification_has_words_of_its_own(code: int, writing: bool) -> None:
    told = explain(ModbusException(code), SERIAL, writing=writing)
    start = f"exception {code} ({EXCEPTIONS[code]}): "
    assert told.startswith(start)
    others = {explain(ModbusException(other), SERIAL, writing=writing).partition("): ")[2] for other in EXCEPTIONS}
    assert told.removeprefix(start) in others
    assert len(others) == len(EXCEPTIONS) == 9


def test_codes_of_a_maker_are_left_to_the_manual() -> None:
    assert explain(ModbusException(0x80), SERIAL) == (
        "exception 128 (unknown): its manual may tell what this code of its own means"
    )


@pytest.mark.parametrize(
    ("error", "adapter", "heard", "words"),
    [
        (ModbusException(1), SERIAL, False, ["another -t"]),
        (ModbusException(2), SERIAL, False, ["the address before", "another -t", "fewer"]),
        (ModbusException(6), SERIAL, False, ["busy"]),
        (ModbusException(11), NETWORK, False, ["gateway", "unit id"]),
        (NO_ANSWER, SERIAL, False, ["unit id", "A and B", "19200 baud 8E1", "--timeout"]),
        (NO_ANSWER, SERIAL, True, ["something came", "19200 baud 8E1", "unit id"]),
        (NO_ANSWER, NETWORK, False, ["unit id", "--rtu", "--timeout"]),
        (FrameError("wrong checksum"), SERIAL, True, ["wrong checksum", "19200 baud 8E1", "cable"]),
        (FrameError("the answer does not belong", "foreign"), NETWORK, False, ["another master", "--timeout"]),
    ],
)
def test_what_to_look_for(error: Exception, adapter: object, heard: bool, words: list[str]) -> None:
    assert isinstance(error, AnswerTimeout | FrameError | ModbusException)
    told = explain(error, SERIAL if adapter is SERIAL else NETWORK, heard)
    assert told.startswith(f"{error}: ")
    assert all(word in told for word in words), told


def test_what_needs_no_explanation_has_none() -> None:
    assert explain(LinkError("h:502: connection refused"), NETWORK) == "h:502: connection refused"
