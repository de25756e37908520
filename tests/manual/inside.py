"""Plays one scenario within the namespaces: it comes as JSON on standard input, complaints go out as JSON."""

import json
import os
import sys
from typing import NamedTuple

from tests.manual import rules, site, systemd
from tests.manual.machine import build
from tests.manual.rules import Part
from tests.manual.services import Database
from tests.manual.terminal import PATIENCE, Job, Shell, StuckError

_SHOWN = 3000
"""Characters of what a command has shown, the last ones, that a complaint has."""


class _Playing(NamedTuple):
    text: str
    rule: rules.Lasting
    job: Job


class Player:
    """Does command lines one after the other, as the reader of a page would; `daemon` runs where none is shown."""

    def __init__(self, shell: Shell, daemon: str = "") -> None:
        self._daemon = daemon
        self._shell = shell
        self._playing: dict[Part, _Playing] = {}

    def play(self, text: str, promised: int) -> str:
        """Do a command line; what is wrong with it or with what it ends, else nothing."""
        rule = rules.lasting(text)
        if complaint := self._make_room(text, rule):
            return complaint
        if rules.asks_daemon(text) and not self._has_daemon():
            daemon = self._daemon or (site.PUBLISHER if "mosquitto" in text else site.DAEMON)
            if complaint := self._start(daemon):
                return complaint
        if rule is not None:
            return self._start(text)
        other = next((shell for part, shell in rules.SHELLS.items() if part in text), ".")
        return _complaint(promised, *self._shell.run(text, other))

    def end(self) -> str:
        """Stop what still runs."""
        return self._stop(*self._playing)

    def _has_daemon(self) -> bool:
        """One runs, on a screen or as a service."""
        return Part.DAEMON in self._playing or systemd.is_active()

    def _make_room(self, text: str, rule: rules.Lasting | None) -> str:
        """Stop what a reader would stop before: two daemons want one port, and one serial line."""
        if rule is not None and rule.part is not Part.WATCH:
            return self._stop(Part.DAEMON, rule.part)
        return self._stop(Part.DAEMON) if rules.wants_line(text) else ""

    def _start(self, text: str) -> str:
        rule = rules.lasting(text)
        assert rule is not None, text
        Database.written.clear()
        job = self._shell.start(text)
        works = job.screen.wait(lambda shown: rule.is_at_work(shown) or not job.runs, PATIENCE)
        if not works or not job.runs:
            if job.runs:
                self._shell.stop(job)
            return f"it does not come to work: {job.screen.text[-_SHOWN:]}"
        self._playing[rule.part] = _Playing(text, rule, job)
        if rules.writes(job.screen.text) and not Database.written.wait(PATIENCE):
            return "nothing comes to the database"
        return self._stop(Part.WATCH)

    def _stop(self, *parts: Part) -> str:
        """Press Ctrl-C; the first complaint."""
        ended = [playing for part in parts if (playing := self._playing.pop(part, None))]
        complaints = [
            (playing.text, _complaint(playing.rule.interrupted, self._shell.stop(playing.job), playing.job.screen.text))
            for playing in ended
        ]
        return next((f"until it was stopped, {text}: {complaint}" for text, complaint in complaints if complaint), "")


def _complaint(promised: int, code: int, shown: str) -> str:
    if code != promised:
        return f"exit code {code} in place of {promised}: {shown[-_SHOWN:]}"
    return rules.trouble(shown)


def main() -> None:
    """Play what standard input says."""
    scenario = json.load(sys.stdin)
    lines: list[tuple[int, str, int]] = scenario["lines"]
    daemon = site.DAEMONS.get(scenario["name"], "")
    shell = build("\n".join([daemon, *(text for _, text, _ in lines)]), scenario["shown"])
    player = Player(shell, daemon)
    complaints: list[tuple[int, str]] = []
    number = 0
    try:
        if before := site.BEFORE.get(scenario["name"]):
            complaints.append((lines[0][0], player.play(before, 0)))
        for number, text, promised in lines:
            complaints.append((number, player.play(text, promised)))
        complaints.append((number, player.end()))
    except StuckError as error:
        complaints.append((number, str(error)))
    json.dump([(number, complaint) for number, complaint in complaints if complaint], sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # and with it all that runs here


if __name__ == "__main__":
    main()
