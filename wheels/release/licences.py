"""Whether the licences of the runtime dependencies are among those that are allowed."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from email.message import Message

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")
_SHORT = 60
"""Longer texts in the field License are no name but the licence itself."""


@dataclass(frozen=True)
class Policy:
    """What is allowed, how packages spell it, and what is allowed to single packages."""

    allowed: frozenset[str]
    names: Mapping[str, str]
    judged: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: Path) -> "Policy":
        """The policy of a file."""
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(frozenset(table["allowed"]), table["names"], table["judged"])


def complaints(found: Mapping[str, Distribution | None], policy: Policy) -> list[str]:
    """What is wrong with the licences of packages, by their names."""
    return [
        f"{name}: {wrong}"
        for name, one in found.items()
        if (wrong := "it is not installed" if one is None else _judge(name, licence(one, policy), policy))
    ]


def licence(found: Distribution, policy: Policy) -> str:
    """The SPDX expression of a package: as it says itself, or from its older fields; empty if it says nothing."""
    metadata = cast("Message[str, str]", found.metadata)
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [
        text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier", []) if text.startswith("License :: ")
    ]
    text = (metadata.get("License") or "").strip()
    names = classifiers or [text][: 0 < len(text) <= _SHORT]
    # Nothing says whether one may choose among classifiers: all have to be allowed.
    return " AND ".join(policy.names.get(name, name.replace(" ", "-")) for name in names)


def _judge(name: str, expression: str, policy: Policy) -> str | None:
    if not expression:
        return "it names no licence"
    try:
        lacking = _lacking(expression, policy.allowed | set(policy.judged.get(name, {})))
    except ValueError:
        return f"'{expression}' is no SPDX expression"
    return f"{expression}: {', '.join(sorted(lacking))} is not allowed in licences.toml" if lacking else None


def _lacking(expression: str, allowed: frozenset[str]) -> set[str]:
    """Licences that an SPDX expression asks for beyond the allowed ones; ValueError if it is none."""
    tokens = _TOKEN.findall(expression)
    lacking, rest = _either(tokens, allowed)
    if rest:
        raise ValueError(expression)
    return lacking


def _either(tokens: list[str], allowed: frozenset[str]) -> tuple[set[str], list[str]]:
    """Of the terms of an OR, the one that lacks least."""
    lacking, tokens = _all(tokens, allowed)
    while tokens[:1] == ["OR"]:
        other, tokens = _all(tokens[1:], allowed)
        lacking = min(lacking, other, key=len)
    return lacking, tokens


def _all(tokens: list[str], allowed: frozenset[str]) -> tuple[set[str], list[str]]:
    lacking, tokens = _term(tokens, allowed)
    while tokens[:1] == ["AND"]:
        other, tokens = _term(tokens[1:], allowed)
        lacking = lacking | other
    return lacking, tokens


def _term(tokens: list[str], allowed: frozenset[str]) -> tuple[set[str], list[str]]:
    head: Any = tokens[0] if tokens else None
    if head in (None, ")", "AND", "OR", "WITH"):
        raise ValueError(tokens)
    if head == "(":
        lacking, tokens = _either(tokens[1:], allowed)
        if tokens[:1] != [")"]:
            raise ValueError(tokens)
        return lacking, tokens[1:]
    if tokens[1:2] == ["WITH"] and len(tokens) > 2:
        head, tokens = " ".join(tokens[:3]), tokens[2:]
    return (set() if head in allowed else {head}), tokens[1:]
