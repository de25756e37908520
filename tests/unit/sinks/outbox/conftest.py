"""Where the files of the tests are."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.unit.sinks.outbox.rig import QUICK


@pytest.fixture
def file() -> Iterator[Path]:
    """A file that is not there yet, in a folder that is not there yet."""
    with TemporaryDirectory(dir=QUICK) as folder:
        yield Path(folder) / "outbox" / "influx.db"
