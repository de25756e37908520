"""SIGHUP in this process, whose end it never is."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvloop

from mbmd.running import hangup
from mbmd.running.hangup import GRACE, LOOK, Terminal, answered, held


class Scene:
    """A terminal and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, is_there: bool = True) -> None:
        self.is_there = is_there
        self.now = 0.0
        monkeypatch.setattr(hangup, "_is_there", lambda: self.is_there)
        monkeypatch.setattr(hangup, "monotonic", lambda: self.now)


def hang_up() -> None:
    """To this thread alone: a test runner has others, which hold nothing."""
    signal.raise_signal(signal.SIGHUP)


@contextmanager
def signals_of_this_process() -> Iterator[None]:
    mask, handler = signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(signal.SIGHUP)
    yield
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask
    signal.signal(signal.SIGHUP, handler)


def test_what_comes_early_waits_and_what_comes_late_is_forgotten() -> None:
    told: list[str] = []

    async def main() -> None:
        reloaded = asyncio.Event()
        with answered(Terminal(), reloaded.set, lambda: told.append("stop")):
            await asyncio.wait_for(reloaded.wait(), 10)
            told.append("reload")
            reloaded.clear()
            hang_up()
            await asyncio.wait_for(reloaded.wait(), 10)
            told.append("reload")
        hang_up()

    with signals_of_this_process():
        with held():
            hang_up()
            hang_up()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())
            hang_up()
        assert told == ["reload", "reload"]
        assert signal.SIGHUP not in signal.sigpending()


def test_a_terminal_that_goes_tells_so_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    terminal = Terminal()
    assert not terminal.was_closed()
    scene.is_there = False
    assert terminal.was_closed()
    scene.now = GRACE - 0.1
    assert terminal.was_closed()
    scene.now = GRACE
    assert not terminal.was_closed()


@pytest.mark.parametrize("nohup", [False, True])
def test_what_never_had_a_terminal_or_was_told_not_to_mind_loses_none(
    nohup: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(monkeypatch, is_there=nohup)
    with monkeypatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN if nohup else signal.SIG_DFL)
        terminal = Terminal()
    scene.is_there = False
    assert not terminal.was_closed()


def test_a_terminal_is_looked_after_and_its_end_is_old_news_later(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    looks = 0

    class EnoughError(Exception):
        pass

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        scene.now += seconds
        if looks == 10:
            scene.is_there = False
            assert terminal.was_closed()
        if looks == 10 + GRACE / LOOK:
            raise EnoughError

    terminal = Terminal()
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(EnoughError):
        asyncio.run(terminal.watch())
    assert not terminal.was_closed()
