"""Folders that are written whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mbmd.errors import UsageError
from wheels import checksums


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Within, an empty folder; it takes the place of `folder` at the end, and nothing changes if anything fails.

    Raises UsageError if there is something in the place that was not made so, which is not to be lost.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder / checksums.NAME).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: holds something else: choose a new folder or an empty one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
        made = Path(name) / "new"
        made.mkdir()
        yield made
        if folder.exists():
            folder.rename(Path(name) / "old")
        made.rename(folder)


@contextmanager
def kept(folder: Path) -> Iterator[Path]:
    """Within, an empty folder; it becomes `folder` at the end, unless somebody else was first with the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as name:
        made = Path(name) / "new"
        made.mkdir()
        yield made
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():
                raise
