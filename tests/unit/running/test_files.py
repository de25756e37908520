"""The files that a daemon may have open."""

import resource
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mbmd.config.adapter import parse_adapter
from mbmd.config.devices import assign_ids, parse_specs
from mbmd.config.outputs import Mqtt
from mbmd.config.run import RunConfig
from mbmd.errors import UsageError
from mbmd.running.files import OTHERS, allow_files, needed_files


def config(*specs: str) -> RunConfig:
    devices = tuple(assign_ids(parse_specs(specs, parse_adapter, None)))
    return RunConfig(devices, api=None, rate=1.0, timeout=0.3)


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """Those that there were before; they are put back."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


class System:
    """Limits of a system that would not let this process have them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int = 1 << 30) -> None:
        self.now = (soft, hard)
        self._most = most
        monkeypatch.setattr("resource.getrlimit", lambda _: self.now)
        monkeypatch.setattr("resource.setrlimit", self._set)

    def _set(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self._most:
            raise ValueError("current limit exceeds maximum limit")
        self.now = limits


def test_the_limit_is_raised_as_far_as_it_may_be(limits: tuple[int, int]) -> None:
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 200), hard))
    allow_files(config("sdm:1@127.0.0.1:502"))
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


def test_a_limit_that_is_too_low_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    System(monkeypatch, 64, 70)
    devices = [f"sdm:1@127.0.0.1:{port}" for port in range(5000, 5010)]
    with pytest.raises(UsageError) as caught:
        allow_files(config(*devices))
    text = str(caught.value)
    assert text.startswith("10 files for the connections of this configuration and 64 others are 74, and this process")
    assert "may have 70 open" in text
    assert "LimitNOFILE=4096" in text
    assert "ulimit -n 4096" in text
    assert "\n" not in text


@pytest.mark.parametrize(("count", "is_fine"), [(10, True), (11, False)])
def test_what_just_fits_is_taken(count: int, is_fine: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    System(monkeypatch, 10, OTHERS + 10)
    devices = config(*(f"sdm:1@127.0.0.1:{5000 + number}" for number in range(count)))
    if is_fine:
        allow_files(devices)
    else:
        with pytest.raises(UsageError):
            allow_files(devices)


def test_a_limit_that_cannot_be_raised_counts_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, 70, 1 << 40, most=70)
    allow_files(config("sdm:1@127.0.0.1:502"))
    assert system.now == (70, 1 << 40)
    with pytest.raises(UsageError, match="may have 70 open"):
        allow_files(config(*(f"sdm:1@127.0.0.1:{port}" for port in range(5000, 5010))))


def test_no_limit_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    System(monkeypatch, resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    allow_files(config("sdm:1@127.0.0.1:502"))


def test_what_each_bus_takes() -> None:
    assert needed_files(config("sdm:1@mock")) == OTHERS
    assert needed_files(config("sdm:1@tcp://a:502", "sdm:2@tcp://a:502", "abb:3@rtu+udp://b:502")) == OTHERS + 2
    assert needed_files(config("sdm:1@/dev/ttyUSB0", "sdm:2@/dev/ttyUSB0")) == OTHERS + 2


def test_wills_have_connections_of_their_own() -> None:
    site = config("sdm:1@mock", "sdm:2@mock", "sdm:3@mock")
    assert needed_files(replace(site, mqtt=Mqtt(broker="localhost", homie_wills=True))) == OTHERS + 3
    assert needed_files(replace(site, mqtt=Mqtt(broker="localhost"))) == OTHERS
