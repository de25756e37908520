"""Folders that belong to the user of mbmd alone."""

from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; Path.mkdir would give the latter to everyone."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
