"""`mbmd passwd`."""

import getpass
import io
import json
import sys
from pathlib import Path

import pytest

from mbmd import cli
from mbmd.config.build import build
from mbmd.config.load import load
from mbmd.config.passwords import is_password, parse_password_hash, parse_token_hash, token_digest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def typed(monkeypatch: pytest.MonkeyPatch, *passwords: str) -> None:
    answers = iter(passwords)

    def answer(_: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", answer)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_piped_password_makes_the_line_of_the_configuration(
    end: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, f"correct horse{end}")
    assert cli.main(["passwd", "alice"]) == 0
    said = capsys.readouterr()
    name, _, hashed = said.out.strip().partition("=")
    assert name == "alice"
    assert is_password("correct horse", parse_password_hash(hashed))
    assert "list users in the section web" in said.err
    assert "horse" not in said.out + said.err


def test_a_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, "correct horse", "correct horse")
    assert cli.main(["passwd", "alice"]) == 0
    assert is_password("correct horse", parse_password_hash(capsys.readouterr().out.strip().partition("=")[2]))


@pytest.mark.parametrize(
    ("passwords", "complaint"),
    [
        (("correct horse", "correct hose"), "the two passwords differ"),
        (("short", "short"), "the password is too short: it needs 8 characters or more"),
        (("", ""), "the password is too short"),
        (("correct horse",), "no password was given"),
    ],
)
def test_passwords_that_are_refused(
    passwords: tuple[str, ...], complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, *passwords)
    assert cli.main(["passwd", "alice"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err


@pytest.mark.parametrize("text", ["", "\n", "one line here\nand another\n"])
def test_what_is_piped_and_is_no_password(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, text)
    assert cli.main(["passwd", "alice"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a=b", "x" * 65, "a,b"])
def test_names_that_are_none(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["passwd", "--token", name]) == 2
    assert "NAME must be" in capsys.readouterr().err


def test_a_token_is_shown_once_beside_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["passwd", "--token", "grafana"]) == 0
    said = capsys.readouterr()
    token = said.err.splitlines()[0].rpartition(" ")[2]
    assert said.out.startswith("grafana=sha256$")
    assert parse_token_hash(said.out.strip().partition("=")[2]) == token_digest(token)
    assert token not in said.out


def test_json_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["passwd", "--token", "grafana", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert parse_token_hash(said["line"].partition("=")[2]) == token_digest(said["token"])


def test_what_it_prints_is_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, "correct horse")
    assert cli.main(["passwd", "a.l-i_c@e"]) == 0
    assert cli.main(["passwd", "--token", "grafana"]) == 0
    user, token = capsys.readouterr().out.splitlines()
    file = tmp_path / "mbmd.yaml"
    file.write_text(
        f"adapter: mock\ndevices: [{{type: sdm, id: 1}}]\nweb:\n  users: [{user}]\n  tokens:\n  - {token}\n"
    )
    built = build(load(file, {}, {}), ())
    assert (built.problems, built.warnings) == ((), ())
    assert built.config.web is not None
    assert [f"{login.name}={login.hash.strip()}" for login in (*built.config.web.users, *built.config.web.tokens)] == [
        user,
        token,
    ]
    assert "scrypt" not in repr(built.config)
