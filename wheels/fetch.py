"""Files from the network, each kept and checked by its checksum."""

import hashlib
import os
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from mbmd.errors import MbmdError

_SECONDS = 60


def sha256(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetched(urls: Sequence[str], expected: str, path: Path) -> Path:
    """A file with the expected checksum, taken of the first of the places that has it; none is asked if it is there.

    Raises MbmdError that says what each place answered.
    """
    if path.exists() and sha256(path) == expected:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    answers = []
    for url in urls:
        answer = _ask(url, expected, path)
        if answer is None:
            return path
        answers.append(f"{url}: {answer}")
    raise MbmdError(f"{path.name}: not to be had:\n" + "\n".join(answers))


def _ask(url: str, expected: str, path: Path) -> str | None:
    """Put what a place gives at the path; or say why not."""
    partial = path.with_name(f"{path.name}.part{os.getpid()}")
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the recipe's own
            data = answer.read()
    except (HTTPException, OSError) as error:
        return str(getattr(error, "reason", error))
    if hashlib.sha256(data).hexdigest() != expected:
        return "another file than the recipe's"
    partial.write_bytes(data)
    partial.replace(path)
    return None
