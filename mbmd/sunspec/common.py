"""How a SunSpec device begins: the marker and model 1, which says what the device is; pure.

Source: SunSpec Device Information Model Specification and its model 1 (common).
"""

from __future__ import annotations

from dataclasses import dataclass

from mbmd.devices.text import decode_text

MARKER = b"SunS"
BASES = (40000, 0, 50000)
"""Addresses, of holding registers, where the marker may be."""
MARKER_REGISTERS = 2
HEADER_REGISTERS = 2
"""Model id and length in registers, before each model."""
COMMON = 1
"""The id of the model that says what a device is."""
STRINGS = {"manufacturer": (0, 16), "model": (16, 16), "options": (32, 8), "version": (40, 8), "serial": (48, 16)}
"""The texts of model 1: where each begins behind the header, and its registers."""


@dataclass(frozen=True, slots=True)
class Common:
    """What a device says it is; empty where it says nothing."""

    manufacturer: str = ""
    model: str = ""
    options: str = ""
    version: str = ""
    serial: str = ""


def parse_common(data: bytes) -> Common:
    """The texts of model 1 from its registers behind the header; empty where they end too early."""
    texts = {name: data[2 * at : 2 * (at + size)] for name, (at, size) in STRINGS.items() if len(data) >= 2 * at}
    return Common(**{name: parse_text(text) for name, text in texts.items()})


def parse_text(data: bytes) -> str:
    """The text of a point: up to the first NUL, without the ones that some devices write where there is none."""
    return decode_text(data.partition(b"\0")[0].rstrip(b"\xff"))
