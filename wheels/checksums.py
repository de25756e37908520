"""SHA256SUMS, as sha256sum(1) writes and checks it."""

from pathlib import Path

from wheels.fetch import sha256

NAME = "SHA256SUMS"


def write(folder: Path) -> None:
    """Put the list into the folder that it is of."""
    (folder / NAME).write_text(checksums(folder))


def checksums(folder: Path) -> str:
    """A line for each file in a folder and below, but for the list itself, sorted by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return "".join(f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
