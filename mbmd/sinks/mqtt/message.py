"""What is published."""

from typing import NamedTuple


class Message(NamedTuple):
    """A payload for a topic; of one that is retained the broker keeps the latest, and forgets it for an empty one."""

    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 0
