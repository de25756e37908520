"""What mbmd needs at run time, and what that needs, as it is installed here."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path


def declared(pyproject: Path) -> tuple[str, ...]:
    """The runtime dependencies as pyproject.toml has them."""
    return tuple(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"])


def closure(requirements: Iterable[str]) -> dict[str, Distribution | None]:
    """Everything that these requirements bring on this platform, by normalized name; None for what is not installed."""
    from packaging.requirements import Requirement  # not there where wheels are built

    found: dict[str, Distribution | None] = {}
    asked: set[tuple[str, str]] = set()
    pending = [(Requirement(text), "") for text in requirements]
    while pending:
        requirement, extra = pending.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = normalized(requirement.name)
        found.setdefault(name, _installed(name))
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in asked:
                asked.add((name, wanted))
                pending += [(Requirement(text), wanted) for text in _requires(found[name])]
    return dict(sorted(found.items()))


def pins(distributions: Iterable[Distribution]) -> str:
    """The lines of a requirements file for just these."""
    return "".join(f"{normalized(one.metadata['Name'])}=={one.version}\n" for one in distributions)


def normalized(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _requires(found: Distribution | None) -> Sequence[str]:
    return (found.requires or []) if found else []
