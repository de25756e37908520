"""Secrets on the command line: in no error, and not to be seen in the list of processes."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mbmd import cli
from mbmd.cli import process_list
from mbmd.cli.secret_words import conceal, spans

HIDDEN = "tr0ub4dor"
ROOT = Path(__file__).parents[3]


def masked(*words: str) -> list[str]:
    found = list(words)
    for number, start, end in reversed(list(spans(words))):  # from behind, as there may be several in a word
        found[number] = f"{found[number][:start]}***{found[number][end:]}"
    return found


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--mqtt-password", "a", "-d", "sdm:1"], ["--mqtt-password", "***", "-d", "sdm:1"]),
        (["--mqtt-password=a=b"], ["--mqtt-password=***"]),
        (["--mqtt-password", "-5x", "-v"], ["--mqtt-password", "***", "-v"]),
        (["--mqtt-password", "--mqtt-user", "me"], ["--mqtt-password", "***", "***"]),
        (["--mqtt-password", "my", "own"], ["--mqtt-password", "***", "***"]),
        (["--mqtt-password="], ["--mqtt-password="]),
        (["--mqtt-password", ""], ["--mqtt-password", ""]),
        (["--mqtt-password"], ["--mqtt-password"]),
        (["--mqtt-pas", "a", "--influx-to=b"], ["--mqtt-pas", "***", "--influx-to=***"]),
        (["--mqtt-paswort=a", "--mqtt-Passwd", "b"], ["--mqtt-paswort=***", "--mqtt-Passwd", "***"]),
        (["--influx-token", "ü", "--influx-password", "\udcff"], ["--influx-token", "***", "--influx-password", "***"]),
        (["-m", "mqtts://me:a@b@host:1/p"], ["-m", "mqtts://***@host:1/p"]),
        (["-mme:a@host", "-vm", "me@host"], ["-m***@host", "-vm", "***@host"]),
        (["--mqtt-broker=ws://me:a/b@host/x"], ["--mqtt-broker=ws://***@host/x"]),
        (["--influx-url", "https://me:a@host", "x"], ["--influx-url", "https://***@host", "x"]),
        (["-ihttp://me:a@host"], ["-ihttp://***@host"]),
        (["-i", "https://me:a@host/p?k=b"], ["-i", "https://***@host/p?***"]),
        (["-m", "wss://host/mqtt?sign=a"], ["-m", "wss://host/mqtt?***"]),
        (["-m", "host:1883", "-i", "http://host"], ["-m", "host:1883", "-i", "http://host"]),
        (["-d", "sdm:1@tcp://h,sdm:2@g:1", "--mqtt-payload", "json"], None),
        (["--mqtt-user", "me", "--mqtt-cert-key", "f", "-", "--"], None),
    ],
)
def test_what_is_a_secret(words: list[str], shown: list[str] | None) -> None:
    assert masked(*words) == (shown or words)


def test_a_message_has_words_without_secrets() -> None:
    words = ["run", "--mqtt-password", "r", "--influx-token=se.cret"]
    assert conceal("see run r 'r' --x=se.cret se-cret", words) == "see run ******** '********' --x=******** se-cret"


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "--mqtt-pasword", HIDDEN],
        ["run", f"--mqtt-pasword={HIDDEN}"],
        ["run", f"--mqtt-p={HIDDEN}"],
        ["run", "--mqtt-password", "my", HIDDEN],
        ["run", "--mqtt-password", f"-{HIDDEN}"],
        ["--mqtt-password", HIDDEN, "run"],
        ["run", "--mqtt-password", HIDDEN, "--nonsense"],
        ["run", "-a", "mock", "-d", "sdm:1", "-m", f"htp://me:{HIDDEN}@host"],
        ["run", "-a", "mock", "-d", "sdm:1", "-m", f"me:{HIDDEN}@host:port"],
        ["run", "-a", "mock", "-d", "sdm:1", "-i", f"http://me:{HIDDEN}@host:99999"],
        ["run", "-a", "mock", "-d", "sdm:1", "-m", "h", "--mqtt-qos", "9", "--mqtt-password", HIDDEN],
        ["run", "-a", "mock", "-d", "nosuch:1", "-m", f"me:{HIDDEN}@h", "--influx-token", HIDDEN, "-v"],
    ],
)
def test_no_error_has_a_secret(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = cli.main(argv)
    except SystemExit as ended:
        code = int(str(ended.code))
    said = "".join(capsys.readouterr())
    assert code == 2
    assert HIDDEN not in said
    assert said.startswith("mbmd: ")


def test_what_is_shown_has_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        cli.main(["config", "show", "-m", f"me:{HIDDEN}@h", "--mqtt-password", HIDDEN, "--influx-token", HIDDEN]) == 0
    )
    assert HIDDEN not in "".join(capsys.readouterr())


SLEEPER = """
import sys
from mbmd.cli.process_list import hide_secrets
hide_secrets(sys.argv[1:])
print(flush=True)
sys.stdin.read()
"""


def test_the_list_of_processes_has_no_secret_and_all_else() -> None:
    words = [
        "run",
        "-m",
        "wss://me:ge\u00dfheim@host/p?k=gehe\u00edm",
        "--mqtt-password",
        "ü" * 1000,
        "",
        "--influx-token=t",
        "-d",
        "x y",
    ]
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER, *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode().split("\0")
        _, errors = process.communicate(b"")
    expected = [
        "run",
        "-m",
        "wss://***********@host/p?*********",
        "--mqtt-password",
        "*" * 2000,
        "",
        "--influx-token=*",
        "-d",
        "x y",
    ]
    assert shown[3:] == [*expected, ""]
    assert errors == b""


@pytest.mark.parametrize("broken", ["stat", "cmdline"])
def test_where_that_fails_there_is_one_warning(
    broken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read(name: str) -> bytes:
        if name == broken:
            raise PermissionError
        return b"1 (x) S " + b"0 " * 50 if name == "stat" else b"mbmd\0--mqtt-password\0a\0"

    monkeypatch.setattr(process_list, "_read", read)
    process_list.hide_secrets(["--mqtt-password", "a"])
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "MBMD_MQTT_PASSWORD" in error


def test_without_secrets_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_list, "_read", pytest.fail)
    process_list.hide_secrets(["run", "-d", "sdm:1", "--mqtt-password", ""])
