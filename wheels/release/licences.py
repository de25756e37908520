"""Whether the licences of the runtime dependencies are among those that are allowed."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


@dataclass(frozen=True)
class Policy:
    """What is allowed to all packages, and what further to single ones, with the reason."""

    allowed: frozenset[str]
    judged: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: Path) -> "Policy":
        """The policy of a file."""
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(frozenset(table["allowed"]), table["judged"])


def complaints(licences: Mapping[str, str], policy: Policy) -> list[str]:
    """What is wrong with the licences of packages, SPDX expressions by their names."""
    judged = ((name, _judge(name, expression, policy)) for name, expression in licences.items())
    return [f"{name}: {wrong}" for name, wrong in judged if wrong]


def _judge(name: str, expression: str, policy: Policy) -> str | None:
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
