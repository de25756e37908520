"""Where the configuration file is."""

import os
from collections.abc import Mapping
from pathlib import Path

from mbmd.config.environment import CONFIG
from mbmd.errors import UsageError

PLACES = ("mbmd.yaml", "/etc/mbmd.yaml")
"""Where the configuration file is looked for after the home directory."""
_OF_SERVICE = "/etc"


def find_file(named: str | None, variables: Mapping[str, str], home: Path | None) -> Path | None:
    """The file of `-c` or of the environment, else the first that is there; None for an empty name.

    That of the system does not count for who may not read it: it may be for the user of the service alone.
    Raises UsageError when there is no such file.
    """
    named = variables.get(CONFIG) or None if named is None else named
    if named is not None:
        if named and not os.path.lexists(named):
            raise UsageError(f"{named}: no such configuration file")
        return Path(named) if named else None
    candidates = (*((home / "mbmd.yaml",) if home else ()), *map(Path, PLACES))
    return next(filter(_is_there, candidates), None)


def _is_there(path: Path) -> bool:
    return os.path.lexists(path) and (not path.is_relative_to(_OF_SERVICE) or os.access(path, os.R_OK))
