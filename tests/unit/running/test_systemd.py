"""What a service manager hears, at the other end of a real socket."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import monotonic_ns

import pytest

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import SinkHealth
from mbmd.readings.hub import Hub
from mbmd.running import systemd
from mbmd.running.runfile import Report
from mbmd.running.systemd import Manager, describe
from tests import virtual_time

REPORT = Report(pid=7, config="", started=1.5)
MOMENTS = 100


Make = Callable[..., Manager]


@pytest.fixture
def make() -> Iterator[Make]:
    """How to make managers, which are closed in the end."""
    with contextlib.ExitStack() as stack:
        yield lambda **variables: stack.enter_context(contextlib.closing(Manager(variables)))


class Systemd:
    """The other side: a datagram socket, and what came there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        self.socket.settimeout(30)

    def heard(self) -> list[str]:
        """One message."""
        return self.socket.recv(4096).decode().split("\n")

    def all_heard(self) -> list[list[str]]:
        """All messages that wait."""
        self.socket.setblocking(False)
        messages = []
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self.heard())
        return messages


@pytest.fixture(params=["path", "abstract"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@mbmd-test-{os.getpid()}-{monotonic_ns()}"
    made = Systemd(name)
    yield made
    made.socket.close()


def hub_of(*online: bool) -> Hub:
    devices = [DeviceReadings(f"SDM1.{unit}", "SDM", ()) for unit in range(len(online))]
    for device, is_online in zip(devices, online, strict=True):
        device.online = is_online
    return Hub(devices)


def test_start_reloads_and_end_are_told(make: Make, other: Systemd) -> None:
    manager, written = make(NOTIFY_SOCKET=other.name), list[Report]()
    tell = manager.hearing(written.append)
    tell(REPORT)
    assert other.heard() == ["READY=1"]
    before = monotonic_ns() // 1000
    tell(replace(REPORT, begun=1))
    reloading, when = other.heard()
    assert reloading == "RELOADING=1"
    assert before <= int(when.removeprefix("MONOTONIC_USEC=")) <= monotonic_ns() // 1000
    tell(replace(REPORT, begun=1, done=1))
    assert other.heard() == ["READY=1"]
    manager.stopping()
    assert other.heard()[0] == "STOPPING=1"
    assert [report.done for report in written] == [0, 0, 1]
    manager.close()
    manager.stopping()
    assert other.all_heard() == []


def test_the_manager_hears_before_what_may_wait_for_a_disk(make: Make, other: Systemd) -> None:
    written = threading.Event()
    tell = make(NOTIFY_SOCKET=other.name).hearing(lambda _: written.set() if other.heard() == ["READY=1"] else None)
    tell(REPORT)
    assert written.is_set()


def test_children_do_not_speak_for_this_process() -> None:
    environment = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/"}
    Manager(environment).close()
    assert environment == {"HOME": "/"}


def watched(manager: Manager, hub: Hub, *happens: tuple[float, Callable[[], object]], seconds: float = 120) -> None:
    """Some of the daemon's life; at some moments something is called."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for moment, call in happens:
            loop.call_later(moment, call)
        task = asyncio.create_task(manager.watch(hub))
        await asyncio.sleep(seconds)
        task.cancel()

    virtual_time.run(main())


def test_signs_of_life_come_three_times_as_often_as_they_must(make: Make, other: Systemd) -> None:
    manager = make(NOTIFY_SOCKET=other.name, WATCHDOG_USEC="6000000", WATCHDOG_PID=str(os.getpid()))
    assert manager.watches
    watched(manager, hub_of(), seconds=15)  # a socket holds ten messages that nobody reads
    assert [message[0] for message in other.all_heard()] == 8 * ["WATCHDOG=1"]


def test_a_loop_that_is_held_gives_no_sign_of_life(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = make(NOTIFY_SOCKET="/nowhere", WATCHDOG_USEC="30000000")
    moments: list[float] = []
    monkeypatch.setattr(manager, "say", lambda *_: moments.append(virtual_time.now()))

    def hold() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual_time.VirtualLoop)
        loop.clock.now += 31

    watched(manager, hub_of(), (41, hold))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert [gap for gap in gaps if gap > 30] == pytest.approx([32])
    assert all(gap == pytest.approx(5) for gap in gaps if gap < 30)


@pytest.mark.parametrize(
    "variables",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "1"}],
    ids=str,
)
def test_nobody_is_shown_life_who_did_not_ask_this_process_for_it(
    make: Make, variables: dict[str, str], other: Systemd
) -> None:
    manager = make(NOTIFY_SOCKET=other.name, **variables)
    assert not manager.watches
    watched(manager, hub_of())
    assert other.all_heard() == [["STATUS=0 of 0 devices online"]]


def test_the_status_is_told_when_it_changes(make: Make, other: Systemd) -> None:
    manager, hub = make(NOTIFY_SOCKET=other.name), hub_of(True, False)
    hub.sinks = (SinkHealth("mqtt"), SinkHealth("influx"))

    def lose() -> None:
        hub.sinks[1].trouble = "no connection to http://me:secret@host"

    watched(
        manager,
        hub,
        (42, lose),
        (62, lambda: manager.hear(replace(REPORT, begun=1, done=1, errors=("bad",)))),
        (82, lambda: manager.hear(replace(REPORT, begun=2, done=2))),
    )
    assert other.all_heard() == [
        ["STATUS=1 of 2 devices online"],
        ["STATUS=1 of 2 devices online; influx away"],
        ["READY=1"],
        ["STATUS=1 of 2 devices online; influx away; the last reload was refused"],
        ["READY=1"],
        ["STATUS=1 of 2 devices online; influx away"],
    ]


def test_where_no_manager_is_nothing_is_told(make: Make) -> None:
    manager = make(WATCHDOG_USEC="1")
    assert not manager.watches
    watched(manager, hub_of())
    manager.hear(REPORT)
    manager.close()


def test_a_manager_that_is_gone_is_one_warning_and_hears_again(
    make: Make, other: Systemd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(NOTIFY_SOCKET=other.name)
    other.socket.close()
    if not other.name.startswith("@"):
        Path(other.name).unlink()
    for _ in range(MOMENTS):
        manager.say("STATUS=lost")
    manager.hear(REPORT)
    assert len(caplog.messages) == 1
    assert "the service manager cannot be told anything: " in caplog.text
    again = Systemd(other.name)
    manager.say("STATUS=back")
    *_, ready, last = again.all_heard()
    again.socket.close()
    assert (ready, last) == (["READY=1"], ["STATUS=back"])
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("name", ["vsock:2:1234", "relative/nowhere", "/" + "x" * 300, "@" + "x" * 300, "@"])
def test_an_address_that_cannot_be_is_one_warning(make: Make, name: str, caplog: pytest.LogCaptureFixture) -> None:
    manager = make(NOTIFY_SOCKET=name)
    manager.hear(REPORT)
    manager.hear(REPORT)
    assert len(caplog.messages) == 1


def test_a_manager_that_reads_nothing_holds_up_nobody_and_gets_what_counts_later(make: Make, other: Systemd) -> None:
    manager = make(NOTIFY_SOCKET=other.name)
    for number in range(10_000):
        manager.say(f"STATUS={number}")
    manager.hear(REPORT)
    taken = other.all_heard()
    manager.say("STATUS=last")
    assert len(taken) < 10_000
    assert other.all_heard()[-2:] == [["READY=1"], ["STATUS=last"]]


def test_the_pause_is_short_enough_for_a_watchdog_that_is_in_no_hurry() -> None:
    assert systemd.PAUSE * systemd.BEATS <= 30


def test_sinks_are_named_without_their_trouble() -> None:
    hub = hub_of(True)
    hub.sinks = (SinkHealth("mqtt", trouble="password wrong"),)
    assert describe(hub) == "1 of 1 devices online; mqtt away"
