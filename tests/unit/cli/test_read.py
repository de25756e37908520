"""`mbmd read`: what it prints of answers, and of their absence."""

import asyncio
import json
import re
import shlex
from collections.abc import Sequence
from itertools import repeat

import pytest

from mbmd import cli
from mbmd.cli import read
from mbmd.cli.read import Item, parse_query
from mbmd.cli.target import parse_target
from mbmd.config.adapter import Framing
from mbmd.errors import EXCEPTIONS, LinkError, MbmdError, UsageError
from mbmd.protocol.kinds import KINDS
from mbmd.protocol.values import ENCODINGS
from tests.unit.cli.by_hand import PLACES, Shell
from tests.virtual_time import now
from tests.written import Device, Saying, answered, lost, refused


def test_one_value_stands_alone_and_several_behind_their_addresses(shell: Shell) -> None:
    device = Device(registers={100: 0xFFFF, 101: 0xFFFE})
    assert shell.ask(device, "read", "100") == (0, "-1\n", "")
    assert shell.ask(device, "read", "100", "2", "-e", "uint") == (0, "4294967294\n", "")
    assert shell.ask(device, "read", "0x64", "--count", "2") == (0, "100\t-1\n101\t-2\n", "")
    assert shell.ask(device, "read", "-e", "bit", "100", "2") == (0, "1111111111111111 1111111111111110\n", "")


def test_the_unit_and_the_kind_are_asked_for(shell: Shell) -> None:
    device = Device()
    assert shell.ask(device, "read", "-t", "coil", "3", "4") == (0, "0000\n", "")
    assert device.heard == [bytes.fromhex("0100030004")]


@pytest.mark.parametrize("code", EXCEPTIONS)
def test_exceptions_are_said_with_place_code_and_words(code: int, shell: Shell) -> None:
    done = shell.ask(Saying(repeat(refused(code))), "read", "-e", "float32", "--count", "3", "40001")
    assert (done.code, done.out) == (1, "")
    place = "unit 1 on meter:502, holding registers 40001 to 40006"
    assert re.fullmatch(rf"mbmd: {place}: exception {code} \({EXCEPTIONS[code]}\): .+\n", done.err)


@pytest.mark.parametrize(
    ("framing", "words"), [(Framing.MBAP, "--rtu"), (Framing.RTU, "A and B"), (Framing.ASCII, "A and B")]
)
def test_silence_is_explained_by_what_the_line_is(framing: Framing, words: str, shell: Shell) -> None:
    done = shell.ask(Saying(repeat(lost), framing), "read", "100")
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(rf"mbmd: unit 1 on meter:502, holding register 100: no answer: .*{words}.*\n", done.err)


def test_something_that_is_no_answer_is_told_from_silence(shell: Shell) -> None:
    def babble(device: Device, _: int, __: bytes) -> None:
        device.send(b"\x80\x7f")

    done = shell.ask(Saying(repeat(babble), Framing.RTU), "read", "100")
    assert "no answer: something came that is no answer: see the baud rate and comset (115200 baud 8N1)" in done.err


def test_what_came_before_a_failure_is_printed(shell: Shell) -> None:
    device = Device(registers=dict.fromkeys(range(200), 1))
    done = shell.ask(device, "read", "--count", "250", "0")
    assert (done.code, done.out.count("\n")) == (1, 125)
    assert "holding registers 125 to 249: exception 2" in done.err
    assert shell.ask(device, "read", "--count", "250", "--json", "0").out == ""


def test_an_adapter_that_cannot_be_opened_is_exit_code_1(shell: Shell) -> None:
    device = Device()
    device.down = 1
    assert shell.ask(device, "read", "100") == (1, "", "mbmd: meter:502: unplugged\n")


def test_the_timeout_of_the_adapter_counts() -> None:
    def patience(*argv: str) -> float:
        return parse_target(cli.make_parser().parse_args(["read", *argv, "1"])).patience

    assert patience("-a", "h:502") == pytest.approx(0.3)
    assert patience("-a", "h:502", "--timeout", "2s") == 2
    assert patience("-a", "tcp://h?timeout=3s", "--timeout", "2s") == 3


class EnoughError(Exception):
    """Ends a watch."""


def watch(device: Device, *argv: str, rounds: int, moments: list[float] | None = None) -> list[list[object] | str]:
    """What a watch of each second shows in so many rounds: values, or the text of an error; and when."""
    args = cli.make_parser().parse_args(["read", "-a", PLACES[device.framing], *argv])
    shown: list[list[object] | str] = []

    def show(brought: Sequence[Item] | MbmdError) -> None:
        shown.append(str(brought) if isinstance(brought, MbmdError) else [value for _, value in brought])
        if moments is not None:
            moments.append(now())
        if len(shown) == rounds:
            raise EnoughError

    with pytest.raises(EnoughError):
        asyncio.run(read._watch(parse_query(args), parse_target(args), 1.0, show))
    return shown


def test_a_watch_goes_on_through_errors(shell: Shell) -> None:
    device = Saying([refused(4)])
    with shell.reaching(device):
        shown = watch(device, "100", "--count", "2", rounds=3)
    assert str(shown[0]).startswith("unit 1 on meter:502, holding registers 100 to 101: exception 4 ")
    assert shown[1:] == [[7, 7], [7, 7]]


def test_a_watch_keeps_its_pace_though_reads_take_time(shell: Shell) -> None:
    device = Saying([answered, *[lost] * 3, answered, *[lost] * 6])
    moments: list[float] = []
    with shell.reaching(device):
        watch(device, "--timeout", "300ms", "100", rounds=4, moments=moments)
        watch(device, "--timeout", "500ms", "100", rounds=3, moments=moments)
    assert [moment - moments[0] for moment in moments[:4]] == pytest.approx([0, 1.9, 2, 3.9])
    assert [moment - moments[4] for moment in moments[4:]] == pytest.approx([0, 0, 1.0])


def test_a_watch_waits_for_a_line_that_is_down_at_first_or_later(shell: Shell) -> None:
    def hang_up(device: Device, _: int, __: bytes) -> None:
        device.down = 2
        device.hang_up()

    device = Saying([answered, hang_up])
    device.down = 1
    with shell.reaching(device):
        shown = watch(device, "100", rounds=6)
    assert shown == [
        "meter:502: unplugged",
        [7],
        "meter:502: the connection was closed",
        "meter:502: unplugged",
        "meter:502: unplugged",
        [7],
    ]


def test_a_watch_ends_where_only_the_user_can_help_but_not_once_it_ran(shell: Shell) -> None:
    class Gone(Device):
        async def open(self, receiver: object) -> object:  # type: ignore[override]
            if self.opened in (0, 2):
                self.opened += 1
                raise UsageError("no such serial device")
            return await super().open(receiver)  # type: ignore[arg-type]

        def carry_out(self, pdu: bytes) -> bytes | None:
            self.hang_up()
            return None

    device = Gone()
    with shell.reaching(device):
        assert shell("read", "-a", "h:502", "--watch", "1s", "100") == (2, "", "mbmd: no such serial device\n")
        assert watch(device, "100", rounds=2) == ["meter:502: the connection was closed", "no such serial device"]


def test_a_watch_closes_the_connection_where_the_adapter_wants_it(shell: Shell) -> None:
    device = Device()
    with shell.reaching(device):
        watch(device, "-a", "tcp://meter:502?close=true", "100", rounds=3)
    assert device.opened == 3


def test_lines_of_json_hold_values_or_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    args = cli.make_parser().parse_args(["read", "-a", "h:502", "-e", "float32", "100"])
    show = read._json_lines(parse_query(args), parse_target(args))
    show([(100, float("inf"))])
    show(LinkError("gone"))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["values"], second["error"]) == ([{"address": 100, "value": "inf"}], "gone")
    assert set(second) == {"time", "error"}


@pytest.mark.parametrize(("text", "seconds"), [("5", 5.0), ("0.5", 0.5), (".5", 0.5), ("500ms", 0.5), ("1m30s", 90.0)])
def test_how_often_to_watch(text: str, seconds: float) -> None:
    assert read._interval(text) == seconds


def test_the_examples_work() -> None:
    examples = re.findall(r"^ +mbmd (read .*)$", read._EPILOG, re.MULTILINE)
    assert len(examples) > 5
    for example in examples:
        args = cli.make_parser().parse_args(shlex.split(example))
        assert parse_query(args).span.count
        assert parse_target(args).unit


def test_help_names_all_encodings_and_types(shell: Shell) -> None:
    words = set(re.findall(r"\w+", shell("read", "--help").out))
    assert {*ENCODINGS, *KINDS} <= words


def test_a_value_longer_than_the_adapter_allows_is_read_whole() -> None:
    args = cli.make_parser().parse_args(["read", "-a", "h:502", "-e", "hex", "100", "10", "--count", "2"])
    assert [(part.address, part.count) for part in parse_query(args).parts(4)] == [(100, 10), (110, 10)]
