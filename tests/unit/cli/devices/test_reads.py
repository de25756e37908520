"""How a device is read on a line, and what that costs."""

import pytest

from mbmd.cli.devices.reads import all_reads, meters_at_once_a_second, round_seconds, settings_on
from mbmd.config.adapter import parse_adapter
from mbmd.config.options import PollClass
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType, Register, Scale
from mbmd.protocol.framer import make_framer

LINES = ("rtu:///dev/a?baudrate=9600", "ascii:///dev/a?baudrate=1200&comset=8E1", "tcp://host:502")


@pytest.mark.parametrize("url", LINES)
@pytest.mark.parametrize("name", ["SDM", "ABB", "SDM72"])
def test_bytes_and_seconds_are_those_of_the_frames(url: str, name: str) -> None:
    adapter = parse_adapter(url)
    settings = settings_on(adapter, BUILT_IN.get(name))
    framer = make_framer(adapter.framing)
    reads = all_reads(settings, adapter)
    assert {r for read in reads for r in read.block.registers} == set(settings.registers)
    for read in reads:
        request = read.block.request
        assert read.request == len(framer.request(1, request))
        if adapter.is_serial_line:
            assert read.answer == framer.answer_characters(request)
            wire = (read.request + read.answer) * adapter.character_seconds
            assert wire < read.seconds < wire + 0.02 + 7 * adapter.character_seconds
        else:
            assert read.answer == 9 + 2 * read.block.count


def test_the_rest_before_each_request_counts() -> None:
    quick, slow = (parse_adapter(f"rtu:///dev/a?pause={pause}") for pause in ("0", "100ms"))
    device = BUILT_IN.get("SDM")
    pairs = zip(all_reads(settings_on(quick, device), quick), all_reads(settings_on(slow, device), slow), strict=True)
    assert all(two.seconds == pytest.approx(one.seconds + 0.1) for one, two in pairs)


def test_classes_are_read_apart_and_what_is_slow_weighs_less() -> None:
    adapter = parse_adapter("rtu:///dev/a?slow=Import*&once=Frequency&slow_rate=10s")
    settings = settings_on(adapter, BUILT_IN.get("SDM"))
    reads = all_reads(settings, adapter)
    assert [read.poll for read in reads] == sorted((read.poll for read in reads), key=list(PollClass).index)
    assert all({register.poll for register in read.block.registers} == {read.poll} for read in reads)
    seconds = round_seconds(reads)
    assert set(seconds) == set(PollClass)
    assert all(seconds.values())
    load = seconds[PollClass.FAST] + seconds[PollClass.SLOW] / 10
    assert meters_at_once_a_second(reads, settings) == pytest.approx(1 / load)


def test_a_value_far_from_its_scale_is_shown_as_three_reads() -> None:
    adapter = parse_adapter("rtu:///dev/a?max_registers=10")
    far = Register("Power", 3, 20, "int16", scale=Scale(0))
    reads = all_reads(settings_on(adapter, DeviceType("FAR", "Far", "Works", None, (far,), None)), adapter)
    assert [str(read.block) for read in reads] == ["3:0+1", "3:20+1", "3:0+1"]
    assert round_seconds(reads)[PollClass.FAST] == pytest.approx(3 * reads[0].seconds)
