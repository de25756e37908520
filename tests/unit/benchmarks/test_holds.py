"""What the benchmark of holds makes of its sites, with sites that are made up."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from inspect import iscoroutine
from types import SimpleNamespace

import pytest

from benchmarks import holds
from benchmarks.effort import Effort
from benchmarks.play import broker
from benchmarks.play.files import too_few_files
from benchmarks.play.watched import Hold
from benchmarks.suite import Measured, measure


class MadeUp:
    """A site that is in no situation for long."""

    def __init__(self, *_: object, **__: object) -> None:
        self.holds: list[Hold] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.measure("start, until all are online", self.all_are_online())
        yield

    async def measure(self, situation: str, work: Awaitable[object], _: float = 1.0) -> None:
        assert iscoroutine(work)
        work.close()
        self.holds.append(Hold(situation, 0.001, 0.0, None))

    async def nothing(self, *_: object, **__: object) -> None:
        pass

    all_are_online = ask = listen = reload = nothing


@contextlib.contextmanager
def meters_of(_: int) -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(ports=[502], pids=[])


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Measured]:
    """Measures all sites, which are made up."""
    monkeypatch.setattr(holds, "Watched", MadeUp)
    monkeypatch.setattr(holds, "playing", meters_of)
    monkeypatch.setattr(broker, "program", lambda: "mosquitto")
    monkeypatch.setattr(broker, "running", contextlib.nullcontext)

    def measured() -> Measured:
        found = Measured()
        measure("holds", Effort(), found)
        return found

    return measured


def test_no_two_situations_of_all_sites_have_the_same_name(sites: Callable[[], Measured]) -> None:
    measured = sites()
    assert measured.failed is None
    names = [figure.name for figure in measured.figures]
    starts = [name for name in names if name.endswith("start, until all are online")]
    assert [name.partition(":")[0] for name in starts] == [
        "1000 devices",
        "1000 devices, MQTT",
        "1000 devices, InfluxDB",
    ]
    assert {f"{name.partition(':')[0]}: garbage" for name in names} <= set(names)


def test_without_a_broker_the_other_sites_are_measured(
    sites: Callable[[], Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "program", lambda: None)
    measured = sites()
    assert measured.failed is None
    assert measured.left_out == {"MQTT": broker.MISSING}
    assert {figure.name.partition(":")[0] for figure in measured.figures} == {"1000 devices", "1000 devices, InfluxDB"}


def test_where_a_process_may_not_have_enough_files_nothing_is_measured(
    sites: Callable[[], Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 256))
    measured = sites()
    assert (measured.failed, measured.figures) == (None, [])
    assert measured.left_out == {"1000 devices": too_few_files(2500)}


def test_garbage_and_what_blocks_are_the_longest_of_the_start_and_of_all_else() -> None:
    made = [Hold("a", 0.001, 0.02, 0.03), Hold("b", 0.004, 0.002, 0.001), Hold("c", 0.004, 0.001, 0.003)]
    figures = {figure.name.removeprefix("site: "): figure.median for figure in holds.figures("site", made, 5.0)}
    assert figures.pop("start, garbage") == 20.0
    assert figures.pop("start, blocked") == 30.0
    assert figures == {"a": 1.0, "b": 4.0, "c": 4.0, "garbage": 2.0, "blocked": 3.0}


def test_what_blocks_is_not_told_where_linux_does_not_tell() -> None:
    names = [figure.name for figure in holds.figures("site", [Hold(what, 0.1, 0.2, None) for what in "ab"], None)]
    assert names == ["site: a", "site: b", "site: start, garbage", "site: garbage"]
