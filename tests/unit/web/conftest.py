"""What tests of the web server share that attack it."""

import logging
from collections.abc import Iterator

import pytest

from mbmd.web import limits


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a client does is worth a traceback, or a line of Sanic."""
    caplog.set_level(logging.INFO)
    yield
    loud = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in loud] == []


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits of time, a lot shorter."""
    monkeypatch.setattr(limits, "REQUEST", 0.3)
    monkeypatch.setattr(limits, "IDLE", 0.6)
