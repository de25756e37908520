"""What is learned of devices on its way to the state file."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from mbmd.state import StateFile

SAVE_PAUSE = 1.0
"""Seconds that news wait for more of them before they are written."""


class Memory:
    """Holds what is known of each device, and writes it in a thread, as it waits for the disk."""

    def __init__(self, path: Path | None) -> None:
        self._file = StateFile(path)
        self._file.load()
        self._news = asyncio.Event()

    def known(self, key: str) -> Mapping[str, object]:
        """What was learned of a device another time."""
        return self._file.get(key)

    def keep(self, key: str, learned: Mapping[str, object]) -> None:
        """Write soon what a device has taught."""
        self._file.put(key, learned)
        self._news.set()

    async def run(self) -> None:
        """Write what is new until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(SAVE_PAUSE)
            await asyncio.to_thread(self._file.save)

    def close(self) -> None:
        """Write what is left."""
        self._file.save()
