"""The benchmark of serial lines, with next to no effort."""

import struct
from collections import Counter
from math import isfinite

import pytest
from serial import Serial

from benchmarks.effort import Effort
from benchmarks.play import lines
from benchmarks.play.pace import Pace
from benchmarks.serial import MIXED, SDM630, Scene, beside, compare, figures, measure, plans

EFFORT = Effort(seconds=0.1, repeat=1, quick=True)
PACE = Pace(115200)


def test_a_scene_gives_figures_of_every_kind() -> None:
    scene = Scene(2, 115200, MIXED, least_share=0.9)
    windows = measure(scene, EFFORT)
    cuts = plans(MIXED, 115200)
    asked = {(e.unit, e.function, e.address, e.registers) for w in windows for e in w.account.exchanges}
    assert asked <= {(unit, *read) for unit, reads in cuts.items() for read in reads}
    assert {e.bus for w in windows for e in w.account.exchanges} == {0, 1}
    found = {figure.name: figure for figure in figures(scene, windows)}
    named = "115200 baud, 2 buses with 4 types"
    assert {name.split(": ")[0] for name in found} == {named}
    assert Counter(figure.unit for figure in found.values()) == {
        "sets/s": 1,
        "x": 1,
        "requests": 2,
        "µs": 6,
        "% of a core": 2,
        "MiB": 1,
        "% of the time": 1,
        "‰": 1,
    }
    assert all(len(figure.values) == 1 and isfinite(figure.median) for figure in found.values())
    for positive in ("mbmd", "share of the wire's limit", "CPU", "resident memory", "CPU of the pacing"):
        assert found[f"{named}: {positive}"].median > 0
    assert found[f"{named}: damaged"].median == 0
    assert found[f"{named}: share of the wire's limit"].aim == 0.9


def test_others_poll_lines_of_their_own_for_the_same() -> None:
    (window,) = beside(115200, EFFORT)
    found = {figure.name.removeprefix("115200 baud, beside others: "): figure for figure in compare(115200, [window])}
    kinds = ("", ", share of the wire's limit", ", violations", ", CPU")
    assert list(found) == [name + kind for name in ("mbmd", "bare", "pymodbus") for kind in kinds]
    assert all(isfinite(figure.median) for figure in found.values())
    wanted = {(unit, *read) for unit, reads in plans(SDM630, 115200).items() for read in reads}
    for account in window.accounts.values():
        asked = {(e.unit, e.function, e.address, e.registers) for e in account.exchanges}
        assert asked
        assert asked <= wanted


def test_a_line_answers_what_the_meter_has_and_keeps_account_of_it() -> None:
    with lines.playing(2, PACE, ["SDM"]) as played, Serial(played.paths[1], timeout=10) as port:
        answers = []
        for address in (0, 70):
            port.write(lines.sealed(bytes((1, 4, 0, address, 0, 2))))
            answers.append(port.read(9))
        account = played.account()
        assert played.account() == lines.Account()
    voltage, frequency = (struct.unpack(">f", answer[3:7])[0] for answer in answers)
    assert 220 < voltage < 240
    assert 49 < frequency < 51
    assert all(answer[:3] == bytes((1, 4, 4)) and lines.sealed(answer[:-2]) == answer for answer in answers)
    first, second = account.exchanges
    assert first[2:6] == (None, 1, 4, 0)
    assert (second.bus, second.address, second.registers) == (1, 70, 2)
    assert second.silence == second.began - first.written
    assert all(e.due == pytest.approx(e.began + PACE.until_answered(9)) and e.written >= e.due for e in (first, second))


def test_what_is_no_read_of_a_meter_is_not_answered_and_counted() -> None:
    with lines.playing(1, PACE, ["SDM"]) as played, Serial(played.paths[0], timeout=0.1) as port:
        for piece in (b"\x01\x04\x00", bytes(8), lines.sealed(bytes((9, 4, 0, 0, 0, 2)))):
            port.write(piece)
            assert port.read() == b""
        account = played.account()
    assert account == lines.Account(damaged=3)


def test_a_request_on_top_of_an_answer_is_a_violation() -> None:
    with lines.playing(1, Pace(9600), ["SDM"]) as played, Serial(played.paths[0], timeout=10) as port:
        for _ in range(2):
            port.write(lines.sealed(bytes((1, 4, 0, 0, 0, 60))))
            port.read()
        ended: list[lines.Exchange] = []
        while not ended:
            port.read()
            ended = played.account().exchanges
    (exchange,) = ended
    assert exchange.silence is not None
    assert exchange.silence < 0


def test_the_crc_is_that_of_the_specification() -> None:
    assert lines.crc16(bytes((2, 7))) == 0x1241
