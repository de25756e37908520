"""What messages tell of the polls of meters whose values are the clock: how old they came; pure."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

from benchmarks.play.meters import CLOCK
from benchmarks.play.packets import Came

APART = 0.5
"""Messages of a device that come within so many intervals of its polls are of one poll, if they do not tell."""


class Word(NamedTuple):
    """What a message said: of which device and poll, and the clock of the value that was read last."""

    at: float
    device: str
    poll: int | None
    clock: float


Say = Callable[[Came], Word | None]


class Poll(NamedTuple):
    """One poll of a device: when the last of it came, and when the last of it was on the wire, modulo CLOCK."""

    device: str
    at: float
    clock: float

    @property
    def delay(self) -> float:
        """Seconds from the wire until all of it was here."""
        return since(self.clock, self.at)


def since(clock: float, now: float) -> float:
    """Seconds from one time to another, of which one or both are modulo CLOCK and not far apart."""
    return (now - clock + CLOCK / 2) % CLOCK - CLOCK / 2


def of_batch(message: Came) -> Word | None:
    """A message with all values of a poll; None for the status."""
    told = orjson.loads(message.data)
    if "Values" not in told:
        return None
    return Word(message.at, told["Device"], told["Timestamp"], latest(told["Values"].values(), message.at))


def of_reading(message: Came) -> Word | None:
    """A message with one value; None for the status."""
    told = orjson.loads(message.data)
    return Word(message.at, told["Device"], told["Timestamp"], told["Value"]) if "Value" in told else None


def of_topic(message: Came) -> Word | None:
    """A value under the topic of a device; None for what is no value."""
    topic, _, payload = message.data.decode().partition(" ")
    try:
        return Word(message.at, topic.split("/")[1], None, float(payload))
    except ValueError:
        return None


def latest(clocks: Iterable[float], now: float) -> float:
    """The latest of some clocks."""
    return min(clocks, key=lambda clock: since(clock, now))


def polls(words: Iterable[Word], rate: float) -> list[Poll]:
    """The polls of which words tell, by when they came; devices are polled each `rate` seconds."""
    done: list[Poll] = []
    begun: dict[tuple[str, int | None], Poll] = {}
    for word in words:
        key, clock = (word.device, word.poll), word.clock
        if (poll := begun.get(key)) is not None:
            if word.poll is None and word.at - poll.at >= APART * rate:
                done.append(poll)
            else:
                clock = latest((poll.clock, clock), word.at)
        begun[key] = Poll(word.device, word.at, clock)
    return sorted([*done, *begun.values()], key=lambda poll: poll.at)
