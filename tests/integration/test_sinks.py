"""Sinks of users in a daemon: whatever they do, polls and other sinks go on."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mbmd import backoff
from mbmd.config.outputs import SinkKeys
from mbmd.config.run import RunConfig
from mbmd.config.texts import Setting
from mbmd.errors import UsageError
from mbmd.readings.hub import Wants
from mbmd.sinks import apart
from tests.integration.live_daemon import configuration, run, running, until
from tests.own_sinks import (
    Blocking,
    Counting,
    OwnSink,
    clings,
    exits,
    floods,
    hangs,
    installed,
    raises,
    refusing,
    returns,
    spoils,
)

BAD = {
    "raising": raises,
    "returning": returns,
    "exiting": exits,
    "hanging": hangs,
    "clinging": clings,
    "flooding": floods,
    "spoiling": spoils,
}


def sinks(*uses: str, **options: str) -> tuple[SinkKeys, ...]:
    settings = tuple(Setting(*item) for item in options.items())
    return tuple(SinkKeys(path=f"sinks[{n}]", use=use, options=settings) for n, use in enumerate(uses))


class Zoo:
    """All kinds of sinks, installed; `good` are those of kind `good` that were made."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.good: list[Counting] = []
        self.goes_on = threading.Event()
        self.blocked = threading.Event()
        makers: dict[str, Callable[[Mapping[str, str]], Any]] = {
            name: lambda _, work=work: OwnSink(work)  # type: ignore[misc]
            for name, work in BAD.items()
        }
        blocking = Blocking(self.goes_on, self.blocked)
        installed(patch, good=self._good, refusing=refusing, blocking=lambda _: blocking, **makers)

    def _good(self, options: Mapping[str, str]) -> Counting:
        self.good.append(Counting(Wants(queue=100_000)))
        return self.good[-1]


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zoo]:
    monkeypatch.setattr(apart, "LAST_WORDS", 0.1)
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.01)
    flood = logging.getLogger("flood")
    flood.addHandler(logging.NullHandler())
    flood.propagate = False
    found = Zoo(monkeypatch)
    yield found
    found.goes_on.set()


@contextmanager
def nothing_missed(device: Any) -> Iterator[None]:
    """Within, a device is polled at least ten times more and without an error."""
    version, errors = device.version, device.errors
    yield
    assert device.version >= version + 10
    assert device.errors == errors


def mocked(*uses: str) -> RunConfig:
    return replace(configuration("sdm:1@mock"), sinks=sinks(*uses))


def test_bad_sinks_touch_neither_polls_nor_a_good_one(zoo: Zoo) -> None:
    async def main() -> None:
        async with running(mocked("blocking", *BAD, "good")) as live:
            (device,) = await live.online("SDM1.1")
            await until(zoo.blocked.is_set)
            (good,) = zoo.good
            await until(lambda: good.runs)
            accounts = {health.name: health for health in live.hub.sinks}
            failing = [accounts[name] for name in ("raising", "returning", "exiting")]
            with nothing_missed(device):
                before, at_first = device.version, good.updates
                await live.polled([device], 20)
                await until(lambda: good.updates - at_first >= 20)
                assert good.updates - at_first >= device.version - before - 2
                await until(lambda: all(health.failures > 1 for health in failing))
            assert good.runs == 1
            assert "SystemExit" in accounts["exiting"].trouble
            assert accounts["good"].dropped == 0
            assert any(value != 0 for value in device.latest)

    run(main())


def test_the_end_waits_for_no_sink_for_long(zoo: Zoo) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with running(mocked("blocking", "clinging", "hanging", "good")) as live:
            await live.online("SDM1.1")
            await until(zoo.blocked.is_set)
            started = loop.time()
        assert loop.time() - started < 20
        assert zoo.good[0].ended == 1

    run(main())


def test_a_reload_lets_those_with_the_same_keys_go_on(zoo: Zoo) -> None:
    async def main() -> None:
        config = mocked("good", "raising")
        async with running(config) as live:
            (device,) = await live.online("SDM1.1")
            await until(lambda: zoo.good[0].updates)
            with nothing_missed(device):
                await live.reload(replace(config, sinks=sinks("hanging", "good")))
                await live.polled([device], 10)
            assert len(zoo.good) == 1
            assert [health.name for health in live.hub.sinks] == ["good", "hanging"]
            await live.reload(replace(config, sinks=sinks("good", file="a")))
            await until(lambda: len(zoo.good) == 2 and zoo.good[1].updates)
            assert zoo.good[0].ended == 1
            await live.reload(replace(config, sinks=()))
            assert live.hub.sinks == ()
            assert zoo.good[1].ended == 1

    run(main())


@pytest.mark.parametrize(("wrong", "key"), [("refusing", "sinks[1].options"), ("unheard-of", "sinks[1].use")])
def test_a_wrong_one_refuses_the_whole_reload(zoo: Zoo, wrong: str, key: str) -> None:
    async def main() -> None:
        config = mocked("good")
        async with running(config) as live:
            (device,) = await live.online("SDM1.1")
            await until(lambda: zoo.good[0].updates)
            there = live.hub.sinks
            more = replace(configuration("sdm:1@mock", "sdm:2@mock"), sinks=sinks("hanging", wrong))
            report = await live.reload(more)
            assert [error.partition(":")[0] for error in report.errors] == [key]
            assert live.hub.sinks == there
            assert list(live.hub.devices.values()) == [device]
            await live.polled([device])
            assert zoo.good[0].runs == 1

    run(main())


def test_a_wrong_one_keeps_the_daemon_from_starting(zoo: Zoo) -> None:
    async def main() -> None:
        with pytest.raises(UsageError, match=r"sinks\[0\].options: file '' is no good"):
            async with running(mocked("refusing")):
                pass

    run(main())


def test_devices_that_come_go_and_turn_are_told(zoo: Zoo) -> None:
    async def main() -> None:
        config = mocked("good")
        async with running(config) as live:
            await live.online("SDM1.1")
            (good,) = zoo.good
            await live.reload(replace(configuration("sdm:2@mock"), sinks=config.sinks))
            await live.online("SDM1.2")
            await until(lambda: "SDM1.2 online" in good.turned)
            assert good.runs == 1

    run(main())
