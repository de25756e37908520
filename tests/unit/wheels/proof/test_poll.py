"""The short poll: by the checkout's mbmd in place of an installed one."""

import sys
from pathlib import Path

import pytest

from wheels.folders import ROOT
from wheels.proof.inside import poll
from wheels.proof.inside.judge import MismatchError

MBMD = f"""\
#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from mbmd.cli import main
sys.exit(main())
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, in whose prefix an mbmd is installed."""
    install(tmp_path, MBMD)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


def install(prefix: Path, script: str) -> None:
    program = prefix / "bin" / "mbmd"
    program.parent.mkdir(exist_ok=True)
    program.write_text(script)
    program.chmod(0o755)


def test_a_reading_is_polled_served_and_compared(home: Path) -> None:
    said = poll.polled(home, "SDM1.1: online")
    assert said.startswith("first reading after ")
    assert said.endswith(" s, 4 compared, ApparentPower from the websocket")


def test_a_reading_that_the_meter_does_not_have_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = poll.witnessed
    monkeypatch.setattr(poll, "witnessed", lambda port: truth(port) | {"Export": 1.0})
    with pytest.raises(MismatchError, match="Export, which stands still"):
        poll.polled(home, "")


def test_what_is_missing_in_the_log_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "compare", lambda *_: None)
    with pytest.raises(MismatchError, match="does not have 'no such words'"):
        poll.polled(home, "no such words")


def test_a_program_that_ends_is_not_waited_for(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(home, "#!/bin/sh\necho no meter >&2\nexit 3\n")
    monkeypatch.setattr(sys, "argv", ["poll"])
    assert poll.main() == 1
    said = capsys.readouterr().err
    assert "exit code" in said
    assert "simulate.log:\nno meter" in said


def test_a_program_that_fails_at_its_end_is_found(home: Path) -> None:
    install(home, "#!/bin/sh\ntrap 'exit 7' TERM\nwhile :; do sleep 0.05; done\n")
    with (
        pytest.raises(MismatchError, match=r"exit code of mbmd run after SIGTERM: (7|-15)"),
        poll.mbmd(home, "run") as running,
    ):
        assert running.poll() is None
