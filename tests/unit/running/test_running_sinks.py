"""Which sinks run, what they are called, and what a reload does to them."""

import asyncio
import contextlib
import itertools
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.outputs import Influx, Mqtt, Outbox, SinkKeys
from mbmd.config.run import RunConfig
from mbmd.config.secret import Secret
from mbmd.config.texts import Setting
from mbmd.errors import UsageError
from mbmd.running import sinks
from mbmd.running.sinks import OWN_NAMES, Planned, Sinks, _names, check
from tests.own_sinks import (
    PATIENCE,
    Blocking,
    Counting,
    OwnSink,
    hangs,
    installed,
    one_device,
    poll,
    raises,
    refusing,
)


def keys(use: str, path: str = "sinks[0]", **options: str) -> SinkKeys:
    return SinkKeys(path=path, use=use, options=tuple(Setting(*item) for item in options.items()))


def config(*wanted: SinkKeys) -> RunConfig:
    return RunConfig((), None, 1.0, 0.3, sinks=wanted)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(bounded())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.001)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Counting]:
    """All sinks of kind `counting` that were made; there are `refusing`, `raising` and `hanging` too."""
    found: list[Counting] = []

    def count(options: Mapping[str, str]) -> Counting:
        found.append(Counting())
        return found[-1]

    installed(
        monkeypatch,
        counting=count,
        refusing=refusing,
        raising=lambda _: OwnSink(raises),
        hanging=lambda _: OwnSink(hangs),
    )
    return found


def test_what_is_in_both_goes_on_and_all_else_is_replaced(made: list[Counting]) -> None:
    async def main() -> None:
        hub = one_device()
        running = Sinks(hub)
        both = config(keys("counting", file="a"), keys("hanging"))
        assert await running.change(running.plan(both)) == "sinks: 2 added"
        assert await running.change(running.plan(both)) == ""
        await until(lambda: made[0].runs)
        poll(hub, 1)
        await until(lambda: made[0].updates == 1)
        first = hub.sinks[0]
        assert [(health.name, health.sent) for health in hub.sinks] == [("counting", 1), ("hanging", 0)]
        assert await running.change(running.plan(config(keys("counting", "sinks[7]", file="a")))) == "sinks: 1 removed"
        assert [health is first for health in hub.sinks] == [True]
        poll(hub, 2)
        await until(lambda: made[0].updates == 2)
        assert await running.change(running.plan(config(keys("counting", file="b")))) == "sinks: 1 changed"
        assert [health.sent for health in hub.sinks] == [0]
        await until(lambda: made[1].runs)
        assert (made[0].runs, made[0].ended, len(made)) == (1, 1, 2)
        await running.close()
        assert hub.sinks == ()
        assert hub._subscriptions == []
        assert made[1].ended == 1

    run(main)


def test_a_plan_that_cannot_work_changes_nothing(made: list[Counting]) -> None:
    async def main() -> None:
        hub = one_device()
        running = Sinks(hub)
        await running.change(running.plan(config(keys("counting"))))
        before = hub.sinks
        await until(lambda: made[0].runs)
        with pytest.raises(UsageError) as caught:
            running.plan(config(keys("refusing", "sinks[0]", file="x"), keys("conting", "sinks[1]"), keys("hanging")))
        assert str(caught.value).splitlines() == [
            "sinks[0].options: file 'x' is no good",
            "sinks[1].use: unknown sink 'conting': did you mean counting?",
        ]
        poll(hub, 1)
        await until(lambda: made[0].updates)
        assert hub.sinks == before
        await running.close()

    run(main)


def failing(error: BaseException) -> Callable[[Mapping[str, str]], Any]:
    def make(options: Mapping[str, str]) -> Any:
        raise error

    return make


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (failing(ZeroDivisionError("by zero")), "sink 'bad' cannot be made: ZeroDivisionError: by zero"),
        (failing(SystemExit(1)), "sink 'bad' cannot be made: SystemExit: 1"),
        (failing(ValueError("http://me:pw@h\nno")), "sink 'bad' cannot be made: ValueError: http://********@h no"),
        (lambda options: None, "sink 'bad' cannot be made: AttributeError: 'NoneType' object has no attribute 'wants'"),
        (lambda: None, "sink 'bad' cannot be made: TypeError: "),
    ],
)
def test_what_cannot_be_made_is_told(make: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, bad=make)
    ((path, text),) = check(config(keys("bad", "sinks[3]")))
    assert path == "sinks[3]"
    assert text.startswith(words)


def test_without_packages_there_are_no_sinks(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    assert list(check(config(keys("csv")))) == [
        ("sinks[0].use", "unknown sink 'csv': no package that is installed brings one")
    ]
    assert list(check(config())) == []


def test_sinks_of_one_kind_are_numbered_and_keep_their_names() -> None:
    a, b, c = (("csv", (Setting("file", name),)) for name in "abc")
    assert _names([a, b, c], {}) == ["csv", "csv-2", "csv-3"]
    running: dict[str, object] = {"csv": a, "csv-2": b, "csv-3": c}
    assert _names([c, b], running) == ["csv-3", "csv-2"]
    assert _names([b, ("csv", ())], running) == ["csv-2", "csv"]
    assert _names([("mqtt", ()), ("csv-2", ()), a, b], {}) == ["mqtt-2", "csv-2", "csv", "csv-3"]
    assert _names([a, a], {"csv": a}) == ["csv", "csv-2"]


USES = st.sampled_from(["csv", "csv-2", "csv-3", "mqtt", "mqtt-2", "influx"])
WANTED = st.lists(st.tuples(USES, st.integers(0, 2)), max_size=6)


@given(st.lists(WANTED, min_size=1, max_size=4))
def test_whatever_comes_and_goes_no_name_is_there_twice_and_who_stays_keeps_it(plans: list[list[Any]]) -> None:
    running: dict[str, object] = {}
    for wanted in plans:
        names = _names(wanted, running)
        assert len(set(names)) == len(names) == len(wanted)
        assert not set(names) & set(OWN_NAMES)
        stays = sum(1 for name, keys in zip(names, wanted, strict=True) if running.get(name) == keys)
        both = [*running.values()]
        for item in wanted:
            if item in both:
                both.remove(item)
        assert stays == len(running) - len(both)
        running = dict(zip(names, wanted, strict=True))


def test_one_that_blocks_its_thread_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.sinks.apart.LAST_WORDS", 0.05)
    goes_on, blocked = threading.Event(), threading.Event()
    installed(monkeypatch, blocking=lambda _: Blocking(goes_on, blocked))

    async def main() -> None:
        running = Sinks(one_device())
        await running.change(running.plan(config(keys("blocking"))))
        await until(blocked.is_set)
        async with asyncio.timeout(PATIENCE / 2):
            await running.close()

    try:
        run(main)
    finally:
        goes_on.set()


def test_one_in_the_own_loop_that_does_not_end_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sinks, "LAST_WORDS", 0.05)

    async def main() -> None:
        goes_on, ends = asyncio.Event(), asyncio.Event()

        async def work(feed: Any) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await goes_on.wait()
            ends.set()
            await goes_on.wait()

        running = Sinks(one_device())
        await running.change({"own": Planned(1, OwnSink(work))})
        await asyncio.sleep(0)
        await running.close()
        assert ends.is_set()
        assert [record.getMessage() for record in caplog.records] == ["sink own does not end, and is left alone"]
        (left,) = asyncio.all_tasks() - {asyncio.current_task()}
        goes_on.set()
        await asyncio.wait([left])

    with caplog.at_level(logging.WARNING, "mbmd.running.sinks"):
        run(main)


HIDDEN = "s3cret"


def test_the_log_tells_where_readings_go_and_no_secret(
    made: list[Counting], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    mqtt = Mqtt(broker=f"mqtt://me:{HIDDEN}@127.0.0.1:1", payload="json", qos=1, homie="", homeassistant="ha")
    influx = Influx(url=f"http://me:{HIDDEN}@127.0.0.1:1/a?token={HIDDEN}", database="data", token=Secret(HIDDEN))
    outbox = Outbox(folder=tmp_path)

    async def main() -> None:
        running = Sinks(one_device())
        everywhere = replace(config(keys("counting", file=HIDDEN)), mqtt=mqtt, influx=influx, outbox=outbox)
        await running.change(running.plan(everywhere))
        elsewhere = replace(config(), mqtt=msgspec.structs.replace(mqtt, payload="plain"), outbox=outbox)
        await running.change(running.plan(elsewhere))
        await running.close()

    with caplog.at_level(logging.INFO, "mbmd.running.sinks"):
        run(main)
    assert [record.getMessage() for record in caplog.records if record.name == "mbmd.running.sinks"] == [
        f"sink mqtt: readings go to MQTT broker 127.0.0.1:1, below mbmd, ha; outbox {tmp_path}/mqtt.db",
        f"sink influx: readings go to http://127.0.0.1:1/a, database data; outbox {tmp_path}/influx.db",
        "sink counting: readings go to package:counting",
        "sink influx: removed",
        "sink counting: removed",
        "sink mqtt: readings go to MQTT broker 127.0.0.1:1, below mbmd, ha",
    ]
    assert HIDDEN not in caplog.text


NUMBER = itertools.count()
PACKAGE = """
from mbmd.errors import UsageError
from mbmd.readings.hub import Wants


class Tiny:
    name = "tiny"
    wants = Wants(states=False)

    def __init__(self, options):
        if set(options) != {"file"}:
            raise UsageError("give a file, as in file=a.csv")
        self.file = options["file"]

    async def run(self, feed):
        while True:
            for update in (await feed.take()).updates:
                feed.health.sent += 1
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package that is installed, as pip leaves it, and brings the sink `tiny`."""
    module = f"tiny_sink_{next(NUMBER)}"
    (tmp_path / f"{module}.py").write_text(PACKAGE, encoding="utf-8")
    folder = tmp_path / f"{module}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (folder / "entry_points.txt").write_text(f"[mbmd.sinks]\ntiny = {module}:Tiny\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield module
    sys.modules.pop(module, None)


def test_a_package_that_is_installed_brings_its_sink(package: str) -> None:
    assert list(check(config(keys("tiny", file="a.csv")))) == []
    assert package in sys.modules
    assert list(check(config(keys("tiny")))) == [("sinks[0].options", "give a file, as in file=a.csv")]
    assert "unknown sink 'tini': did you mean tiny?" in dict(check(config(keys("tini"))))["sinks[0].use"]

    async def main() -> None:
        hub = one_device()
        running = Sinks(hub)
        await running.change(running.plan(config(keys("tiny", file="a.csv"))))
        await until(lambda: hub._subscriptions)
        poll(hub, 1)
        await until(lambda: hub.sinks[0].sent)
        await running.close()

    run(main)
