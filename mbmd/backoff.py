"""How long to wait before something that failed is tried again."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
JITTER = 0.2
"""Share of a pause by which it may be shorter, so that what was lost together does not come back together."""


def pause_after(failures: int, chance: float) -> float:
    """Seconds until the next attempt after so many failures in a row: 1 s doubling to 60 s; `chance` is 0 to 1."""
    return min(FIRST_PAUSE * 2.0 ** (min(failures, 16) - 1), LONGEST_PAUSE) * (1 - JITTER * chance)
