"""A process that puts numbered items into an outbox until it is killed: `python -m ... FILE FIRST SEED`.

It writes the number of each item to its output just before it puts it, with the moment.
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox.errors import AwayError
from mbmd.sinks.outbox.outbox import Outbox


async def main(file: Path, first: int, seed: int) -> None:
    chance = random.Random(seed)
    taken = file.with_name("taken")

    async def send(items: Sequence[bytes]) -> None:
        """The other side comes and goes; what it took is in a file."""
        await asyncio.sleep(chance.random() * 0.05)
        if int(time.time() * 2) % 3:
            raise AwayError("away", 0.1)
        with taken.open("ab") as out:
            out.write(b"".join(item + b"\n" for item in items))

    box = Outbox(file, Keys(pace=2000), send, SinkHealth("influx"))
    running = asyncio.create_task(box.run())
    number = first
    while not running.done():
        for _ in range(chance.randrange(20)):
            print(number, time.monotonic(), flush=True)
            box.put(b"%d" % number, 1)
            number += 1
        box.retry()
        await asyncio.sleep(chance.random() * 0.02)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
