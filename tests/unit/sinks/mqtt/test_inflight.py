"""Messages on their way to be acknowledged."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from mbmd.readings.health import SinkHealth
from mbmd.sinks.mqtt.inflight import Inflight, Receipt
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.words import Reason
from tests.running_broker import messages

TAKEN, REFUSED = Reason(0), Reason(0x87, "Not authorized")


def test_the_silence_of_a_broker_counts_from_what_it_was_given_or_has_acknowledged() -> None:
    now, mids = 5.0, count()
    inflight = Inflight(lambda _: next(mids), SinkHealth("mqtt"), lambda: now)
    now = 10.0
    assert inflight.silence == 0
    for message in messages(2):
        inflight.put(message)
    now = 11.0
    assert inflight.silence == 1
    inflight.answered(0, TAKEN)
    now = 13.0
    assert inflight.silence == 2
    inflight.answered(1, REFUSED)
    assert inflight.silence == 0


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
