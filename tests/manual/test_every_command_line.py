"""Every command line in README and docs works as it stands there, on a machine like those that the pages speak of."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import pytest

from tests.manual import namespace
from tests.manual.pages import ROOT, Block, Line, Scenario, scenarios
from tests.manual.rules import PROMISED, missing
from tests.manual.site import BEFORE, DAEMONS, SHOWN

SCENARIOS = {str(scenario): scenario for scenario in scenarios()}
_AT_ONCE = 3
"""Scenarios: they wait for lines and brokers more than they work."""
_LONGEST = 600.0
_PROBE = "from tests.manual import namespace as n, site as s; n.enter([], s.FRESH, s.ADDRESSES, s.HOSTS)"


class Played(NamedTuple):
    """What is wrong with the lines of a scenario, and which were left out as a program is missing."""

    wrong: list[str]
    left_out: list[str]


@pytest.fixture(scope="module")
def played() -> Iterator[dict[str, "Future[Played]"]]:
    """All scenarios, beside each other, unless the tests are shared out already."""
    _skip_where_impossible()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        is_shared = "PYTEST_XDIST_WORKER" in os.environ
        yield {} if is_shared else {name: pool.submit(play, scenario) for name, scenario in SCENARIOS.items()}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_command_line_works(name: str, played: dict[str, "Future[Played]"]) -> None:
    wrong, left_out = played[name].result() if name in played else play(SCENARIOS[name])
    assert not wrong, "\n\n".join(wrong)
    if left_out:
        pytest.skip("; ".join(left_out))


def test_what_does_not_work_is_told() -> None:
    _skip_where_impossible()
    lines = "mbmd devices show sdn\nno-such-program\nmbmd run -a mock -d sdm:1 --rate never\nsudo make no-such-target\n"
    wrong, left_out = play(Scenario("page.md", "", (Block("sh", 7, lines),)))
    told = [complaint.partition(" in place")[0].partition(" work: ")[0] for complaint in wrong]
    assert told == [
        "page.md:7: mbmd devices show sdn: exit code 2",
        "page.md:8: no-such-program: exit code 127",
        "page.md:9: mbmd run -a mock -d sdm:1 --rate never: it does not come to",
        "page.md:10: sudo make no-such-target: exit code 2",
    ]
    assert not left_out


def test_the_tables_tell_of_what_is_there() -> None:
    pages = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")}
    assert [shown for shown in SHOWN if shown.sign not in pages[shown.page]] == []
    assert [key for key in PROMISED if key[1] not in pages[key[0]]] == []
    assert [name for name in (*DAEMONS, *BEFORE) if name not in SCENARIOS] == []


def play(scenario: Scenario) -> Played:
    """Do all that can be done of a scenario."""
    lines = scenario.lines()
    without = {line.number: missing(line.text) for line in lines}
    asked = {
        "name": str(scenario),
        "lines": [(line.number, line.text, _promised(line)) for line in lines if not without[line.number]],
        "shown": _shown(scenario),
    }
    done = subprocess.run(
        [*namespace.UNSHARE, sys.executable, "-m", "tests.manual.inside"],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode or not done.stdout:
        return Played([f"{scenario}: the machine for it failed: {done.stderr}"], [])
    by_number = {line.number: line for line in lines}
    wrong = [f"{by_number[number]}: {complaint}" for number, complaint in json.loads(done.stdout)]
    left_out = [f"{scenario.page}:{number} needs {', '.join(names)}" for number, names in without.items() if names]
    return Played(wrong, left_out)


def _promised(line: Line) -> int:
    told = (code for (page, part), code in PROMISED.items() if page == line.page and part in line.text)
    return next(told, line.promised)


def _shown(scenario: Scenario) -> dict[str, str]:
    """The texts of files that a page shows, and those that it tells to save."""
    return scenario.files() | {
        shown.file: block.text
        for shown in SHOWN
        for block in scenario.blocks
        if shown.page == scenario.page and shown.sign in block.text
    }


def _skip_where_impossible() -> None:
    command = [*namespace.UNSHARE, sys.executable, "-c", _PROBE]
    tried = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no machine of its own can be made here: {tried.stderr.strip().splitlines()[-1]}")
