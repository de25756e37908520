"""What a scan has found out about a SunSpec device, for people and for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mbmd.errors import EXCEPTIONS
from mbmd.scan.subdevices import Subdevice, subdevices
from mbmd.sunspec.chain import End
from mbmd.sunspec.common import COMMON, MARKER_REGISTERS, Common

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mbmd.sunspec.chain import Chain


def sunspec_texts(chain: Chain, usual: int, remarks: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Each of its subdevices: what follows the id, as `.1`, and what it is.

    The first is told with what concerns all: where they begin, if not at the `usual` base, and further `remarks`.
    """
    base = [] if chain.base == usual else [f"from {chain.base} on"]
    for subdevice in subdevices(chain):
        parts = [_name(subdevice.common), *_models(subdevice)]
        if not subdevice.number:
            parts += [*base, *_oddities(chain), *remarks]
        yield f".{subdevice.number}" if subdevice.number else "", "; ".join(parts)


def sunspec_document(chain: Chain) -> dict[str, Any]:
    """All of it."""
    return {
        "base": chain.base,
        "whole": chain.is_whole,
        "end": chain.end,
        "exception": chain.exception or None,
        "end_address": _end_address(chain),
        "subdevices": [
            {
                "subdevice": subdevice.number,
                **asdict(subdevice.common),
                "models": subdevice.models,
                "measured": subdevice.is_measured,
            }
            for subdevice in subdevices(chain)
        ],
    }


def _name(common: Common) -> str:
    serial = f"serial {common.serial}" if common.serial else ""
    words = (common.manufacturer, common.model, common.options, common.version, serial)
    return " ".join(filter(None, words)) or "no name"


def _models(subdevice: Subdevice) -> Iterator[str]:
    """Its models but model 1, which all should have, and what is missing."""
    ids = [str(model) for model in dict.fromkeys(subdevice.models) if model != COMMON]
    if subdevice.models and not subdevice.has_common:
        yield "model 1 is missing"
    if ids:
        yield f"model{'s' if len(ids) > 1 else ''} {', '.join(ids)}"
    if not subdevice.is_measured:
        yield "no measurements"


def _oddities(chain: Chain) -> Iterator[str]:
    """How it ended, if not as it should."""
    if not chain.is_whole:
        refusal = f"exception {chain.exception} ({EXCEPTIONS.get(chain.exception, 'unknown')})"
        yield f"its models end at {_end_address(chain)} with {refusal if chain.end is End.REFUSED else chain.end}"


def _end_address(chain: Chain) -> int:
    return chain.models[-1].end if chain.models else chain.base + MARKER_REGISTERS
