"""`mbmd write`: what is known afterwards, and said."""

import re
import shlex

import pytest

from mbmd import cli
from mbmd.cli import write
from mbmd.cli.target import parse_target
from mbmd.cli.write import parse_job
from mbmd.config.adapter import Framing
from mbmd.errors import EXCEPTIONS
from tests.unit.cli.by_hand import Shell
from tests.written import Act, Device, cut_off, lost, lost_answer, pretended, refused

PLACE = "unit 1 on meter:502"


def test_what_was_written_and_what_was_there(shell: Shell) -> None:
    device = Device()
    assert shell.ask(device, "write", "100", "1", "-123") == (
        0,
        f"wrote -123 to holding register 100 of {PLACE} (was 7)\n",
        "",
    )
    assert shell.ask(device, "write", "-t", "coil", "2", "3", "101") == (
        0,
        f"wrote 101 to coils 2 to 4 of {PLACE} (was 000)\n",
        "",
    )
    assert device.functions == [3, 16, 3, 1, 15, 1]


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize(("function", "known"), [("6", [6]), ("16", [16]), (None, [16, 6])])
def test_functions_for_one_register(framing: Framing, function: str | None, known: list[int], shell: Shell) -> None:
    device = Device(framing)
    device.unknown = {16, 6} - {known[-1]}
    options = ["--function", function] if function else []
    assert shell.ask(device, "write", *options, "100", "1", "9").code == 0
    assert [function for function in device.functions if function != 3] == known


def test_negative_values_are_taken_as_written_wherever_options_stand(shell: Shell) -> None:
    for value, encoding, shown in [
        ("-123", "int32", "-123"),
        ("-1.5", "float32", "-1.5"),
        ("-1e3", "float32", "-1000.0"),
        ("-0x10", "int32", "-16"),
        ("-inf", "float32", "-inf"),
        ("-12", "string", "'-12'"),
    ]:
        for words in (
            ["-e", encoding, "100", "2", value],
            ["100", "-e", encoding, "2", value],
            ["100", "2", "-e", encoding, value],
            ["100", "2", value, "-e", encoding],
        ):
            done = shell.ask(Device(), "write", *words)
            assert (done.code, done.err) == (0, ""), words
            assert done.out.startswith(f"wrote {shown} to holding registers 100 to 101 "), words


@pytest.mark.parametrize("code", [1, 2, 3, 6, 10])
def test_refusals_are_said_with_place_code_and_words(code: int, shell: Shell) -> None:
    device = Device(script=[refused(code)] * 3)
    done = shell.ask(device, "write", "--function", "16", "100", "1", "9")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(
        rf"mbmd: {PLACE}, holding register 100: exception {code} \({EXCEPTIONS[code]}\): .+\n", done.err
    )
    assert device.functions[-1] == 16


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lost_answer, "no answer: "),
        (cut_off, "meter:502: the connection was closed"),
        (refused(4, does_it=True), "exception 4 "),
        (refused(5, does_it=True), "exception 5 "),
    ],
)
@pytest.mark.parametrize("framing", Framing)
def test_a_write_that_was_done_without_a_good_answer_is_a_success(
    act: Act, said: str, framing: Framing, shell: Shell
) -> None:
    device = Device(framing, [act])
    done = shell.ask(device, "write", "100", "1", "9")
    assert (done.code, done.err) == (0, "")
    start = f"{PLACE}: holding register 100 reads 9 now (was 7), though the write was not acknowledged: "
    assert done.out.startswith(start + said)
    assert device.functions.count(16) == 1


@pytest.mark.parametrize("act", [lost, refused(4), refused(11)])
def test_a_write_that_was_not_done_and_not_answered_is_a_failure(act: Act, shell: Shell) -> None:
    device = Device(script=[act])
    done = shell.ask(device, "write", "100", "1", "9")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        f"mbmd: {PLACE}: 9 to holding register 100 was not acknowledged, and it reads 7 (was 7): "
    )
    assert device.functions.count(16) == 1


def test_a_device_that_does_not_do_what_it_says_is_a_failure_with_both_values(shell: Shell) -> None:
    done = shell.ask(Device(script=[pretended]), "write", "100", "1", "9")
    assert done == (1, "", f"mbmd: {PLACE} acknowledged 9 to holding register 100, but it reads 7 now (was 7)\n")


def test_values_that_look_alike_are_told_apart_in_hex(shell: Shell) -> None:
    device = Device(script=[pretended], registers={100: 0x4120, 101: 0})
    done = shell.ask(device, "write", "-e", "string", "100", "2", "A")
    there = "'A' (0x41200000)"
    assert done.err == (
        f"mbmd: {PLACE} acknowledged 'A' to holding registers 100 to 101, but it reads {there} now (was {there})\n"
    )


def test_what_cannot_be_read_can_be_written_but_not_verified(shell: Shell) -> None:
    device = Device()
    device.unknown = {3}
    done = shell.ask(device, "write", "100", "1", "9")
    unreadable = "exception 1 (illegal function)"
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"wrote 9 to holding register 100 of {PLACE} (was unknown: {unreadable}); "
        f"not verified, as it cannot be read: {unreadable}\n"
    )
    assert device.registers[100] == 9


def test_what_cannot_be_read_and_is_not_answered_is_not_known(shell: Shell) -> None:
    device = Device(script=[lost])
    device.unknown = {3}
    done = shell.ask(device, "write", "100", "1", "9")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"mbmd: {PLACE}: it is not known whether 9 to holding register 100 was written: no ans")


def test_a_device_that_falls_silent_after_the_write_is_a_failure(shell: Shell) -> None:
    def last(device: Device, _: int, pdu: bytes) -> bytes | None:
        device.deaf = {3}
        return device.carry_out(pdu)

    done = shell.ask(Device(script=[last]), "write", "100", "1", "9")
    assert done == (
        1,
        "",
        f"mbmd: {PLACE} acknowledged 9 to holding register 100, but reading it back failed: no answer\n",
    )


@pytest.mark.parametrize("code", [6, 11])
def test_a_device_that_is_not_there_or_busy_is_not_written(code: int, shell: Shell) -> None:
    class Away(Device):
        def carry_out(self, pdu: bytes) -> bytes | None:
            return bytes((pdu[0] | 0x80, code))

    device = Away()
    done = shell.ask(device, "write", "100", "1", "9")
    assert (done.code, done.out) == (1, "")
    assert f"holding register 100: exception {code} " in done.err
    assert 16 not in device.functions


def test_a_silent_device_is_not_written(shell: Shell) -> None:
    device = Device()
    device.deaf = {3}
    done = shell.ask(device, "write", "100", "1", "9")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"mbmd: {PLACE}, holding register 100: no answer: ")
    assert set(device.functions) == {3}


def test_the_examples_work() -> None:
    examples = re.findall(r"^ +mbmd (write .*)$", write._EPILOG, re.MULTILINE)
    assert len(examples) > 5
    for example in examples:
        args = cli.make_parser().parse_args(shlex.split(example))
        assert parse_job(args).cells
        assert parse_target(args).unit
