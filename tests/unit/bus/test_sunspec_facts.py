"""Polling the images of the facts: the values that the original publishes, in as few reads as may be."""

from math import isclose

import pytest

from tests import virtual_time
from tests.sunspec_images import END, expected, image, span
from tests.sunspec_run import Run, polling, site_of, values
from tests.sunspec_site import Site, Unit

BOTH = ("SMA:126", "SMA:126.1")
FACTS = {
    "base0": BOTH,
    "base50000": BOTH,
    "main_126": BOTH[:1],
    "main_126_1": BOTH[1:],
    "mppt5": BOTH,
    "noend": BOTH,
    "solaredge": ("SE:1", "SE:1.1", "SE:1.2"),
    "truncated": BOTH,
    "unknown": BOTH,
}
"""The devices that are polled of an image."""
MODES = {"normal": ("normal", 125), "aligned": ("aligned", 125), "nocross": ("nocross", 125), "max 60": ("normal", 60)}


async def _as_expected(run: Run, fact: str) -> None:
    wanted = expected(fact)
    await run.online(*wanted)
    for name, right in wanted.items():
        found = values(run[name])
        assert found.keys() == right.keys()
        assert all(isclose(found[key], value, rel_tol=1e-9) for key, value in right.items())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fact", FACTS)
def test_every_value_is_that_of_the_original(fact: str, mode: str) -> None:
    async def run() -> None:
        site = site_of(fact.partition("_")[0], *MODES[mode])
        async with polling(site, *FACTS[fact]) as polled:
            await _as_expected(polled, fact)
            begin = len(site.reads)
            await polled.wait(30)
            assert {read.result for read in site.reads[begin:]} == {"ok"}

    virtual_time.run(run())


@pytest.mark.parametrize(
    ("mode", "name", "specs", "reads"),
    [
        ("normal", "main", BOTH, 2),
        ("normal", "main", BOTH[:1], 1),
        ("normal", "main", BOTH[1:], 1),
        ("normal", "base50000", BOTH, 2),
        ("normal", "noend", BOTH, 2),
        ("normal", "solaredge", FACTS["solaredge"], 3),
        ("normal", "unknown", BOTH[:1], 1),
        ("normal", "mppt5", BOTH[:1], 1),
        ("aligned", "main", BOTH, 2),
        ("nocross", "main", BOTH, 3),
        ("nocross", "solaredge", FACTS["solaredge"], 3),
        ("max 60", "main", BOTH, 3),
    ],
)
def test_a_refresh_takes_few_reads(mode: str, name: str, specs: tuple[str, ...], reads: int) -> None:
    async def run() -> None:
        site = site_of(name, *MODES[mode])
        (unit,) = site.units
        async with polling(site, *specs) as polled:
            await polled.until(lambda: any(device.online for device in polled.hub.devices.values()))
            await polled.wait(20)
            assert len(await polled.refresh(unit)) == reads

    virtual_time.run(run())


@pytest.mark.parametrize("mode", MODES)
def test_reads_begin_and_end_with_points_and_touch_only_what_was_announced(mode: str) -> None:
    async def run() -> None:
        site = site_of("main", *MODES[mode])
        whole = image("main")[126]
        async with polling(site, *BOTH) as polled:
            await polled.online("SMA1.126", "SMA1.126.1")
            await polled.wait(30)
        assert all(read.size <= 125 for read in site.reads)
        ok = [read for read in site.reads if read.result == "ok"]
        assert all(whole.keys() >= {*range(read.address, read.address + read.size)} for read in ok)
        assert all(read.unit == 126 for read in site.reads)
        # Beyond the image only other places of the marker were asked for.
        outside = {(read.address, read.size) for read in site.reads if read.address not in whole}
        assert outside <= {(0, 2), (50000, 2)}

    virtual_time.run(run())


def test_the_truncated_image_brings_what_there_is() -> None:
    async def run() -> None:
        site = site_of("truncated")
        whole = image("truncated")[126]
        there = range(span(whole, 203, 1).start, max(whole) + 1)
        async with polling(site, *BOTH) as polled:
            await polled.online("SMA1.126")
            await polled.wait(20)
            first = values(polled["SMA1.126"])
            assert first.keys() == expected("truncated")["SMA1.126"].keys()
            begin = len(site.reads)
            await polled.wait(20)
            assert {read.result for read in site.reads[begin:]} == {"ok"}
            # The registers that are there hold values with their scale factors: they are readings too.
            assert len(there) == 42
            assert {"Power", "Current", "VoltageL1"} <= values(polled["SMA1.126.1"]).keys()

    virtual_time.run(run())


def test_an_image_that_ends_with_the_end_mark_alone_has_no_measurements() -> None:
    async def run() -> None:
        site = Site({126: Unit(dict(enumerate([0x5375, 0x6E53, *END], 40000)))})
        async with polling(site, "SMA:126") as polled:
            await polled.wait(600)
            assert not polled["SMA1.126"].online
            assert "no models" in polled["SMA1.126"].health.trouble
            # Once an outage is known, it is asked ever more seldom.
            begin = len(site.reads)
            await polled.wait(600)
            assert len(site.reads) - begin < 100

    virtual_time.run(run())
