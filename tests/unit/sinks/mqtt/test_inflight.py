"""Messages on their way to be acknowledged."""

from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.inflight import Inflight, Receipt
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.words import Reason
from tests.running_broker import messages

TAKEN, REFUSED = Reason(0), Reason(0x87, "Not authorized")


class Wire:
    """Gives ids that begin anew after three, as those of the protocol do after 65535."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Message]] = []
        self._mids = cycle((1, 2, 3))

    def send(self, message: Message) -> int:
        mid = next(self._mids)
        self.sent.append((mid, message))
        return mid


def test_progress_is_the_latest_acknowledgement() -> None:
    now = 1.0
    inflight = Inflight(Wire().send, SinkHealth("mqtt"), lambda: now)
    inflight.put(messages(1)[0])
    now = 2.0
    assert inflight.progress == 1.0
    inflight.answered(77, TAKEN)
    assert inflight.progress == 1.0
    inflight.answered(1, TAKEN)
    assert inflight.progress == 2.0


def test_an_id_in_use_is_not_used_twice() -> None:
    wire, health = Wire(), SinkHealth("mqtt")
    inflight = Inflight(wire.send, health, lambda: 0.0)
    inflight.window = 2
    for message in messages(4):
        inflight.put(message)
    for mid in (2, 3, 2):
        inflight.answered(mid, TAKEN)
    assert [mid for mid, _ in wire.sent] == [1, 2, 3, 1, 2]
    inflight.answered(1, REFUSED)
    assert (health.sent, health.refused, inflight.empty) == (3, 1, True)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["put", "deliver", "yes", "no", "withdraw"]), st.integers(0, 9)), max_size=60),
)
def test_each_message_has_one_end(window: int, steps: list[tuple[str, int]]) -> None:
    sent: list[int] = []

    def send(_: Message) -> int:
        sent.append(len(sent) + 1)
        return len(sent)

    health, put, receipts = SinkHealth("mqtt"), 0, list[Receipt]()
    inflight = Inflight(send, health, lambda: 0.0)
    inflight.window = window
    answered = 0
    for step, number in steps:
        if step == "put":
            inflight.put(Message("a", b"1", qos=1))
            put += 1
        elif step == "deliver" and number:
            receipts.append(Receipt(messages(number)))
            for message in messages(number):
                inflight.put(message, receipts[-1])
        elif step in ("yes", "no") and answered < len(sent):
            answered += 1
            inflight.answered(answered, TAKEN if step == "yes" else REFUSED)
        elif step == "withdraw" and receipts:
            inflight.withdraw(receipts[number % len(receipts)])
        assert len(sent) - answered <= window
    inflight.lose("gone")
    assert health.sent + health.refused + health.dropped == put
    assert (inflight.count, inflight.empty) == (0, True)
