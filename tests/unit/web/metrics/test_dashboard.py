"""The dashboard for Grafana and the examples of the manual ask for what there is."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from tests.metrics_manual import DASHBOARD, known_names, promql, rules

BOARD = json.loads(DASHBOARD.read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
QUERIES = [*promql(), *rules()]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_there_is(query: str) -> None:
    bare = re.sub(r'"[^"]*"', "", query)
    named = set(re.findall(r"\b(?:mbmd|process)_\w+", bare))
    assert named | ({"up"} & set(re.findall(r"\w+", bare)))
    assert named <= known_names()


def test_variables_are_those_that_queries_use() -> None:
    variables = {variable["name"] for variable in BOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS)))
    assert used == variables | {"__range", "__rate_interval"}
    asked = [variable["definition"] for variable in BOARD["templating"]["list"] if "definition" in variable]
    assert {name for text in asked for name in re.findall(r"mbmd_\w+", text)} <= known_names()


def test_each_panel_has_its_place_and_asks_the_chosen_source() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    for panel in PANELS:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        if panel["type"] != "row":
            assert panel["title"]
            assert all(target["datasource"]["uid"] == "${datasource}" for target in (panel, *panel["targets"]))
