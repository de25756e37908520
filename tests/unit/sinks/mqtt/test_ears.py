"""Messages that come from a broker."""

import pytest

from tests.fake_broker import SUBACK, SUBSCRIBE, Connection, Packet, fake_broker, well
from tests.running_broker import connected, eventually, messages, play, running, warnings


def test_retained_messages_are_heard_until_nobody_listens() -> None:
    heard: list[tuple[str, bytes, bool]] = []

    def hear(topic: str, payload: bytes, retained: bool) -> None:
        heard.append((topic, payload, retained))
        if payload == b"bad":
            raise ValueError

    async def main() -> None:
        async with fake_broker() as fake, running(fake.url) as (broker, _, _, _):
            await connected(broker)
            broker.listen([], hear)
            broker.listen(["homie/#"], hear)
            await fake.until(lambda: SUBSCRIBE in fake.last.kinds())
            for topic, payload in ((b"homie/a", b"1"), (b"homie/a", b"bad"), (b"homie/\xff", b"2"), (b"homie/b", b"")):
                fake.last.tell(topic, payload, retain=True)
            fake.last.tell(b"homie/c", b"3")
            await eventually(lambda: len(heard) >= 4)
            assert [h[0] for h in heard] == ["homie/a", "homie/a", "homie/b", "homie/c"]
            assert [h[2] for h in heard] == [True, True, True, False]
            broker.unlisten(["homie/#"])
            fake.last.tell(b"homie/d", b"4")
            await broker.deliver(messages(1))
            assert len(heard) == 4
            assert broker.session == 1

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_subscription_that_is_refused_is_told(version: str, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(connection: Connection, packet: Packet) -> None:
        if packet.kind == SUBSCRIBE:
            properties, refusal = (b"\0", b"\x87") if connection.version == 5 else (b"", b"\x80")
            connection.send(SUBACK, packet.body[:2] + properties + b"\0" + refusal)
        else:
            well(connection, packet)

    async def main() -> None:
        async with fake_broker(refuse) as fake, running(fake.url, version=version) as (broker, _, _, _):
            await connected(broker)
            for _ in range(2):
                broker.listen(["a/#", "b/#"], lambda *_: None)
                await broker.deliver(messages(1))
            (warning,) = warnings(caplog)
            assert "does not tell of b/#" in warning

    play(main())
