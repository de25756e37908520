"""`mbmd read` and `mbmd write` over real lines, with pymodbus at the other end, and a person at a terminal."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymodbus.constants import ExcCodes

from mbmd import cli
from mbmd.protocol.values import ENCODINGS
from tests.integration.cells import UNIT, Cells, served
from tests.integration.command import PATIENCE, ROOT, running, until

LINES = {
    "tcp": "tcp://127.0.0.1:{port}",
    "rtu over tcp": "rtu+tcp://127.0.0.1:{port}?baudrate=115200",
    "ascii over tcp": "ascii+tcp://127.0.0.1:{port}?baudrate=115200",
    "serial rtu": "rtu://{folder}/bus?baudrate=115200",
    "serial ascii": "ascii://{folder}/bus?baudrate=115200",
}
LONG = ("--timeout", "5s")
"""A machine may be busy; nothing here waits for it in vain."""


def mbmd(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Exit code, output and error output of a command."""
    code = cli.main(argv)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module", params=LINES)
def line(request: pytest.FixtureRequest) -> Iterator[tuple[str, Cells]]:
    cells = Cells()
    with served(LINES[request.param], cells) as adapter:
        yield adapter, cells


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[str, Cells]]:
    cells = Cells()
    with served(LINES["tcp"], cells) as adapter:
        yield adapter, cells


@pytest.fixture
def device(gateway: tuple[str, Cells]) -> tuple[tuple[str, ...], Cells]:
    """The options that lead to a fresh device on Modbus TCP."""
    adapter, cells = gateway
    for kind in cells.kinds.values():
        kind.clear()
    cells.refused.clear()
    cells.asked.clear()
    return ("-a", adapter, "-d", str(UNIT), *LONG), cells


WRITTEN = [
    # encoding, LENGTH, VALUE, as it is shown, what lies in the registers by struct
    ("int", "1", "-123", "-123", struct.pack(">h", -123)),
    ("int", "2", "-0x10", "-16", struct.pack(">i", -16)),
    ("int", "4", "-9223372036854775808", "-9223372036854775808", struct.pack(">q", -(2**63))),
    ("uint", "1", "0xFFFF", "65535", struct.pack(">H", 0xFFFF)),
    ("uint", "2", "4294967295", "4294967295", struct.pack(">I", 2**32 - 1)),
    ("uint", "4", "18446744073709551615", "18446744073709551615", struct.pack(">Q", 2**64 - 1)),
    ("float", "2", "230.1", "230.1", struct.pack(">f", 230.1)),
    ("float", "4", "-1e-300", "-1e-300", struct.pack(">d", -1e-300)),
    ("ints", "2", "-2", "-2", bytes.fromhex("fffeffff")),
    ("ints", "4", "1", "1", bytes.fromhex("0001000000000000")),
    ("uints", "2", "0x12345678", "305419896", bytes.fromhex("56781234")),
    ("uints", "4", "1", "1", bytes.fromhex("0001000000000000")),
    ("floats", "2", "-1.5", "-1.5", bytes.fromhex("0000bfc0")),
    ("floats", "4", "1", "1.0", bytes.fromhex("0000000000003ff0")),
    ("int16", "", "-32768", "-32768", bytes.fromhex("8000")),
    ("int32", "", "-1000", "-1000", struct.pack(">i", -1000)),
    ("int64", "", "-5", "-5", struct.pack(">q", -5)),
    ("int32s", "", "65536", "65536", bytes.fromhex("00000001")),
    ("int64s", "", "-1", "-1", b"\xff" * 8),
    ("uint16", "", "7", "7", bytes.fromhex("0007")),
    ("uint32", "", "65537", "65537", bytes.fromhex("00010001")),
    ("uint64", "", "1", "1", struct.pack(">Q", 1)),
    ("uint32s", "", "65536", "65536", bytes.fromhex("00000001")),
    ("uint64s", "", "65536", "65536", bytes.fromhex("0000000100000000")),
    ("float32", "", "-inf", "-inf", struct.pack(">f", float("-inf"))),
    ("float64", "", "nan", "nan", struct.pack(">d", float("nan"))),
    ("float32s", "", "1", "1.0", bytes.fromhex("00003f80")),
    ("float64s", "", "-1", "-1.0", bytes.fromhex("000000000000bff0")),
    ("hex", "2", "0xDEADbeef", "0xdeadbeef", bytes.fromhex("deadbeef")),
    ("hex", "3", "0001 0203 0405", "0x000102030405", bytes(range(6))),
    ("string", "4", "meter 7", "meter 7", b"meter 7\0"),
    ("strings", "4", "meter 7", "meter 7", b"emet r\x007"),
    ("bit", "2", "0000000000000101 1000000000000000", "0000000000000101 1000000000000000", bytes.fromhex("00058000")),
]


def test_all_encodings_are_in_the_table() -> None:
    assert {row[0] for row in WRITTEN} == set(ENCODINGS)


def test_every_encoding_there_and_back_on_every_line(
    line: tuple[str, Cells], capsys: pytest.CaptureFixture[str]
) -> None:
    adapter, cells = line
    options = ("-a", adapter, "-d", str(UNIT), *LONG)
    for encoding, length, value, shown, data in WRITTEN:
        cells.kinds["holding"].clear()
        place = ["0x64", *filter(None, [length])]
        quoted = f"'{shown}'" if "string" in encoding else shown
        wrote = mbmd(capsys, "write", *options, "-y", "-e", encoding, *place, value)
        assert (wrote[0], wrote[2]) == (0, ""), (encoding, wrote)
        assert wrote[1].startswith(f"wrote {quoted} to holding register"), (encoding, wrote)
        words = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
        assert cells.kinds["holding"] == dict(enumerate(words, 100)), encoding
        assert mbmd(capsys, "read", *options, "-e", encoding, *place) == (0, f"{shown}\n", "")


def test_every_kind_on_every_line(line: tuple[str, Cells], capsys: pytest.CaptureFixture[str]) -> None:
    adapter, cells = line
    options = ("-a", adapter, "-d", str(UNIT), *LONG)
    cells.kinds["input"].update({7: 0xFFFF, 8: 2})
    cells.kinds["discrete"].update({0xFFFF: 1})
    cells.kinds["coil"].clear()
    assert mbmd(capsys, "write", *options, "-y", "-t", "coil", "9", "10", "1011000011")[0] == 0
    assert cells.kinds["coil"] == {9 + at: int(bit) for at, bit in enumerate("1011000011")}
    assert mbmd(capsys, "read", *options, "-t", "coil", "9", "10") == (0, "1011000011\n", "")
    assert mbmd(capsys, "read", *options, "-t", "coil", "9", "--count", "3") == (0, "9\t1\n10\t0\n11\t1\n", "")
    assert mbmd(capsys, "read", *options, "-t", "input", "7") == (0, "-1\n", "")
    assert mbmd(capsys, "read", *options, "-t", "input", "-e", "uint", "7", "2") == (0, "4294901762\n", "")
    assert mbmd(capsys, "read", *options, "-t", "discrete", "65535") == (0, "1\n", "")


def test_a_device_that_knows_only_single_writes_on_every_line(
    line: tuple[str, Cells], capsys: pytest.CaptureFixture[str]
) -> None:
    adapter, cells = line
    options = ("-a", adapter, "-d", str(UNIT), *LONG, "-y")
    cells.refused.update({15: ExcCodes.ILLEGAL_FUNCTION, 16: ExcCodes.ILLEGAL_FUNCTION})
    cells.kinds["holding"].clear()
    cells.kinds["coil"].clear()
    try:
        register = mbmd(capsys, "write", *options, "200", "1", "-123")
        coil = mbmd(capsys, "write", *options, "-t", "coil", "200", "1")
        named = mbmd(capsys, "write", *options, "--function", "6", "201", "1", "3")
    finally:
        cells.refused.clear()
    assert register[0] == coil[0] == named[0] == 0, (register, coil, named)
    assert (cells.kinds["holding"], cells.kinds["coil"]) == ({200: 0xFFFF - 122, 201: 3}, {200: 1})


def test_long_reads_are_split_and_no_value_with_them(
    device: tuple[tuple[str, ...], Cells], capsys: pytest.CaptureFixture[str]
) -> None:
    options, cells = device
    cells.kinds["holding"].update({at: at for at in range(1000)})
    code, out, err = mbmd(capsys, "read", *options, "-e", "uint64", "--count", "70", "10")
    assert (code, err, cells.asked) == (0, "", [(3, 10, 124), (3, 134, 124), (3, 258, 32)])
    expected = [int.from_bytes(b"".join(at.to_bytes(2) for at in range(i, i + 4))) for i in range(10, 290, 4)]
    assert [line.split("\t") for line in out.splitlines()] == [
        [str(at), str(value)] for at, value in zip(range(10, 290, 4), expected, strict=True)
    ]
    cells.asked.clear()
    assert mbmd(capsys, "read", *options, "-t", "coil", "--count", "5000", "3")[1].count("\n") == 5000
    assert cells.asked == [(1, 3, 2000), (1, 2003, 2000), (1, 4003, 1000)]
    cells.asked.clear()
    limited = (options[0], f"{options[1]}?max_registers=3", *options[2:])
    assert mbmd(capsys, "read", *limited, "-e", "uint32", "--count", "3", "0")[1] == "0\t1\n2\t131075\n4\t262149\n"
    assert cells.asked == [(3, 0, 2), (3, 2, 2), (3, 4, 2)]


def test_json(device: tuple[tuple[str, ...], Cells], capsys: pytest.CaptureFixture[str]) -> None:
    options, cells = device
    cells.kinds["input"].update(dict(enumerate([0x4366, 0x199A, 0x7FC0, 0, 0xFF80, 0])))
    code, out, err = mbmd(capsys, "read", *options, "--json", "-t", "input", "-e", "float32", "--count", "3", "0")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "unit": UNIT,
        "type": "input",
        "encoding": "float32",
        "values": [
            {"address": 0, "value": 230.1},
            {"address": 2, "value": "nan"},
            {"address": 4, "value": "-inf"},
        ],
    }


def test_raw_shows_the_frames(
    device: tuple[tuple[str, ...], Cells], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    options, _ = device
    with caplog.at_level("INFO", "mbmd.raw"):
        assert mbmd(capsys, "read", *options, "--raw", "100")[:2] == (0, "0\n")
    assert [record.getMessage().split(" ", 1)[1] for record in caplog.records if record.name == "mbmd.raw"] == [
        "> 00 01 00 00 00 06 05 03 00 64 00 01",
        "< 00 01 00 00 00 05 05 03 02 00 00",
    ]


def test_nobody_behind_a_gateway_is_said(
    device: tuple[tuple[str, ...], Cells], capsys: pytest.CaptureFixture[str]
) -> None:
    options, _ = device
    code, out, err = mbmd(capsys, "read", *options, "-d", "9", "100")
    assert (code, out) == (1, "")
    assert re.fullmatch(
        r"mbmd: unit 9 on 127\.0\.0\.1:\d+, holding register 100: exception 11 \(.*\): nobody answers .*\n", err
    )


def test_mock_is_a_meter_to_play_with(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = mbmd(capsys, "read", "-a", "mock", "-d", "3", "-t", "input", "-e", "float32", "0")
    assert code == 0
    assert 200 < float(out) < 260
    assert mbmd(capsys, "write", "-a", "mock", "-d", "3", "1000", "1", "-7", "--yes") == (
        0,
        "wrote -7 to holding register 1000 of unit 3 on mock (was 0)\n",
        "",
    )


def test_watch_goes_on_until_interrupted(tmp_path: Path) -> None:
    cells = Cells()
    with served(LINES["tcp"], cells) as adapter:
        options = ("-a", adapter, "-d", str(UNIT), *LONG, "--watch", "0.05", "-e", "uint16", "--count", "2", "100")
        with running(tmp_path / "watch", "read", *options) as watch:
            until(lambda: watch.output.count("\n") > 1 or None, watch)
            cells.refused[3] = ExcCodes.DEVICE_FAILURE
            until(lambda: watch.log.count("\n") > 1 or None, watch)
            cells.refused.clear()
            cells.kinds["holding"][101] = 65535
            watch.until_output("\t0\t65535\n")
            assert watch.stop(signal.SIGINT)[0] == 130
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"
    assert re.fullmatch(rf"({stamp}\t0\t(0|65535)\n)+", watch.output)
    assert re.fullmatch(rf"({stamp}\tunit 5 on \S+, holding registers 100 to 101: exception 4 .*\n)+", watch.log)


def test_a_reader_who_has_enough_ends_a_watch(gateway: tuple[str, Cells]) -> None:
    command = f"{sys.executable} -m mbmd read -a {gateway[0]} -d {UNIT} --timeout 5s --watch 0.01 --json 100 | head -1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert document.pop("time")
    assert document == {"unit": UNIT, "type": "holding", "encoding": "int16", "values": [{"address": 100, "value": 0}]}


class Person:
    """Someone at a terminal on which a command runs."""

    def __init__(self, *argv: str) -> None:
        self.terminal, theirs = pty.openpty()
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mbmd", *argv], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=env
        )
        os.close(theirs)

    def sees(self, end: str) -> str:
        """All that is shown until a text, which must come."""
        seen = ""
        while not seen.endswith(end):
            shown = self._shown()
            assert shown, seen
            seen += shown
        return seen

    def types(self, text: str) -> tuple[int, str]:
        """Type, and wait for the end: the exit code and what is shown behind the echo."""
        os.write(self.terminal, text.encode())
        seen = ""
        while shown := self._shown():
            seen += shown
        code = self.process.wait(PATIENCE)
        os.close(self.terminal)
        return code, seen.replace("\r\n", "\n").removeprefix(text)

    def _shown(self) -> str:
        """What is shown next, empty at the end."""
        assert select.select([self.terminal], [], [], PATIENCE)[0], "nothing comes any more"
        try:
            return os.read(self.terminal, 1).decode()
        except OSError:  # how Linux tells that the other side is closed
            return ""


@pytest.mark.parametrize("answer", ["y\n", "Yes\n", "n\n", "\n", "yess\n", "\x04"])
def test_a_person_is_asked_before_anything_is_written(device: tuple[tuple[str, ...], Cells], answer: str) -> None:
    options, cells = device
    cells.kinds["holding"][100] = 7
    person = Person("write", *options, "100", "1", "42")
    place = re.sub(r"^tcp://", "", options[1])
    assert person.sees("[y/N] ") == f"write 42 to holding register 100 of unit 5 on {place} (now 7)? [y/N] "
    assert cells.asked == [(3, 100, 1)]
    agreed = answer in ("y\n", "Yes\n")
    code, shown = person.types(answer)
    assert (code, cells.kinds["holding"][100]) == ((0, 42) if agreed else (1, 7))
    assert shown.strip() == (
        f"wrote 42 to holding register 100 of unit 5 on {place} (was 7)" if agreed else "nothing was written"
    )


def test_a_person_may_interrupt_the_question(device: tuple[tuple[str, ...], Cells]) -> None:
    options, cells = device
    person = Person("write", *options, "100", "1", "42")
    person.sees("[y/N] ")
    person.process.send_signal(signal.SIGINT)
    assert person.types("")[0] == 130
    assert cells.kinds["holding"] == {}


def test_a_terminal_has_colours_unless_it_shall_not(
    device: tuple[tuple[str, ...], Cells], monkeypatch: pytest.MonkeyPatch
) -> None:
    options, _ = device
    monkeypatch.delenv("NO_COLOR", raising=False)
    code, shown = Person("read", *options, "--count", "2", "100").types("")
    assert (code, "\x1b[" in shown) == (0, True)
    monkeypatch.setenv("NO_COLOR", "1")
    code, shown = Person("read", *options, "--count", "2", "100").types("")
    assert (code, re.sub(r"\x1b\[[0-9;]*m", "", shown).split()) == (0, ["100", "0", "101", "0"])
    assert not re.search(r"\x1b\[3[0-9]", shown)
