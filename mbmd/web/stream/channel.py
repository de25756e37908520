"""Clients that are told the same, for whom each message is made once."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub, Update
from mbmd.web.choice import taking
from mbmd.web.stream.framing import EVENTS, Framing
from mbmd.web.stream.messages import MESSAGES
from mbmd.web.stream.wishes import Form, Wishes

if TYPE_CHECKING:
    from mbmd.web.stream.client import Client

JOINED = 1 << 14
"""Bytes from which on messages are written, in place of being joined with the next ones."""


class Channel:
    """The clients that have the same wishes and framing.

    Whether it `tells_all_first`: who listens to single readings by websocket has always got but those of new polls.
    """

    def __init__(self, wishes: Wishes, framing: Framing, hub: Hub) -> None:
        self.wishes = wishes
        self.framing = framing
        self.tells_all_first = wishes.form is Form.BATCH or framing is EVENTS
        self.clients: dict[Client, None] = {}
        self._hub = hub
        self._messages = MESSAGES[wishes.form]
        self._is_wanted = taking(wishes.measurements)
        self._devices: frozenset[DeviceReadings | None] = frozenset()
        self.find_devices()

    def find_devices(self) -> None:
        """Look for the wanted devices among those that there are now."""
        self._devices = frozenset(map(self._hub.find, self.wishes.devices))

    def parts(self, news: Iterable[tuple[int, Update]], until: int) -> Iterator[tuple[bytes, int]]:
        """The messages of updates, joined, each part with the number up to which it tells the news.

        The last part tells them `until` its number, and may be empty.
        """
        pieces: list[bytes] = []
        size = 0
        for number, update in news:
            if size >= JOINED:
                yield b"".join(pieces), number - 1
                pieces, size = [], 0
            if self._tells(update.device):
                piece = b"".join(map(self.framing.readings, self._messages(update, self._is_wanted)))
                pieces.append(piece)
                size += len(piece)
        yield b"".join(pieces), until

    def _tells(self, device: DeviceReadings) -> bool:
        return self._hub.has(device) and (not self.wishes.devices or device in self._devices)
