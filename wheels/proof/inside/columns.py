"""What works on columns: decoding, the minute window and the guard of counters."""

import math
import struct
from random import Random
from typing import TYPE_CHECKING

from mbmd._native.counters import ACCEPTED_ANEW, HELD_BACK, CounterGuard
from mbmd._native.decode import BIT, Program
from mbmd._native.window import MinuteWindow, Summary, completed, pack, series
from tests import reference
from wheels.proof.inside.judge import UNTOUCHED, column_of, must_be_near, must_equal, must_equal_bits

if TYPE_CHECKING:
    from mbmd._native.decode import Full

KINDS = [name + end for name in reference.FORMATS for end in ("", "_swapped")]
INTEGERS = [name for name in KINDS if not name.startswith("float")]
DIVISORS = (1.0, 10.0, 100.0, 1000.0, -1.0, 0.1, 3600.0, 1e300, 1e-300)
VERDICTS = {"held back": HELD_BACK, "accepted anew": ACCEPTED_ANEW}
PAUSES = (0.0, 0.125, 0.5, 1.0, 1.0, 5.0, 59.0, 60.0, 61.0, 1e5)


def check_decode(dice: Random) -> None:
    """A program with all that a device table may say."""
    ranges = (0, 12), (0xFFF0, 0xFFFF), (0, 0xFFFF)  # small numbers of both signs, and any
    payload = struct.pack(">125H", *(dice.randint(*dice.choice(ranges)) for _ in range(125)))
    program = [any_field(dice) for _ in range(20)]
    expected = [UNTOUCHED] * 41
    for name, place, divisor, nan, slot, offset, bits, scale in program:
        expected[slot] = reference.decode_field(name, place, payload, divisor, nan, offset, bits, scale)
    column = column_of([UNTOUCHED] * 41)
    Program(program).run(payload, column)
    must_equal_bits(column, expected, f"registers {payload.hex()} by {program}")


def any_field(dice: Random) -> "Full":
    """A field; some of what it may have is nothing."""
    slot, divisor, offset = dice.randrange(41), dice.choice(DIVISORS), dice.choice([0.0, dice.uniform(-1e9, 1e9)])
    name, place = dice.choice([*KINDS, BIT]), dice.randrange(121)
    if name == BIT:
        return name, dice.randrange(2000), divisor, None, slot, offset, None, None
    nan = dice.choice([None, dice.randrange(4), dice.getrandbits(64)])
    size = 8 * struct.calcsize(reference.FORMATS[name.removesuffix("_swapped")])
    lowest = dice.randrange(size)
    bits = (lowest, dice.randint(1, size - lowest)) if name.startswith("uint") and dice.random() < 0.5 else None
    scale = (dice.choice(INTEGERS), dice.randrange(121), dice.choice([None, 0xFFFF])) if dice.random() < 0.5 else None
    return name, place, divisor, nan, slot, offset, bits, scale


def check_window(dice: Random) -> None:
    """The means of a run, poll by poll, and what is kept of each."""
    slots, now = dice.randrange(5), dice.choice([0.0, 17.3, 8e15, dice.uniform(0, 1e9)])
    window, oracle, summary = MinuteWindow(slots), reference.Minute(slots), Summary(slots)
    kept: list[bytes] = []
    rows: list[list[float]] = []
    for _ in range(30):
        now += dice.choice(PAUSES)
        row = [any_reading(dice) for _ in range(slots)]
        kept.append(window.add(now, column_of(row)))
        rows.append(row)
        oracle.add(now, row)
        summary.add(column_of(row))
        mean = column_of([UNTOUCHED] * slots)
        window.mean(now, mean)
        must_be_near(mean, oracle.mean(now), "means of a minute")
    check_kept(kept, rows, slots)
    mean = column_of([UNTOUCHED] * slots)
    summary.mean(mean)
    must_be_near(mean, _means(rows, slots), "means of all")


def check_kept(kept: list[bytes], rows: list[list[float]], slots: int) -> None:
    """Packed columns have what was put in, and fill their gaps from others."""
    for slot in range(slots):
        must_equal_bits(series(kept, slots, slot), [row[slot] for row in rows], "packed columns")
    filled = [other if math.isnan(one) else one for one, other in zip(rows[0], rows[1], strict=True)]
    if slots:
        whole = completed(kept[0], column_of(rows[1]))
        must_equal_bits([series([whole], slots, slot)[0] for slot in range(slots)], filled, "a completed column")
        must_equal(whole, pack(column_of(filled)), "a packed column")


def any_reading(dice: Random) -> float:
    """A reading, of single precision or of double, or none."""
    return dice.choice([math.nan, float(dice.randint(-3, 3)), dice.uniform(-1e12, 1e12), 230.0 + dice.randrange(8) / 8])


def _means(rows: list[list[float]], slots: int) -> list[float]:
    columns = [[row[slot] for row in rows if not math.isnan(row[slot])] for slot in range(slots)]
    return [math.fsum(column) / len(column) if column else math.nan for column in columns]


def check_counters(dice: Random) -> None:
    """A counter that does what counters do, and what they never do."""
    # Multiples of powers of two: no sum is rounded.
    growth, step = dice.choice([0.0, 1 / 64, 0.25, 2.0, math.inf]), dice.choice([0.0, 0.125, 1.0])
    rounding = dice.choice([0.0, 2**-22, 2**-4])
    guard, oracle = CounterGuard(2, [(1, growth, step, rounding)]), reference.Counter(growth, step, rounding)
    now, value = 10_000.0, 0.0
    for _ in range(40):
        now += dice.choice([0, 0.125, 1, 10, 60, 1000, -0.125])
        value = dice.choice(
            [value, value + 1 / 8, value - 1 / 8, value + dice.randrange(500), dice.randrange(4000) / 8]
        )
        shown = dice.choice([value, value, value, math.nan, math.inf])
        column = column_of([UNTOUCHED, shown])
        events = guard.check(now, column)
        left, said = oracle.look(shown, now)
        must_equal(events, ((1, VERDICTS[said]),) if said else (), f"verdict on {shown} at {now}")
        must_equal_bits(column, [UNTOUCHED, left], f"column of {shown} at {now}")
    must_equal(guard.count(1), len(oracle.held_back), "values held back")
