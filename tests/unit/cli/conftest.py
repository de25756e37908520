"""Commands run in an empty folder of their own, without the configuration of whoever runs the tests."""

from pathlib import Path

import pytest

from mbmd.config import files
from tests.unit.cli.by_hand import Shell


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder; `mbmd.yaml` in it is the configuration."""
    monkeypatch.setattr(files, "PLACES", ("mbmd.yaml",))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)
