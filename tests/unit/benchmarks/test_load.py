import pytest

from benchmarks.play.asker import clocks
from benchmarks.play.load import request, size


def test_the_size_of_an_answer_is_that_of_its_head_and_body() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n"
    assert size(head + b"begin") == len(head) + 12


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n\r\ncontent-length: 7\r\n"])
def test_an_answer_must_tell_its_length_in_its_head(head: bytes) -> None:
    with pytest.raises(ValueError, match="does not tell its length"):
        size(head)


def test_a_request_asks_for_compression_only_if_so_wanted() -> None:
    assert b"gzip" not in request("/api/last", False)
    assert b"\r\nAccept-Encoding: gzip\r\n" in request("/api/last", True)


def test_metrics_show_the_latest_clock_of_each_device() -> None:
    text = b"""\
# TYPE mbmd_import_energy_joules_total counter
mbmd_import_energy_joules_total{device="SDM1.1"} 3600000.0
mbmd_import_energy_joules_total{device="SDM1.1",phase="L1"} 7200000.0
mbmd_import_energy_joules_total{device="SDM2.1"} 1800000.0
mbmd_power_watts{device="SDM1.1"} 3.0
"""
    assert clocks(text, 1003.0) == {"SDM1.1": 2.0, "SDM2.1": 0.5}
