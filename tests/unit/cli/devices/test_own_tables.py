"""`mbmd devices` on tables that extend others and have coils, texts, bit fields and scales."""

import json
import shutil
from pathlib import Path

import pytest

from mbmd import cli

CASES = Path(__file__).parents[3] / "cases" / "devices"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of tables."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return Path(shutil.copytree(CASES, tmp_path / "mbmd" / "devices"))


def test_own_measurements_are_among_what_a_type_measures(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "heat*"]) == 0
    assert "frequency" not in (out := capsys.readouterr().out)
    assert "voltage, current, power, power factor, Heat delivered, Mode of operation" in out


def test_conversions_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "show", "heatpump"]) == 0
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in capsys.readouterr().out.splitlines() if line}
    assert "1 coil 12 0x000c bit fast" in rows["Heater"]
    assert "int16 * 10^(int16 at 120) fast" in rows["Power"]
    assert "bits 0-2" in rows["Mode"]
    assert "bit 3" in rows["Defrost"]
    assert "/ 10 -50" in rows["Outside"]
    assert "string 8 once" in rows["Model"]


def test_all_kinds_are_read_raw_and_decoded(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "try", "heatpump", "-a", "mock", "-d", "1", "--json"]) == 0
    rows = {row["measurement"]: row for row in json.loads(capsys.readouterr().out)["registers"]}
    assert rows["Pump"]["raw"] in ("0", "1")
    assert rows["Pump"]["value"] == int(rows["Pump"]["raw"])
    assert rows["Model"]["value"] == bytes.fromhex(rows["Model"]["raw"]).decode().strip("\0 ")
    raw, scale = (int.from_bytes(bytes.fromhex(part), signed=True) for part in rows["Power"]["raw"].split(" scale "))
    assert rows["Power"]["value"] == raw * 10**scale
    assert rows["Mode"]["value"] == int(rows["Mode"]["raw"], 16) & 7


def test_two_tables_for_one_type_are_shown_as_broken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Garage.toml").write_text((folder / "garage.toml").read_text(encoding="utf-8"))
    assert cli.main(["devices", "garage"]) == 2
    assert "Garage.toml" in capsys.readouterr().out
