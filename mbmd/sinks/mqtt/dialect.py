"""A convention of topics and payloads, such as Homie."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.message import Message

Devices = Mapping[str, DeviceReadings]
"""All devices by id."""
Words = Iterable[Message | None]
"""Messages; None where others may have their turn, as much is looked at of which nothing is said."""


class Dialect(Protocol):
    """Makes the messages of one convention, and does nothing else: no connection, no clock.

    On each connection `births` come first; then for each device `states`, and once it has readings `presents`,
    `values` of its latest ones and `states`. Later `values` come with each update, `states` whenever the device
    turns, and `presents` again before the values when what it offers has become another. `farewell` is the last.

    A device that is not found yet (`device.is_found`) is not presented, for nobody knows what it offers: what the
    broker keeps of it from earlier times is neither replaced nor cleared before.
    """

    def wills(self, devices: Devices, /) -> Sequence[Message]:
        """What the broker is to say when mbmd is lost without a farewell, the most important first."""

    def corrects(self, devices: Devices, /) -> Iterable[Message]:
        """What is true of what wills say, as far as it was said: a broker may have said one though mbmd is there."""

    def births(self, devices: Devices, /) -> Iterable[Message]:
        """That mbmd is there."""

    def presents(self, device: DeviceReadings, /) -> Iterable[Message]:
        """What a device is and offers (`device.offered`)."""

    def states(self, device: DeviceReadings, /) -> Iterable[Message]:
        """Whether a device answers (`device.state`)."""

    def values(self, update: Update, /) -> Iterable[Message]:
        """The readings of an update, none where a value is NaN."""

    def gone(self, device: DeviceReadings, /) -> Iterable[Message]:
        """A device is not polled any more: what the broker keeps of it is cleared.

        A device that is another object under the same id is presented again and nothing else.
        """

    def farewell(self, devices: Devices, /) -> Iterable[Message]:
        """mbmd ends on purpose."""

    def watches(self, devices: Devices, /) -> Sequence[str]:
        """Filters of topics whose retained messages `outdated` wants to know."""

    def outdated(self, devices: Devices, retained: Mapping[str, bytes], /) -> Words:
        """Messages that clear what the broker keeps of earlier times and is no more; `retained` by topic."""


class Silent:
    """A dialect that says nothing; what others say of these things is in their own words."""

    def wills(self, _: Devices, /) -> Sequence[Message]:
        """None."""
        return ()

    def corrects(self, _: Devices, /) -> Iterable[Message]:
        """None."""
        return ()

    def births(self, _: Devices, /) -> Iterable[Message]:
        """None."""
        return ()

    def presents(self, _: DeviceReadings, /) -> Iterable[Message]:
        """None."""
        return ()

    def states(self, _: DeviceReadings, /) -> Iterable[Message]:
        """None."""
        return ()

    def values(self, _: Update, /) -> Iterable[Message]:
        """None."""
        return ()

    def gone(self, _: DeviceReadings, /) -> Iterable[Message]:
        """None."""
        return ()

    def farewell(self, _: Devices, /) -> Iterable[Message]:
        """None."""
        return ()

    def watches(self, _: Devices, /) -> Sequence[str]:
        """None."""
        return ()

    def outdated(self, _: Devices, _retained: Mapping[str, bytes], /) -> Words:
        """None."""
        return ()
