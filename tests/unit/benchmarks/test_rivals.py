"""What rivals are given to do."""

import struct

import pytest

from benchmarks.rivals.bare import request
from benchmarks.rivals.job import Job, Read, make_job
from benchmarks.rivals.libmodbus import numbers
from benchmarks.rivals.pymodbus_client import at_once, each

JOB = make_job("127.0.0.1", [10502, 10503])


def test_rivals_read_what_an_sdm630_has_in_three_reads() -> None:
    assert sorted((read.address, read.count) for read in JOB.reads) == [(0, 80), (234, 16), (342, 40)]
    assert sum(len(read.places) for read in JOB.reads) == 52


def test_every_value_lies_within_its_read() -> None:
    assert all(0 <= place <= read.count - 2 for read in JOB.reads for place in read.places)


def test_a_bare_request_is_a_read_of_input_registers() -> None:
    assert request(Read(342, 40, ())).hex() == "000100000006" + "01040156" + "0028"


def test_libmodbus_is_given_threads_ports_and_reads() -> None:
    job = Job("127.0.0.1", (10502, 10503), (Read(0, 4, (0, 2)), Read(70, 2, (0,))))
    assert numbers(job, 3) == "3 2 10502 10503 2 0 4 2 0 2 70 2 1 0"


@pytest.mark.parametrize("way", [at_once, each])
def test_pymodbus_converts_the_values_that_are_wanted(way: object) -> None:
    registers = list(struct.unpack(">6H", struct.pack(">fff", 230.5, -1.25, 50.0)))
    decode = (at_once if way is at_once else each)(Read(0, 6, (0, 4)))
    assert decode(registers) == [230.5, 50.0]
