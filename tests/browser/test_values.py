"""Values appear with units, and move; plots are drawn; whatever a device is called."""

import re
import time

from playwright.async_api import Locator, Page, Route, expect

from tests.browser.house import CUT, DEAD, HERE, INVERTER, ODD, ODD_NAME, THREE, House
from tests.browser.parts import buses_view, card, cards, device_view, is_live, moves, show, value

COLOURED = """
(canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue, alpha] = data.subarray(at, at + 4);
        if (alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) count++;
    }
    return count;
}
"""
"""How many pixels of a canvas are no shade of grey: those of the lines of phases."""


async def is_drawn(plot: Locator) -> None:
    """Returns when a plot has lines."""
    canvas = await plot.locator("canvas").element_handle()
    await plot.page.wait_for_function(f"(canvas) => ({COLOURED})(canvas) > 50", arg=canvas)


async def test_values_appear_with_their_units_and_move(page: Page, home: House) -> None:
    await page.goto(home.url)
    await is_live(page)
    for device in HERE:
        shown = value(card(page, device), "Power")
        await expect(shown).to_have_text(re.compile(r"^[\u2212-]?\d[\d,.]*\s*k?W$"))
        await moves(shown)


async def test_a_device_shows_what_it_measures_by_phases(page: Page, home: House) -> None:
    await show(page, home.url, f"#/device/{THREE}")
    view = device_view(page)
    table = view.locator("table", has=page.locator('[data-measurement="VoltageL1"]'))
    row = table.locator("tr", has=page.locator('[data-measurement="VoltageL1"]'))
    for phase in ("L1", "L2", "L3"):
        await expect(value(row, f"Voltage{phase}")).to_have_text(re.compile(r"^2\d\d[.\d]*\s*V$"))
        await expect(table.locator("th[scope=col]", has_text=phase)).to_be_visible()
    await expect(value(view, "Frequency")).to_have_text(re.compile(r"^(49|50)\.\d+\s*Hz$"))
    await expect(value(view, "Import")).to_contain_text("kWh")
    await moves(value(view, "Power"))


async def test_the_last_minute_is_drawn(page: Page, home: House) -> None:
    await show(page, home.url, f"#/device/{THREE}")
    await is_drawn(page.locator('[data-plot="minute"]'))


async def test_the_last_hour_is_drawn_as_the_daemon_remembers_it(page: Page, home: House) -> None:
    async def remember(route: Route) -> None:
        now = time.time() * 1000
        names = [f"Power{phase}" for phase in ("", "L1", "L2", "L3")]
        hour = {
            "Timestamps": [now - 60_000 * ago for ago in range(59, -1, -1)],
            "Values": {name: [100 * number + 3 * at for at in range(60)] for number, name in enumerate(names)},
        }
        minute = {"Timestamps": [], "Values": {name: [] for name in names}}
        await route.fulfill(json={"Device": THREE, "Minute": minute, "Hour": hour})

    await page.route("**/api/history/*", remember)
    await show(page, home.url, f"#/device/{THREE}")
    await is_drawn(page.locator('[data-plot="hour"]'))


async def test_an_hour_begins_with_its_first_minute(page: Page, home: House) -> None:
    await show(page, home.url, f"#/device/{THREE}")
    await is_drawn(page.locator('[data-plot="hour"]'))


async def test_a_device_that_never_answered_shows_as_offline(page: Page, home: House) -> None:
    await show(page, home.url)
    await expect(card(page, DEAD)).to_have_attribute("data-state", "offline")
    await expect(card(page, DEAD)).to_contain_text("offline")
    await card(page, DEAD).get_by_role("link").click()
    await expect(device_view(page)).to_contain_text("offline")


async def test_buses_tell_how_they_are(page: Page, home: House) -> None:
    await show(page, home.url, "#/buses")
    for address in await page.evaluate(
        "async () => (await (await fetch('api/status')).json()).Buses.map((b) => b.Adapter)"
    ):
        bus = buses_view(page).locator(f'[data-bus="{address}"]')
        await expect(bus).to_contain_text("load", ignore_case=True)
        await expect(bus).to_contain_text("ms")


async def test_a_name_is_only_ever_text(page: Page, home: House) -> None:
    for view in ("#/", f"#/device/{ODD}", "#/buses"):
        await show(page, home.url, view)
        await expect(page.get_by_text(ODD_NAME).first).to_be_visible()
        assert await page.locator("main img, main i").count() == 0
    await page.goto(f"{home.url}#/device/%3Cimg src=x onerror=alert(1)%3E")
    await expect(device_view(page)).to_contain_text("<img src=x onerror=alert(1)>")
    assert await page.locator("img").count() == 0


async def test_all_devices_have_a_card_each(page: Page, home: House) -> None:
    await show(page, home.url)
    await expect(cards(page)).to_have_count(len(HERE) + 1)
    for device in (ODD, THREE, INVERTER, CUT):
        await expect(card(page, device)).to_have_attribute("data-state", "online")
