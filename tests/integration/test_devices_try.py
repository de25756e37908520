"""`mbmd devices try` on meters whose registers and values are known."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from mbmd import cli
from tests.integration.meters import meters, serving

TABLE = """\
type = "Mine"
description = "Nearly an SDM"
manufacturer = "me"
function = 4
registers = [
    { measurement = "VoltageL1", address = 0, type = "float32" },
    { measurement = "VoltageL2", address = 2, type = "float32" },
    { measurement = "Import", address = 300, type = "float32" },
    { measurement = "Export", address = 72, type = "float32", function = 3 },
]
"""


async def tried(url: str, *words: str) -> int:
    """The exit code of `mbmd devices try` on an SDM with unit 1."""
    (meter,) = meters("SDM")
    async with serving(url, [meter._replace(unit=1)]) as adapter:
        return await asyncio.to_thread(cli.main, ["devices", "try", *words, "-a", str(adapter)])


@pytest.mark.parametrize(
    "url", ["tcp://127.0.0.1:{port}", "rtu+tcp://127.0.0.1:{port}", "rtu://{folder}/bus?baudrate=115200"]
)
def test_every_register_is_shown_with_its_value(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(tried(url, "sdm", "-d", "1", "--json", "--timeout", "5s")) == 0
    (meter,) = meters("SDM")
    said = json.loads(capsys.readouterr().out)
    assert (said["type"], said["unit"]) == ("SDM", 1)
    assert {row["measurement"]: row["value"] for row in said["registers"]} == pytest.approx(meter.values)
    words = {int(at): row for at, row in meter.registers["4"].items()}
    first = next(row for row in said["registers"] if row["measurement"] == "VoltageL1")
    assert [int(word, 16) for word in first["raw"].split()] == words[0][:2]


def test_what_is_refused_is_told_and_the_rest_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "mine.toml"
    table.write_text(TABLE)
    assert asyncio.run(tried("tcp://127.0.0.1:{port}", str(table), "-d", "1", "--timeout", "5s")) == 1
    (meter,) = meters("SDM")
    header, *rows, last = capsys.readouterr().out.splitlines()
    assert header.split() == ["Measurement", "Function", "Address", "Hex", "Raw", "Value", "Unit", "Answer"]
    by_name = {row.split()[0]: row for row in rows}
    assert f"{meter.values['VoltageL1']:.3f}  V     fine" in by_name["VoltageL1"]
    assert by_name["VoltageL2"].endswith("fine")
    assert by_name["Import"].endswith("exception 2 (illegal data address)")
    assert "exception" in by_name["Export"]
    assert last == "2 of 4 registers answered"


def test_a_device_that_says_nothing_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        adapter = f"127.0.0.1:{silent.getsockname()[1]}"
        assert cli.main(["devices", "try", "sdm72", "-d", "7", "-a", adapter, "--timeout", "1ms"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"mbmd: unit 7 on {adapter}: no answer\n"


def test_a_mocked_device_answers_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "try", "janitza", "-a", "mock", "-d", "26"]) == 0
    assert capsys.readouterr().out.endswith("22 of 22 registers answered\n")
