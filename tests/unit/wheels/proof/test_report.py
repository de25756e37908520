"""Steps are printed as they are taken; a failed one is told with its reason."""

import pytest

from mbmd.errors import MbmdError
from wheels.proof import report as module
from wheels.proof.report import Report, summary, table


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Report:
    """No steps yet; each look at the clock is a second later."""
    clock = iter(range(100))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(clock)))
    return Report()


def take_steps(report: Report) -> None:
    """Two subjects, the second of which fails."""
    for subject in ("x86_64 3.11.2", "armv7l 3.13"):
        assert report.do(subject, "install", lambda: "27 packages")
        report.note(subject, "wheel, MB", "0.8")
    assert report.do("x86_64 3.11.2", "poll", str)

    def fails() -> str:
        raise MbmdError("no answer\nat all")

    assert not report.do("armv7l 3.13", "poll", fails)


def test_every_step_is_told(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    take_steps(report)
    assert capsys.readouterr().out == (
        "ok        1.0 s  x86_64 3.11.2: install: 27 packages\n"
        "ok        1.0 s  armv7l 3.13: install: 27 packages\n"
        "ok        1.0 s  x86_64 3.11.2: poll\n"
        "FAILED    1.0 s  armv7l 3.13: poll: no answer\nat all\n"
    )
    assert [step.name for step in report.failures] == ["poll"]


def test_the_table_has_a_column_for_each_subject(report: Report) -> None:
    take_steps(report)
    assert table(report, ["x86_64 3.11.2", "armv7l 3.13"]) == (
        "|            | x86_64 3.11.2 | armv7l 3.13 |\n"
        "| ---        |          ---: |        ---: |\n"
        "| install, s |           1.0 |         1.0 |\n"
        "| poll, s    |           1.0 |      failed |\n"
        "| wheel, MB  |           0.8 |         0.8 |"
    )


def test_the_verdict_names_what_failed(report: Report) -> None:
    take_steps(report)
    assert summary(report, ["armv7l 3.13"]).endswith("\n\n1 of 4 steps failed: armv7l 3.13: poll")
    assert summary(Report(), []) == "all is well"


def test_what_is_no_error_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        Report().do("x", "divide", lambda: str(1 // 0))
