"""Commands that ask a device by hand, run against one in memory and in virtual time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from mbmd import cli
from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.written import Device

PLACES = {
    Framing.MBAP: "tcp://meter:502",
    Framing.RTU: "rtu+udp://meter:502?baudrate=115200",
    Framing.ASCII: "ascii+tcp://meter:502?baudrate=115200",
}


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


class Shell:
    """Runs commands; `device` is what they reach, if anything."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.setattr("sys.stdin", io.StringIO())

    @contextmanager
    def reaching(self, device: Device | None) -> Iterator[None]:
        """Within, every adapter leads to the device; to reach for one where there is none fails the test."""

        def opener(*_: object) -> object:
            assert device is not None, "a command that should have refused has opened the adapter"
            return device.open

        with self._monkeypatch.context() as patched:
            patched.setattr("mbmd.session.open_adapter", opener)
            patched.setattr("asyncio.run", virtual_time.run)
            yield

    def __call__(self, *argv: str) -> Done:
        try:
            code = cli.main(argv)
        except SystemExit as exit_:
            code = int(str(exit_.code))
        return Done(code, *self._capsys.readouterr())

    def ask(self, device: Device, command: str, *argv: str) -> Done:
        """Run `read` or `write --yes` on the device."""
        options = ("-a", PLACES[device.framing], *(["--yes"] if command == "write" else []))
        with self.reaching(device):
            return self(command, *options, *argv)
