"""The example in docs/sinks.md works as it stands there: installed, configured, checked and run."""

import csv
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.integration.command import ROOT, running, until

MANUAL = (ROOT / "docs" / "sinks.md").read_text(encoding="utf-8")


def example(language: str) -> str:
    """The first block of code in a language."""
    match = re.search(rf"^```{language}\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


def install(folder: Path) -> None:
    """What pip makes of the module and its pyproject.toml."""
    project = tomllib.loads(example("toml"))
    (module,) = project["tool"]["setuptools"]["py-modules"]
    (folder / f"{module}.py").write_text(example("python"), encoding="utf-8")
    name, version = project["project"]["name"], project["project"]["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    groups = project["project"]["entry-points"].items()
    points = "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in rows.items()) for group, rows in groups)
    (info / "entry_points.txt").write_text(points, encoding="utf-8")


def test_the_example_writes_what_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, meters, state = tmp_path / "site", tmp_path / "meters", tmp_path / "state"
    for folder in (site, meters, state):
        folder.mkdir()
    install(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    keys = example("yaml").replace("/srv/meters", str(meters))
    file = tmp_path / "mbmd.yaml"
    file.write_text(f"{keys}api: ''\nadapter: mock\ndevices: [{{type: sdm, id: 1}}]\n", encoding="utf-8")
    assert check(file, 0).startswith(f"{file}: fine")

    def written() -> list[list[str]] | None:
        rows = [row for path in meters.glob("*.csv") for row in csv.reader(path.read_text().splitlines())]
        return rows if len({row[0] for row in rows}) > 1 else None

    with running(state, "run", "-c", str(file), "--rate", "100ms") as daemon:
        rows = until(written, daemon)
        code, seconds = daemon.stop(signal.SIGTERM)
        assert code == 0
        assert re.findall("sink.*", daemon.log) == ["sink csv: readings go to daily_csv:DailyCsv"]
        assert seconds < 30
    voltages = [float(row[3]) for row in rows if row[1:3] == ["SDM1.1", "VoltageL1"]]
    assert voltages
    assert all(150 < voltage < 300 for voltage in voltages)
    file.write_text(file.read_text().replace("folder=", "floder="), encoding="utf-8")
    complaint = "give the folder and nothing else, as in options: [folder=/srv/meters]"
    assert check(file, 2) == f"{file}:3: sinks[0].options: {complaint}\n"
    file.write_text(file.read_text().replace("use: csv", "use: csvs"), encoding="utf-8")
    assert check(file, 2) == f"{file}:2: sinks[0].use: unknown sink 'csvs': did you mean csv?\n"


def check(file: Path, code: int) -> str:
    """What `mbmd config check` says."""
    command = [sys.executable, "-m", "mbmd", "config", "check", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr
