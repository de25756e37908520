"""Whether the daemon is well, and what it is."""

import asyncio
import platform

from mbmd import __version__
from tests.web_site import Site, run


def test_it_is_well() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/healthz")
        assert (answer.status, answer.json) == (200, {"Status": "ok"})

    run(asyncio.new_event_loop, main)


def test_it_is_ready_when_of_each_device_it_is_known_whether_it_answers() -> None:
    async def main(site: Site) -> None:
        waiting = await site.ask("/api/readyz")
        assert (waiting.status, waiting.json) == (
            503,
            {"status": 503, "message": "1 of 3 devices were not asked yet: wait"},
        )
        site.devices[2].health.gone("no answer")
        ready = await site.ask("/api/readyz")
        assert (ready.status, ready.json) == (200, {"Status": "ok"})
        site.devices[0].health.gone("no answer")
        site.devices[0].go_offline()
        assert (await site.ask("/api/readyz")).status == 200
        site.hub.replace((), ())
        assert (await site.ask("/api/readyz")).status == 200

    run(asyncio.new_event_loop, main)


def test_what_runs() -> None:
    async def main(site: Site) -> None:
        assert (await site.ask("/api/version")).json == {
            "Version": __version__,
            "Python": platform.python_version(),
            "System": f"{platform.system()} {platform.machine()}",
        }

    run(asyncio.new_event_loop, main)
