"""Units that go wrong by chance while their values change: no value is ever published that is not true."""

import random
from collections.abc import Iterator

import pytest

from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.sunspec_images import Registers, Words, chain, common, model, numbers
from tests.sunspec_run import Run, polling, values
from tests.sunspec_site import HANG_UP, MODES, Fault, Site, Unit
from tests.sunspec_truth import differences, truth

USUAL: tuple[Fault, ...] = (None, None, None, 4, 5, 6, 10, 11, HANG_UP, 0.05, 0.5)
RARE: tuple[Fault, ...] = (1, 2, 3)
"""A device that refuses by chance is read in ever smaller parts."""
KINDS = (101, 102, 103, 111, 112, 113, 160, 201, 202, 203, 204, 211, 213, 214, 124)
RATE = 5.0
PERIODS = 6
"""Changes of the unit or of its line in a run."""


def image(shape: int, seed: int) -> Registers:
    """A chain as `shape` has it, with other values for each `seed`, of which some are not implemented."""
    of_shape, of_values = random.Random(shape), random.Random(seed)
    models: list[Words] = []
    for n in range(of_shape.randint(1, 3)):
        models.append(common(n + 1, length=of_shape.choice((65, 66))))
        for kind in of_shape.sample(KINDS, of_shape.randint(1, 3)):
            strings = of_shape.randint(1, 5) if kind == 160 else 0
            points = [_some(of_values, numbers(kind, of_values.randrange(999), g > 0)) for g in range(strings + 1)]
            models.append(model(kind, *points[1:], length=None, **points[0]))
        if of_shape.random() < 0.3:
            models.append([64900 + n, 3, 1, 2, 3])
    return chain(*models, base=of_shape.choice((0, 40000, 50000)))


def _some(dice: random.Random, points: dict[str, int | float | str | bytes]) -> dict[str, int | float | str | bytes]:
    share = dice.choice((0.0, 0.1, 0.5))
    return {name: value for name, value in points.items() if dice.random() >= share}


def faults(dice: random.Random) -> Iterator[Fault]:
    """Most answers are good, and at times most are not."""
    while True:
        share = dice.choice((0.0, 0.05, 0.3, 0.9))
        for _ in range(dice.randint(5, 60)):
            rare = dice.random() < 0.03
            yield dice.choice(RARE if rare else USUAL) if dice.random() < share else 0.0


async def _change(dice: random.Random, polled: Run, unit: Unit, shape: int) -> int:
    """Let something happen to the unit; returns the shape of its image from now on."""
    what = dice.randrange(6)
    if what == 0:
        unit.is_asleep = True
        await polled.wait(dice.choice((0.3, 3, 30)))
    elif what == 1:
        unit.mode, unit.maxcount = dice.choice(MODES), dice.choice((10, 30, 60, 125))
    elif what == 2:
        start = min(unit.registers) + dice.randrange(len(unit.registers))
        unit.refuse(range(start, start + dice.choice((1, 10, 50))), dice.choice((0, 2, 3, 4)))
    elif what == 3:
        unit.is_asleep = True
        await polled.until(lambda: not any(device.online for device in polled.hub.devices.values()))
        shape = dice.randrange(1000)
        unit.exceptions.clear()
    unit.load(image(shape, dice.randrange(10**9)))
    unit.is_asleep = False
    return shape


@pytest.mark.parametrize("framing", [Framing.MBAP, Framing.RTU])
@pytest.mark.parametrize("seed", range(3))
def test_no_value_is_ever_wrong_and_all_come_back(seed: int, framing: Framing) -> None:
    async def run() -> None:
        dice = random.Random(seed)
        shape = dice.randrange(1000)
        unit = Unit(image(shape, seed))
        site = Site({7: unit}, unknown=dice.choice((None, 11)))
        site.faults = faults(dice)
        specs = [f"SUNSPEC:7.{n}" for n in range(3)]
        options = dice.choice(("", "close=true"))
        async with polling(
            site, *specs, framing=framing, rate=RATE, plausibility=False, options=options * (framing is Framing.MBAP)
        ) as polled:
            for _ in range(PERIODS):
                shape = await _change(dice, polled, unit, shape)
                for _ in range(dice.randint(1, 8)):
                    await polled.wait(dice.choice((0.1, RATE, 5 * RATE)))
                    unit.load(image(shape, dice.randrange(10**9)))
            site.faults = iter(())
            unit.mode, unit.maxcount = "normal", 125
            unit.exceptions.clear()
            await polled.wait(2.2 * 3600)
            assert not _missing(polled, unit)

    virtual_time.run(run())


def _missing(polled: Run, unit: Unit) -> list[str]:
    """What a unit that is well has, and is not there; or is no value of the moment."""
    missing = []
    for number, name in enumerate(("SUNSPEC1.7", "SUNSPEC1.7.1", "SUNSPEC1.7.2")):
        found, right = values(polled[name]), truth(unit.registers, number)
        missing += [f"{name}: {measurement}" for measurement in right if measurement not in found]
        missing += [f"{name}: {text}" for text in differences(found, right)]
    return missing
