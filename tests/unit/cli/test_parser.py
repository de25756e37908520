"""Negative numbers on the command line are values, wherever they stand."""

import argparse
from itertools import permutations

import pytest

from mbmd.cli.parser import Parser

NEGATIVE = ["-123", "-1.5", "-.5", "-1e3", "-0x10", "-inf", "-Infinity", "-nan", "-1 2", "-5kW", "-1,5", "-0b1"]


def parser() -> argparse.ArgumentParser:
    top: argparse.ArgumentParser = Parser(prog="top")
    top.add_argument("-a", default="none")
    commands = top.add_subparsers(required=True)
    write = commands.add_parser("write")
    for name in ("register", "length", "value"):
        write.add_argument(name).required = False
    write.add_argument("-d", default="1")
    write.add_argument("-y", action="store_true")
    write.add_argument("-n", action="append")
    return top


@pytest.mark.parametrize("value", [*NEGATIVE, "5", " -5", "  -5", "-5 ", "a b", ""])
def test_values_stay_as_they_are_among_options(value: str) -> None:
    for options in permutations([["7"], ["1"], [value], ["-d", "3"], ["-y"]]):
        if [option for option in options if option[0][:1] != "-" or option == [value]] != [["7"], ["1"], [value]]:
            continue
        args = parser().parse_args(["-a", "x", "write", *(word for option in options for word in option)])
        assert (args.a, args.register, args.length, args.value, args.d, args.y) == ("x", "7", "1", value, "3", True)


@pytest.mark.parametrize("value", NEGATIVE)
def test_values_of_options_stay_as_they_are(value: str) -> None:
    args = parser().parse_args(["-a", value, "write", "-d", value, "1", "-n", value, "-n", "4"])
    assert (args.a, args.d, args.register, args.value, args.n) == (value, value, "1", None, [value, "4"])
    assert parser().parse_args(["write", f"-d{value}"]).d == value


def test_values_may_be_left_out_and_options_stand_between_them() -> None:
    args = parser().parse_args(["write", "7", "-d", "3", "-5"])
    assert (args.register, args.length, args.value) == ("7", "-5", None)
    args = parser().parse_args(["write", "7", "-y", "2", "-d", "3", "-5"])
    assert (args.register, args.length, args.value, args.d) == ("7", "2", "-5", "3")


def test_behind_two_dashes_all_is_a_value() -> None:
    args = parser().parse_args(["write", "-d", "3", "7", "1", "--", "-yes"])
    assert (args.register, args.length, args.value, args.y) == ("7", "1", "-yes", False)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["write", "1", "-x", "-5"], "unrecognized arguments: -x"),
        (["write", "1", "2", "3", "-5"], "unrecognized arguments: -5"),
        (["write", "1", "-information"], "unrecognized arguments: -information"),
        (["-5"], "unknown command '-5': it is one of write"),
    ],
)
def test_what_is_neither_is_refused(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parser().parse_args(argv)
    assert raised.value.code == 2
    assert words in capsys.readouterr().err


def test_the_arguments_of_the_process_are_taken_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["top", "write", "1", "-1e3"])
    assert parser().parse_args().length == "-1e3"
