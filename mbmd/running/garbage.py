"""Cyclic garbage is looked for seldom and only among what comes and goes, as a search holds up every bus.

Polls, requests and reloads leave no cycles: only connections of websockets do. So whatever is there once all devices
are polled is never searched again, and of what comes later there may be much before it is.
"""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from mbmd.readings.hub import Hub

SETTLING = 20.0
"""Seconds after which all devices are connected and were polled."""
LOOK = 1.0
"""Seconds between looks whether devices have come or gone."""
OBJECTS = 2000
"""Objects that may come before a search, and for each device as many as its polls have at once."""
OBJECTS_OF_DEVICE = 15


@contextmanager
def unsearched() -> Iterator[None]:
    """Do not search while much is made that stays."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def keep_settled(hub: Hub) -> None:
    """Search only what comes after the devices have, and that the less often the more they are; until cancelled.

    There is no search while devices come: what comes with them stays.
    """
    generation = -1
    before, was_enabled = gc.get_threshold(), gc.isenabled()
    try:
        while True:
            if generation != hub.generation:
                generation = hub.generation
                gc.disable()
                gc.set_threshold(OBJECTS + OBJECTS_OF_DEVICE * len(hub.devices))
                await asyncio.sleep(SETTLING)
                gc.freeze()
                gc.enable()
            else:
                await asyncio.sleep(LOOK)
    finally:
        gc.set_threshold(*before)
        (gc.enable if was_enabled else gc.disable)()
