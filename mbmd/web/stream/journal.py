"""Which devices have news, and since when."""

from collections.abc import Container, Iterable

from mbmd.readings.device import DeviceReadings


class Journal:
    """Devices in the order of their latest news, which are numbered: `head` is the number of the very latest.

    Who knows all news up to some number lacks those of the devices behind it, however long that is ago: no more is to
    be kept of a client that is behind than that number.
    """

    def __init__(self, devices: Iterable[DeviceReadings] = ()) -> None:
        self.head = 0
        self._numbers: dict[DeviceReadings, int] = {}
        for device in devices:
            self.note(device)

    def note(self, device: DeviceReadings) -> int:
        """A device has news; returns their number."""
        self._numbers.pop(device, None)
        self.head += 1
        self._numbers[device] = self.head
        return self.head

    def keep(self, devices: Container[DeviceReadings]) -> None:
        """Forget all other devices."""
        self._numbers = {device: number for device, number in self._numbers.items() if device in devices}

    def after(self, number: int, until: int) -> list[tuple[int, DeviceReadings]]:
        """Devices whose latest news came after `number`, and those of `until` at the latest, with their numbers."""
        return [(news, device) for device, news in self._numbers.items() if number < news <= until]
