"""What `read` and `write` refuse: one line, exit code 2, and nothing is opened."""

import shlex

import pytest

from tests.unit.cli.by_hand import Shell

A = "-a h:502"
NOT_A_NUMBER = "not a number from 0 to 65535, as in 40 or 0x28"
REFUSED = [
    # whom
    ("read 100", "no adapter: name it with -a, as in -a /dev/ttyUSB0 or -a 192.168.0.7:502"),
    ("write 100 1 5 -y", "no adapter: name it with -a, as in -a /dev/ttyUSB0 or -a 192.168.0.7:502"),
    ("read -a '' 100", "the adapter is empty: give a serial device, host:port or a URL"),
    ("read -a tpc://h 100", "adapter 'tpc://h' has unknown scheme 'tpc': did you mean tcp?"),
    ("read -a h:0 100", "'h:0': a port is a number from 1 to 65535"),
    (f"read {A} -d 256 100", "the unit of -d is 256, outside 0 to 255"),
    (f"read {A} -d -1 100", "the unit of -d is '-1', not a number from 0 to 255, as in 40 or 0x28"),
    (f"read {A} -d sdm:1 100", "the unit of -d is 'sdm:1', not a number from 0 to 255, as in 40 or 0x28"),
    ("read -a /dev/ttyUSB0 -d 0 100", "unit 0 is outside 1 to 247 on /dev/ttyUSB0"),
    ("write -a /dev/ttyUSB0 -d 248 100 1 5 -y", "unit 248 is outside 1 to 247 on /dev/ttyUSB0"),
    ("read -a /dev/ttyUSB0 -b 17 100", "baudrate '17' is not a number from 300 to 4000000"),
    ("read -a /dev/ttyUSB0 --comset 7E1 100", "comset '7E1' is not one of 8N1, 8N2, 8E1, 8O1"),
    (f"read {A} --timeout 0 100", "--timeout must be longer than nothing, as in 300ms"),
    (f"read {A} --timeout 3 100", "'3' is not a duration: write it as 300ms, 1s or 1m30s"),
    # where
    (f"read {A}", "REGISTER is missing, as in: mbmd read -a /dev/ttyUSB0 -d 1 100 2"),
    (f"read {A} 65536", "REGISTER is 65536, outside 0 to 65535"),
    (f"read {A} -5", f"REGISTER is '-5', {NOT_A_NUMBER}"),
    (f"read {A} -- -5", f"REGISTER is '-5', {NOT_A_NUMBER}"),
    (f"read {A} 0x1FFFF", "REGISTER is 0x1FFFF, outside 0 to 65535"),
    (f"read {A} 0x", f"REGISTER is '0x', {NOT_A_NUMBER}"),
    (f"read {A} 5B00", f"REGISTER is '5B00', {NOT_A_NUMBER}"),
    (f"read {A} 1e3", f"REGISTER is '1e3', {NOT_A_NUMBER}"),
    (f"read {A} ''", f"REGISTER is '', {NOT_A_NUMBER}"),
    (f"read {A} \u0663", f"REGISTER is '\u0663', {NOT_A_NUMBER}"),
    (f"read {A} {'9' * 5000}", f"REGISTER is '{'9' * 40}...', {NOT_A_NUMBER}"),
    (f"read {A} 65535 2", "holding registers 65535 to 65536: the last address is 65535"),
    (
        f"read {A} -e float --count 3 65532 2",
        "holding registers 65532 to 65537: the last address is 65535",
    ),
    (f"read {A} -t coil --count 65536 1", "coils 1 to 65536: the last address is 65535"),
    # how much
    (f"read {A} 100 0", "LENGTH is 0, outside 1 to 125"),
    (f"read {A} 100 -1", "LENGTH is '-1', not a number from 1 to 125, as in 40 or 0x28"),
    (f"read {A} -e hex 100 126", "LENGTH is 126, outside 1 to 125"),
    (f"read {A} -t discrete 100 2001", "LENGTH is 2001, outside 1 to 2000"),
    (f"read {A} 100 3", "int takes 1, 2 or 4 registers, not 3: read several values with --count"),
    (f"read {A} --count 0 100", "--count is 0, outside 1 to 65536"),
    (f"read {A} --count ten 100", "--count is 'ten', not a number from 1 to 65536, as in 40 or 0x28"),
    (f"read {A} --watch 0 100", "--watch must be longer than nothing, as in 1s"),
    (f"read {A} --watch -1 100", "'-1' is not a duration: write it as 300ms, 1s or 1m30s"),
    (f"read {A} --watch soon 100", "'soon' is not a duration: write it as 300ms, 1s or 1m30s"),
    # what
    (f"read {A} -t holdin 100", "type 'holdin' is unknown: did you mean holding?"),
    (f"read {A} -t 3 100", "type '3' is unknown: it is one of coil, discrete, holding, input"),
    (f"read {A} -e int8 100", "encoding 'int8' is unknown: did you mean int?"),
    (f"read {A} -e float 100", "float takes its size from LENGTH: give 2 or 4, or say -e float32 or float64"),
    (f"read {A} -e string 100", "string needs a LENGTH in registers"),
    (
        f"read {A} -e uint32 100 4",
        "uint32 takes 2 registers, not 4: leave LENGTH out, read several values with --count",
    ),
    (f"read {A} -t coil -e int 100", "coils and discrete inputs are bits, not int: leave -e out, or say -e bit"),
    # what is written
    (f"write {A} -y", "VALUE is missing, as in: mbmd write -a /dev/ttyUSB0 -d 1 100 1 42"),
    (f"write {A} -y 100", "VALUE is missing, as in: mbmd write -a /dev/ttyUSB0 -d 1 100 1 42"),
    (
        f"write {A} -y 100 5",
        "int takes its size from LENGTH: give 1, 2 or 4, or say -e int16, int32 or int64",
    ),
    (f"write {A} -y -t input 100 1 5", "type input can only be read: what can be written is holding or coil"),
    (f"write {A} -y -t discrete 100 1", "type discrete can only be read: what can be written is holding or coil"),
    (f"write {A} -y -e hex 100 124 00", "LENGTH is 124, outside 1 to 123"),
    (f"write {A} -y -t coil 100 1969 1", "LENGTH is 1969, outside 1 to 1968"),
    (f"write {A} -y 100 0 5", "LENGTH is 0, outside 1 to 123"),
    (f"write {A} -y 65535 2 5", "holding registers 65535 to 65536: the last address is 65535"),
    (f"write {A} -y 100 1 32768", "'32768' does not fit int16, which goes from -32768 to 32767"),
    (f"write {A} -y 100 1 -0x8001", "'-0x8001' does not fit int16, which goes from -32768 to 32767"),
    (f"write {A} -y -e uint 100 1 -1", "'-1' does not fit uint16, which goes from 0 to 65535"),
    (f"write {A} -y 100 1 1.5", "'1.5' is not a whole number, as in 42, -123 or 0x2a: int16 needs one"),
    (f"write {A} -y -e float 100 2 -1e39", "'-1e39' is too large for float32"),
    (f"write {A} -y -e float32 100 1e-60", "'1e-60' is too small for float32: it would be 0"),
    (f"write {A} -y -e float32 100 x", "'x' is not a number, as in 42, -1.5, 1e3 or nan: float32 needs one"),
    (f"write {A} -y -e hex 100 2 beef", "'beef' has 4 hex digits, not the 8 of 2 registers"),
    (f"write {A} -y -e hex 100 1 -- -beef", "'-beef' is not hex, as in 0xdeadbeef or 'dead beef'"),
    (f"write {A} -y -e string 100 1 abc", "'abc' has 3 characters, not the 2 of 1 register or fewer"),
    (f"write {A} -y -e string 100 4 \u00fcber", "'\u00fcber' is not plain ASCII text: hex writes any bytes"),
    (f"write {A} -y -t coil 100 4 101", "'101' has 3 bits: write all 4"),
    (f"write {A} -y -t coil 100 1 2", "'2' is not made of bits: write each as 0 or 1"),
    (f"write {A} -y -t coil 100 -1", "'-1' is not made of bits: write each as 0 or 1"),
    (f"write {A} -y --function 3 100 1 5", "--function 3 does not write holding registers: 6 or 16 does"),
    (f"write {A} -y --function 6 -t coil 100 1", "--function 6 does not write coils: 5 or 15 does"),
    (f"write {A} -y --function 6 100 2 5", "--function 6 writes one holding register alone, not 2: 16 does"),
    (f"write {A} 100 1 5", "there is no terminal to ask back on: say --yes to write without"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_what_does_not_fit_is_one_line_and_nothing_is_opened(line: str, message: str, shell: Shell) -> None:
    with shell.reaching(None):
        assert shell(*shlex.split(line)) == (2, "", f"mbmd: {message}\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"write {A} -y -e hex 100 1 -beef", "mbmd: argument -b/--baudrate: invalid int value: 'eef'"),
        (f"read {A} 100 1 5", "unrecognized arguments: 5"),
        (f"read {A} 100 --cuont 5", "unrecognized arguments: --cuont"),
    ],
)
def test_what_the_parser_does_not_know_ends_with_its_line(line: str, words: str, shell: Shell) -> None:
    with shell.reaching(None):
        code, out, err = shell(*shlex.split(line))
    assert (code, out) == (2, "")
    assert words in err.splitlines()[-1]
