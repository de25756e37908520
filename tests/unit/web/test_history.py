"""What is kept of polls, asked by HTTP."""

import asyncio
import gc
import weakref
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Wants
from mbmd.web import history
from mbmd.web.history import KEPT, MOST_WAITING, History
from tests.web_site import Site, run

NOON = 1_700_000_000.0 - 1_700_000_000.0 % 60 + 86400
"""A day after the polls with which a site begins."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time, in seconds after NOON."""

    def set_clock(after: float) -> None:
        monkeypatch.setattr(history, "time", lambda: NOON + after)

    set_clock(0)
    return set_clock


def poll(site: Site, number: int, after: float, current: float, power: float) -> None:
    """A poll of a device."""
    publish(site.hub, site.devices[number], after, current, power)


def publish(hub: Hub, device: DeviceReadings, after: float, *values: float) -> None:
    fresh = array("d", values)
    device.commit(fresh, (), after + 100, NOON + after)
    hub.publish(device, fresh)


def go_offline(site: Site, number: int) -> None:
    site.devices[number].go_offline()
    site.hub.turn(site.devices[number])


async def told(site: Site, query: str = "", device: str = "SDM1.1") -> Any:
    answer = await site.ask(f"/api/history/{device}{query}")
    assert answer.status == 200
    return answer.json


def at(*after: float) -> list[int]:
    return [int((NOON + seconds) * 1000) for seconds in after]


def go(main: Callable[[Site], Any]) -> None:
    run(asyncio.new_event_loop, main)


def test_a_minute_and_an_hour_as_columns(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        for second in range(0, 130, 10):
            poll(site, 0, second, second, 2 * second)
        clock(121)
        body = await told(site)
        assert list(body) == ["Device", "Minute", "Hour"]
        assert body["Device"] == "SDM1.1"
        assert body["Hour"] == {"Timestamps": at(0, 60), "Values": {"Current": [25, 85], "Power": [50, 170]}}
        assert body["Minute"]["Timestamps"] == at(70, 80, 90, 100, 110, 120)
        assert body["Minute"]["Values"]["Power"] == [140, 160, 180, 200, 220, 240]

    go(main)


def test_each_poll_is_told_at_once(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        for second in range(1, 20):
            poll(site, 0, second, second, 0)
            clock(second)
            assert (await told(site))["Minute"]["Values"]["Current"][-1] == second

    go(main)


def test_parts_of_it(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        poll(site, 0, 1, 2, 3)
        clock(61)
        hour = {"Timestamps": at(0), "Values": {"Power": [3]}}
        assert await told(site, "?span=hour&measurement=Po*") == {"Device": "SDM1.1", "Hour": hour}
        assert list(await told(site, "?span=minute")) == ["Device", "Minute"]
        assert list(await told(site, "?span=hour,minute")) == ["Device", "Minute", "Hour"]
        assert await told(site, "?measurement=Current,Power&measurement=Import") == await told(site)

    go(main)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("SDM1.9", 404, "there is no device SDM1.9"),
        ("SDM1.1?span=day", 400, "span 'day' is neither minute nor hour"),
        ("SDM1.1?span=hour,", 200, None),
        ("SDM1.1?measurement=Powr", 400, "did you mean Power?"),
        ("SDM1.1?measurement=X*", 400, "there is no measurement X*"),
    ],
)
def test_errors(path: str, status: int, message: str | None) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(f"/api/history/{path}")
        assert answer.status == status
        assert message is None or message in answer.json["message"]

    go(main)


def test_nothing_polled_is_nothing_told(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        nothing = {"Timestamps": [], "Values": {"Current": [], "Power": []}}
        assert await told(site, device="SDM1.3") == {"Device": "SDM1.3", "Minute": nothing, "Hour": nothing}

    go(main)


def test_a_device_that_goes_offline_keeps_its_hour_and_has_a_gap(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        poll(site, 0, 1, 2, 3)
        await told(site)
        clock(5)
        go_offline(site, 0)
        go_offline(site, 2)
        await told(site)
        clock(6)
        assert (await told(site))["Minute"] == {
            "Timestamps": at(1, 5),
            "Values": {"Current": [2, None], "Power": [3, None]},
        }
        clock(200)
        body = await told(site)
        assert body["Minute"]["Timestamps"] == []
        assert body["Hour"]["Values"]["Power"] == [3, None, None]

    go(main)


def test_what_is_as_it_was_is_not_sent_again(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        poll(site, 0, 1, 2, 3)
        clock(61.5)
        first = await site.ask("/api/history/SDM1.1?span=hour")
        poll(site, 0, 62, 2, 3)
        clock(63)
        assert (await site.ask("/api/history/SDM1.1?span=hour")).headers["etag"] == first.headers["etag"]
        clock(121)
        assert (await site.ask("/api/history/SDM1.1?span=hour")).headers["etag"] != first.headers["etag"]

    go(main)


def test_bodies_are_made_once_and_few_are_kept(clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(site: Site) -> None:
        made = []
        make = history._body

        def count(*args: Any) -> bytes:
            made.append(args)
            return make(*args)

        monkeypatch.setattr(history, "_body", count)
        for _ in range(3):
            await told(site)
        assert len(made) == 1
        poll(site, 0, 0, 1, 1)
        await told(site)
        assert len(made) == 2
        for number in range(2 * KEPT):
            await told(site, f"?x={number}")
        assert len(site.server._site.history._bodies) == KEPT

    go(main)


def test_devices_that_come_by_a_reload_begin_anew_and_nothing_is_kept_of_others(
    clock: Callable[[float], None],
) -> None:
    async def main(site: Site) -> None:
        for number in range(2):
            poll(site, number, 1, number, 3)
            await told(site, device=site.devices[number].id)
        old = weakref.ref(site.devices[0])
        after = [DeviceReadings("SDM1.1", "SDM", site.devices[0].measurements), site.devices[1]]
        site.devices = after
        site.hub.replace(after, ())
        clock(2)
        assert (await told(site))["Minute"]["Timestamps"] == []
        assert (await told(site, device="SDM1.2"))["Minute"]["Timestamps"] == at(1)
        gc.collect()
        assert old() is None
        poll(site, 0, 2, 5, 6)
        assert (await told(site))["Minute"]["Values"] == {"Current": [5], "Power": [6]}

    go(main)


def test_texts_and_what_is_missing_have_no_columns(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        text = Measurement("Model", "Model", "", Kind.TEXT)
        own = DeviceReadings("OWN1.1", "OWN", [text, CATALOGUE["Power"], CATALOGUE["Voltage"]])
        own.health.refused = ("Voltage",)
        site.hub.replace([own], ())
        nan = float("nan")
        publish(site.hub, own, 0, nan, 5, nan)
        assert (await told(site, device="OWN1.1"))["Minute"]["Values"] == {"Power": [5]}

    go(main)


def test_what_turns_out_to_be_missing_goes_from_what_is_kept(clock: Callable[[float], None]) -> None:
    async def main(site: Site) -> None:
        poll(site, 0, -60, 1, 2)
        assert set((await told(site, "?span=hour"))["Hour"]["Values"]) == {"Current", "Power"}
        site.devices[0].health.refused = ("Power",)
        assert set((await told(site, "?span=hour"))["Hour"]["Values"]) == {"Current"}

    go(main)


def test_many_devices_that_all_are_polled_while_nobody_looks() -> None:
    async def main() -> None:
        measured = [CATALOGUE[name] for name in ("Import", "Power")]
        devices = [DeviceReadings(f"SDM1.{unit}", "SDM", measured) for unit in range(500)]
        hub = Hub(devices)
        kept = History(hub)
        task = asyncio.create_task(kept.run())
        await asyncio.sleep(0)
        for second in range(20):
            for number, device in enumerate(devices):
                publish(hub, device, second, second, number)
        assert MOST_WAITING > 20 * 500
        while len(kept._records) < 500 or kept._taking.locked():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        for number, device in enumerate(devices):
            minute = kept._records[device].minute(NOON + 30)
            assert minute.series(0) == list(range(20))
            assert minute.series(1) == [number] * 20
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert hub._subscriptions == []

    asyncio.run(main())


def test_who_leaves_while_polls_are_kept_takes_none_of_them_along(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)

    async def main() -> None:
        devices = [DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE["Power"]]) for unit in range(5)]
        hub = Hub(devices)
        kept = History(hub)
        subscription = hub.subscribe(Wants(queue=MOST_WAITING))

        async def ask() -> None:
            await kept._take(await subscription.take())

        async def leave() -> None:
            asks = asyncio.create_task(ask())
            await asyncio.sleep(0)
            asks.cancel()
            await asyncio.wait([asks])
            assert asks.cancelled()

        for after in (1, 2):
            for device in devices:
                publish(hub, device, after, after)
            await leave()
        for device in devices:
            device.go_offline()
            hub.turn(device)
        clock(3)
        await leave()
        publish(hub, devices[0], 4, 4)
        await ask()
        for device in devices[1:]:
            assert [at - NOON for at in kept._records[device].minute(NOON + 5).times] == [1, 2, 3]

    asyncio.run(main())
