"""The description for people."""

import asyncio
import re
from html.parser import HTMLParser

from mbmd.web.assets import STATIC
from mbmd.web.docs import page
from mbmd.web.openapi import STREAM, document
from mbmd.web.routes import Parameter, Route
from tests.web_site import Site, run, table

DOCUMENT = document(table())
VOID = {"meta", "link", "input"}
NASTY = "<b>\"'&{x}"


class Reader(HTMLParser):
    """Holds what a page has, and that its tags are in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name)) is not None]


def test_all_that_can_be_asked_stands_on_the_page() -> None:
    reader = Reader(page(DOCUMENT))
    identities = reader.values("id")
    assert len(identities) == len(set(identities))
    for item in DOCUMENT["paths"].values():
        assert item["get"]["operationId"] in identities
    for name in DOCUMENT["components"]["schemas"]:
        assert f"object-{name}" in identities
    assert {address[1:] for address in reader.values("href") if address.startswith("#")} <= set(identities)
    assert set(reader.values("for")) <= set(identities)


def test_nothing_of_the_page_is_loaded_from_elsewhere_or_stands_within_it() -> None:
    reader = Reader(page(DOCUMENT))
    addresses = [*reader.values("href"), *reader.values("src")]
    assert [one for one in addresses if re.match(r"[a-z]+:|/", one)] == ["data:,"]
    assert {"../static/docs.css", "../static/docs.js", "openapi.json", ".."} < set(addresses)
    assert not any(name in attributes for _, attributes in reader.tags for name in ("style", "onclick", "onload"))
    assert all(attributes.get("src") for tag, attributes in reader.tags if tag == "script")
    for name in ("docs.css", "docs.js"):
        assert "http" not in (STATIC / name).read_text(encoding="utf-8")


def test_what_is_told_is_text_and_never_a_part_of_the_page() -> None:
    async def answer() -> None:
        raise AssertionError

    parameter = Parameter("nasty", NASTY, schema={"type": "string", "enum": [NASTY]}, example=NASTY)
    told = page(document([Route("/api/nasty", answer, NASTY, text=NASTY, parameters=(parameter,))]))
    Reader(told)
    assert "<b>" not in told
    assert "&lt;b&gt;" in told


def test_what_has_no_end_is_not_asked_by_the_page() -> None:
    async def answer() -> None:
        raise AssertionError

    told = [Route("/api/flow", answer, "Flow", content_type=STREAM), Route("/api/pond", answer, "Pond")]
    assert Reader(page(document(told))).values("data-path") == ["/api/pond"]


def test_the_page_is_served_with_what_it_needs() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/docs")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.body.decode() == page(DOCUMENT)
        for part in ("docs.css", "docs.js"):
            assert (await site.ask(f"/static/{part}")).status == 200

    run(asyncio.new_event_loop, main)


def test_with_a_slash_at_its_end_the_address_leads_to_the_page() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/docs/")
        assert (answer.status, answer.headers["location"]) == (308, "../docs")

    run(asyncio.new_event_loop, main)
