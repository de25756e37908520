"""Numbers as people read them."""

import math


def readable(value: float) -> str:
    """Three digits that count, thousands separated: 52,100, 3.14, 0.00271."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = math.floor(math.log10(abs(value)))
    rounded = round(value, 2 - exponent)
    exponent = math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, 2 - exponent)}f}"


def percent(change: float) -> str:
    """A change as a share, signed: +12.3 %."""
    return f"{100 * change:+.1f} %"
