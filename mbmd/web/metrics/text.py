"""The text format of Prometheus, version 0.0.4; pure."""

from math import isfinite

from mbmd.web.metrics.names import Family, Labels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def head(family: Family) -> bytes:
    """The lines above the samples of a family."""
    text = family.text.replace("\\", r"\\").replace("\n", r"\n")
    return encoded(f"# HELP {family.name} {text}\n# TYPE {family.name} {family.type}\n")


def labelled(labels: Labels) -> str:
    """Labels as they stand between the braces."""
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in labels])


def sample(name: str, labels: str, value: float) -> str:
    """The line of a sample; nothing of a value that is no number."""
    number = float(value)
    if not isfinite(number):
        return ""
    return f"{name}{{{labels}}} {number!r}\n"


def encoded(text: str) -> bytes:
    """Text as it is sent."""
    return text.encode(errors="replace")


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
