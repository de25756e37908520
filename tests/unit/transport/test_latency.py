"""Latency timers of USB adapters, in a made-up /sys."""

from pathlib import Path

import pytest

from mbmd.transport.latency import advice, latency_timer

PLACES = ["bus/usb-serial/devices/ttyUSB0", "class/tty/ttyUSB0/device"]


@pytest.fixture
def sys_root(tmp_path: Path) -> Path:
    return tmp_path / "sys"


def give(sys_root: Path, place: str, content: bytes) -> None:
    (sys_root / place).mkdir(parents=True)
    (sys_root / place / "latency_timer").write_bytes(content)


@pytest.mark.parametrize("place", PLACES)
def test_the_timer_is_found_where_drivers_show_it(sys_root: Path, place: str) -> None:
    give(sys_root, place, b"16\n")
    assert latency_timer("/dev/ttyUSB0", sys_root) == 16
    assert latency_timer("/dev/ttyUSB1", sys_root) is None


def test_a_link_leads_to_the_device(tmp_path: Path, sys_root: Path) -> None:
    give(sys_root, PLACES[0], b"1\n")
    (tmp_path / "ttyUSB0").touch()
    by_id = tmp_path / "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"
    by_id.symlink_to("ttyUSB0")
    assert latency_timer(str(by_id), sys_root) == 1
    assert "/devices/ttyUSB0/latency_timer" in advice(str(by_id), 16)


@pytest.mark.parametrize("path", ["/dev/ttyS0", "/dev/pts/1", "", "/", "relative", "/dev/nothing/there"])
def test_most_devices_have_no_timer(sys_root: Path, path: str) -> None:
    give(sys_root, PLACES[0], b"16\n")
    assert latency_timer(path, sys_root) is None
    assert latency_timer(path, sys_root / "missing") is None


@pytest.mark.parametrize("content", [b"", b"soon\n", b"\xff", b"1 2"])
def test_what_is_no_number_is_no_timer(sys_root: Path, content: bytes) -> None:
    give(sys_root, PLACES[0], content)
    assert latency_timer("/dev/ttyUSB0", sys_root) is None
    give(sys_root, PLACES[1], b"16\n")
    assert latency_timer("/dev/ttyUSB0", sys_root) == 16


def test_the_advice_can_be_followed() -> None:
    line = advice("/dev/ttyUSB0", 16)
    assert line.startswith("the adapter holds each answer back for up to 16 ms")
    assert "'echo 1 | sudo tee /sys/bus/usb-serial/devices/ttyUSB0/latency_timer'" in line
    assert ' ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1" ' in line
    assert line.isprintable()
