"""The description for programs."""

import asyncio
from collections.abc import Iterator
from typing import Any, TypedDict

import pytest
import schemathesis
from sanic import HTTPResponse

from mbmd import __version__
from mbmd.web.openapi import ERRORS, STREAM, TAGS, document
from mbmd.web.routes import DEVICE, Parameter, Route
from tests.web_site import Site, run, table

ROUTES = table()


class Body(TypedDict):
    """A body that only this file knows."""

    Value: float | None


async def answer() -> HTTPResponse:
    raise AssertionError


SPAN = Parameter("span", "how long", schema={"type": "string", "enum": ["minute", "hour"]})
OWN = Route("/api/own/{device}", answer, "Own", Body, "Text.", (DEVICE, SPAN), (404,), older=("/api/former/{device}",))
OPEN = Route("/api/well", answer, "Open", is_open=True)
ENDLESS = Route("/api/flow", answer, "Endless", content_type=STREAM)
BEYOND = Route("/beyond", answer, "Beyond", Body)


def references(said: Any) -> Iterator[str]:
    """All references in a document."""
    if isinstance(said, dict):
        yield from (value for key, value in said.items() if key == "$ref")
        said = list(said.values())
    if isinstance(said, list):
        for one in said:
            yield from references(one)


@pytest.mark.parametrize("routes", [ROUTES, (*ROUTES, OWN, OPEN, ENDLESS, BEYOND), (OPEN,), (ENDLESS,)])
def test_the_document_is_as_openapi_wants_it(routes: tuple[Route, ...]) -> None:
    made = document(routes)
    assert schemathesis.openapi.from_dict(made).validate() is None
    for reference in references(made):
        found = made
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_each_route_below_api_is_described_under_all_its_names() -> None:
    made = document([*ROUTES, OWN, BEYOND])
    paths = {path for route in [*ROUTES, OWN] for path in (route.path, *route.older) if path.startswith("/api/")}
    assert set(made["paths"]) == paths
    assert {"/api/last", "/api/minuteavg/{device}", "/api/former/{device}", "/api/openapi.json"} < paths
    identities = [one["get"]["operationId"] for one in made["paths"].values()]
    assert len(identities) == len(set(identities))


def test_what_a_route_says_is_described() -> None:
    made = document([OWN, OPEN, ENDLESS])
    own, older = (made["paths"][path]["get"] for path in ("/api/own/{device}", "/api/former/{device}"))
    assert (own["summary"], own["description"], own["tags"]) == ("Own", "Text.", ["others"])
    assert own["parameters"][0] == {
        "name": "device",
        "in": "path",
        "description": DEVICE.text,
        "required": True,
        "schema": {"type": "string"},
        "example": "SDM1.1",
    }
    assert own["parameters"][1]["schema"] == SPAN.schema
    assert list(own["responses"]) == ["200", "304", "401", "404", "429"]
    assert own["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Body"}
    assert "deprecated" not in own
    assert older["deprecated"]
    assert older["responses"] == own["responses"]
    assert made["components"]["schemas"]["Body"]["properties"] == {
        "Value": {"anyOf": [{"type": "number"}, {"type": "null"}]}
    }


def test_what_is_open_and_what_has_no_end() -> None:
    made = document([OPEN, ENDLESS])["paths"]
    well, flow = made["/api/well"]["get"], made["/api/flow"]["get"]
    assert (well["security"], list(well["responses"])) == ([], ["200", "304"])
    assert "security" not in flow
    assert list(flow["responses"]) == ["200", "401", "429"]
    assert list(flow["responses"]["200"]["content"]) == [STREAM]
    assert flow["parameters"] == []


def test_errors_have_one_shape() -> None:
    components = document(ROUTES)["components"]
    for name, response in components["responses"].items():
        if name != "Unchanged":
            told = response["content"]["application/json"]
            assert told["schema"] == {"$ref": "#/components/schemas/Error"}
            assert told["example"]["status"] in ERRORS
    assert components["schemas"]["Error"]["required"] == ["message", "status"]


def test_each_route_stands_in_a_chapter() -> None:
    made = document(ROUTES)
    assert [tag["name"] for tag in made["tags"]] == list(TAGS)
    assert {one["get"]["tags"][0] for one in made["paths"].values()} == set(TAGS)


def test_access_is_an_option_and_addresses_are_relative() -> None:
    made = document(ROUTES)
    assert made["security"] == [{}, {"basic": []}, {"bearer": []}]
    assert set(made["components"]["securitySchemes"]) == {"basic", "bearer"}
    assert [server["url"] for server in made["servers"]] == [".."]
    assert (made["openapi"], made["info"]["version"]) == ("3.1.0", __version__)
    assert "/ws" in made["info"]["description"]


def test_the_document_is_served() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/openapi.json")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json == document(ROUTES)

    run(asyncio.new_event_loop, main)
