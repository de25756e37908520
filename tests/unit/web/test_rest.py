"""What is asked of readings, and how people and programs ask."""

import asyncio
from urllib.parse import quote

import pytest

from tests.web_devices import various
from tests.web_site import Site, parse_answer, run


def fill(site: Site) -> None:
    site.devices = various()
    site.hub.replace(site.devices, ())


@pytest.mark.parametrize(
    ("query", "members"),
    [
        ("measurement=Power", ["Timestamp", "Unix", "Power"]),
        ("measurement=Power*", ["Timestamp", "Unix", "Power"]),
        ("measurement=Import,Power", ["Timestamp", "Unix", "Import", "Power"]),
        ("measurement=Power&measurement=Import", ["Timestamp", "Unix", "Import", "Power"]),
        ("measurement=Frequency", ["Timestamp", "Unix"]),
        ("measurement=GasVolume", ["Timestamp", "Unix"]),
        ("measurement=Gas*", ["Timestamp", "Unix"]),
        ("fields=Power,Unix", ["Unix", "Power"]),
        ("fields=Power,%20Unix,", ["Unix", "Power"]),
        ("fields=Unix&fields=Power", ["Unix", "Power"]),
        ("fields=*", ["Timestamp", "Unix", "Import", "Power"]),
        ("measurement=Import&fields=Unix,Import,Power", ["Unix", "Import"]),
        ("measurement=&fields=", ["Timestamp", "Unix", "Import", "Power"]),
        ("_=17", ["Timestamp", "Unix", "Import", "Power"]),
        ("_=17&fields=Power", ["Power"]),
        ("%ff=%ff&&=&fields=Power", ["Power"]),
    ],
)
def test_a_choice_of_members(query: str, members: list[str]) -> None:
    async def main(site: Site) -> None:
        fill(site)
        for name in ("last", "avg", "minuteavg"):
            whole = (await site.ask(f"/api/{name}/SDM1.1")).json
            one = await site.ask(f"/api/{name}/SDM1.1?{query}")
            assert (one.status, one.headers["content-type"]) == (200, "application/json")
            assert list(one.json) == members
            assert one.json.items() <= whole.items()
            every = (await site.ask(f"/api/{name}?{query}")).json
            assert list(every) == ["SDM1.1", "SMA2.126.1"]
            assert every["SDM1.1"] == one.json

    run(asyncio.new_event_loop, main)


def test_texts_can_be_chosen_too() -> None:
    async def main(site: Site) -> None:
        fill(site)
        assert (await site.ask("/api/last/SMA2.126.1?fields=Model")).json == {"Model": 'A "quoted" \u20ac'}
        assert (await site.ask("/api/last?fields=Mod*")).json == {
            "SDM1.1": {},
            "SMA2.126.1": {"Model": 'A "quoted" \u20ac'},
        }

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize(
    "path", ["/api/last", "/api/last/SDM1.1", "/api/avg", "/api/minuteavg/SDM1.1", "/api/last/SDM1.4"]
)
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("measurement=Powr", "measurement: there is no measurement Powr: did you mean Power?"),
        ("measurement=Power,PowerL9", "measurement: there is no measurement PowerL9: did you mean PowerL3?"),
        ("measurement=GasVolum", "measurement: there is no measurement GasVolum: did you mean GasVolume?"),
        ("measurement=Timestamp", "measurement: there is no measurement Timestamp: /api/measurements lists them"),
        ("measurement=Zz*", "measurement: there is no measurement Zz*: /api/measurements lists them"),
        ("fields=unix", "fields: there is no measurement unix: did you mean Unix?"),
        ("fields=%00", "fields: there is no measurement \0: /api/measurements lists them"),
        ("fields=" + "x" * 101, "'" + "x" * 100 + "'... is too long for a name"),
        ("fields=" + ",".join(f"*{n}" for n in range(21)), "21 patterns are too many: give up to 20"),
    ],
)
def test_what_is_no_measurement_is_refused(path: str, query: str, message: str) -> None:
    async def main(site: Site) -> None:
        fill(site)
        answer = await site.ask(f"{path}?{query}")
        assert (answer.status, answer.json) == (400, {"status": 400, "message": message})

    run(asyncio.new_event_loop, main)


def test_a_device_that_is_offline_or_unknown_is_told_of_also_with_a_choice() -> None:
    async def main(site: Site) -> None:
        fill(site)
        gone = await site.ask("/api/last/SDM1.4?fields=Power")
        assert (gone.status, gone.json["message"]) == (503, "device SDM1.4 is offline")
        assert (await site.ask("/api/avg/SDM1.9?fields=Power")).status == 404

    run(asyncio.new_event_loop, main)


PATHS = [
    "/api/last",
    "/api/last/SDM1.1",
    "/api/avg",
    "/api/minuteavg/SDM1.1",
    "/api/status",
    "/api/devices",
    "/api/devices/SDM1.1",
    "/api/measurements",
    "/api/buses",
    "/api/healthz",
    "/api/version",
    "/api/openapi.json",
    "/api/docs",
]


@pytest.mark.parametrize("path", PATHS)
def test_the_head_alone_can_be_asked_for(path: str) -> None:
    async def main(site: Site) -> None:
        whole, head = await site.ask(path), await site.ask(path, "HEAD")
        assert (head.status, head.body) == (whole.status, b"") == (200, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert int(head.headers["content-length"]) > 0

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(path: str, method: str) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(path, method)
        assert answer.status == 405
        assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD"]
        assert answer.json["message"] == f"{method} is not for {path}: all here is asked by GET, see /api/docs"

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/api/docs"])
def test_a_slash_at_the_end_does_not_matter(path: str) -> None:
    async def main(site: Site) -> None:
        assert (await site.ask(path + "/")).status == 200

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("path", ["/api/lasst", "/api", "/api/last/SDM1.1/Power", "/nothing", "//api/last"])
def test_who_asks_for_nothing_is_told_where_to_look(path: str) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(path)
        assert (answer.status, answer.json["message"]) == (
            404,
            f"there is nothing at {path}: /api/docs lists what there is",
        )

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize(
    "name", ["\x00", "\ud800".encode("utf-8", "surrogatepass"), b"\xff", '"', "<b>", "ä", "../last"]
)
def test_any_name_of_a_device_is_looked_for(name: str | bytes) -> None:
    async def main(site: Site) -> None:
        answer = await site.ask(f"/api/last/{quote(name, safe='')}")
        assert answer.status == 404
        assert answer.json["message"].endswith(": /api/devices lists them")

    run(asyncio.new_event_loop, main)


def test_what_a_request_brings_along_is_not_read() -> None:
    async def main(site: Site) -> None:
        async def status(size: int) -> int:
            head = f"GET /api/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
            answer = parse_answer(await site.send(head.encode() + b"x" * min(size, 1 << 10)))
            assert answer.status == 200 or answer.json["status"] == answer.status
            return answer.status

        assert [await status(size) for size in (0, 1, 100, 1 << 20, 1 << 40)] == [200, 200, 200, 413, 413]
        assert (await site.ask("/api/last")).status == 200

    run(asyncio.new_event_loop, main)
