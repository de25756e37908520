"""The options of `python -m benchmarks`."""

import pytest

from benchmarks.options import effort, parse


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", (3.0, 5, False)),
        ("--quick", (1.0, 3, True)),
        ("--quick --seconds 0.5 --repeat 2", (0.5, 2, True)),
        ("--seconds 10", (10.0, 5, False)),
    ],
)
def test_the_effort_that_is_asked_for(words: str, expected: tuple[float, int, bool]) -> None:
    asked = effort(parse(words.split()))
    assert (asked.seconds, asked.repeat, asked.quick) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("udp", "no benchmark udp: there are kernels, serial, tcp"),
        ("--seconds 0", "'0' is no number from 0.01 to 3600"),
        ("--seconds nan", "'nan' is no number from"),
        ("--seconds soon", "'soon' is no number"),
        ("--repeat 2.5", "'2.5' is no number"),
        ("--repeat 0", "'0' is no number from 1 to 1000"),
        ("tcp --from x.json", "--from measures nothing"),
        ("--quick --from x.json", "--from measures nothing"),
    ],
)
def test_wrong_usage_is_told(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(words.split())
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_the_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(["--help"])
    assert left.value.code == 0
    assert "python -m benchmarks --quick" in capsys.readouterr().out
