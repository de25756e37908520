"""Where the configuration file is."""

import os
from collections.abc import Mapping
from pathlib import Path

from mbmd.config.environment import CONFIG
from mbmd.errors import UsageError

PLACES = ("mbmd.yaml", "/etc/mbmd.yaml")
"""Where the configuration file is looked for after the home directory."""


def find_file(named: str | None, variables: Mapping[str, str], home: Path | None) -> Path | None:
    """The file of `-c` or of the environment, else the first that is there; None for an empty name.

    Raises UsageError when there is no such file.
    """
    named = variables.get(CONFIG) or None if named is None else named
    if named is not None:
        if named and not os.path.lexists(named):
            raise UsageError(f"{named}: no such configuration file")
        return Path(named) if named else None
    candidates = (*((home / "mbmd.yaml",) if home else ()), *map(Path, PLACES))
    return next(filter(os.path.lexists, candidates), None)
