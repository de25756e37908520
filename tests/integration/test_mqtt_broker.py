"""The connection to a real mosquitto: all ways to connect, and all that may befall it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from mbmd.config.secret import Secret
from mbmd.config.values import join_host_port
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from tests.integration.mosquitto import HOST, Heard, Listener, Mosquitto, mosquitto, subscriber
from tests.integration.proxy import Proxy, proxy
from tests.running_broker import PASSWORD, bounded, connected, eventually, running

WILL = Message("mbmd/status", b"disconnected", retain=True, qos=1)
BIRTH = Message("mbmd/status", b"connected", retain=True, qos=1)
LEFT_OPEN = pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning")
"""The library leaves it to the interpreter to close what it could not encrypt."""
EVERY_WAY = [(listener, version) for listener in Listener for version in ("3.1.1", "5")]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker with all listeners, for those who leave it as it is."""
    with mosquitto(tmp_path_factory.mktemp("everything"), *Listener) as broker:
        yield broker


def play(main: Coroutine[Any, Any, None]) -> None:
    """Run a test on the event loop of the daemon."""
    uvloop.run(bounded(main))


async def trouble(url: str, **keys: Any) -> str:
    """Why there is no connection."""
    async with running(url, pause=1000.0, **keys) as (broker, health, _, _):
        await eventually(lambda: health.failures > 0)
        assert not broker.connected
        return health.trouble


def url_of(between: Proxy, listener: Listener = Listener.PLAIN) -> str:
    return f"{listener}://{join_host_port(between.host, between.port)}"


def keys_for(broker: Mosquitto, listener: Listener) -> dict[str, Any]:
    return {"ca": broker.certificates.ca} if listener.encrypted else {}


@pytest.mark.parametrize(("listener", "version"), EVERY_WAY)
def test_messages_of_all_qualities_arrive_every_way(everything: Mosquitto, listener: Listener, version: str) -> None:
    async def main() -> None:
        root = f"{listener}/{version}"
        with subscriber(everything, f"{root}/#") as heard:
            url, keys = everything.url(listener), keys_for(everything, listener)
            async with running(url, last_words=20.0, version=version, clientid=root, **keys) as (broker, health, _, _):
                await connected(broker)
                for qos in range(3):
                    broker.publish(Message(f"{root}/{qos}", b"1", qos=qos))
                await broker.drained()
                await broker.deliver([Message(f"{root}/many", str(i).encode(), qos=1) for i in range(250)])
                await heard.until(lambda all_: len(all_) == 253)
                await broker.close([Message(f"{root}/last", b"", qos=2)])
                await heard.until(lambda all_: len(all_) == 254)
                many = [int(one.payload) for one in heard.heard if one.topic.endswith("many")]
                assert many == list(range(250))
                assert heard.heard[-1] == Heard(f"{root}/last", b"", False)
                assert (health.sent, health.dropped, health.failures) == (4, 0, 0)

    play(main())


def test_the_will_is_said_when_mbmd_is_lost_and_not_when_it_says_goodbye(everything: Mosquitto) -> None:
    async def main() -> None:
        with subscriber(everything, "mbmd/#") as heard:
            async with running(everything.url(), WILL, last_words=20.0) as (broker, _, _, _):
                await connected(broker)
                broker.publish(BIRTH)
                await broker.close([Message("mbmd/status", b"ended", retain=True)])
            async with (
                proxy(HOST, (HOST, everything.port)) as between,
                running(url_of(between), WILL) as (broker, _, _, _),
            ):
                await connected(broker)
                broker.publish(BIRTH)
                await heard.until(lambda all_: len(all_) == 3)
                between.cut()
                await heard.until(lambda all_: len(all_) == 4)
            assert [one.payload for one in heard.heard] == [b"connected", b"ended", b"connected", b"disconnected"]

    play(main())


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_names_and_the_other_family_of_addresses_are_connected_to(everything: Mosquitto, host: str) -> None:
    async def main() -> None:
        ways = (Listener.PLAIN, Listener.WEBSOCKET)
        for way in ways:
            there = (HOST, everything.ports[way])
            async with proxy(host, there) as between, running(url_of(between, way)) as (broker, _, _, _):
                await connected(broker)

    play(main())


@LEFT_OPEN
@pytest.mark.parametrize("listener", [Listener.TLS, Listener.SECURE_WEBSOCKET])
def test_a_certificate_of_an_authority_that_does_not_count_is_told(everything: Mosquitto, listener: Listener) -> None:
    async def main() -> None:
        url, other = everything.url(listener), everything.certificates.other_ca
        for keys in ({"ca": other}, {}):
            said = await trouble(url, **keys)
            assert said == "its certificate does not count, self-signed certificate in certificate chain: check mqtt.ca"
        async with running(url, ca=other, insecure=True) as (broker, _, _, _):
            await connected(broker)

    play(main())


@LEFT_OPEN
def test_a_certificate_for_another_host_is_told(everything: Mosquitto) -> None:
    async def main() -> None:
        async with proxy("127.0.0.4", (HOST, everything.ports[Listener.TLS])) as between:
            said = await trouble(url_of(between, Listener.TLS), ca=everything.certificates.ca)
            assert said.startswith("its certificate does not count, IP address mismatch")
            assert said.endswith("check the host in mqtt.broker")

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_may_want_a_certificate_of_mbmd(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        with mosquitto(tmp_path / "broker", Listener.TLS, client_certificates=True) as mosquitto_:
            keys: dict[str, Any] = {"ca": mosquitto_.certificates.ca, "version": version}
            assert await trouble(mosquitto_.url(), **keys) == (
                "it wants a certificate that it knows: give it as mqtt.cert"
            )
            keys |= {"cert": mosquitto_.certificates.client, "cert_key": mosquitto_.certificates.client_key}
            async with running(mosquitto_.url(), **keys) as (broker, _, _, _):
                await connected(broker)

    play(main())


@LEFT_OPEN
def test_what_is_no_broker_of_that_kind_is_told(everything: Mosquitto) -> None:
    async def main() -> None:
        port, ca = everything.ports, everything.certificates.ca
        assert "does not speak TLS there" in await trouble(f"mqtts://{HOST}:{port[Listener.PLAIN]}", ca=ca)
        assert "does not speak TLS there" in await trouble(f"mqtts://{HOST}:{port[Listener.WEBSOCKET]}", ca=ca)
        assert "there is no websocket" in await trouble(f"ws://{HOST}:{port[Listener.PLAIN]}")
        assert "does it want encryption (mqtts://)?" in await trouble(f"mqtt://{HOST}:{port[Listener.TLS]}")
        assert await trouble(f"mqtt://{HOST}:9") == "Connection refused"
        assert "its name is not found" in await trouble("mqtt://nobody.invalid")
        assert await trouble(f"mqtt://{'x' * 70}.invalid") == "this cannot be the name of a host"

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_only_the_right_password_lets_in(version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        with mosquitto(tmp_path / "broker", users={"meter": PASSWORD}) as mosquitto_:
            url = mosquitto_.url()
            wrong = Secret("not it")
            for keys in ({"user": "meter", "password": wrong}, {"user": "nobody", "password": Secret(PASSWORD)}, {}):
                assert "check mqtt.user and mqtt.password" in await trouble(url, version=version, **keys)
            async with running(url, version=version, user="meter", password=Secret(PASSWORD)) as (broker, _, _, _):
                await connected(broker)
            in_address = mosquitto_.url(credentials="meter:open%20sesame@")
            async with running(in_address, version=version) as (broker, _, _, _):
                await connected(broker)
            assert "not it" not in caplog.text
            assert PASSWORD not in caplog.text

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_broker_may_come_late_die_and_come_again(
    version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        with mosquitto(tmp_path / "broker") as mosquitto_:
            mosquitto_.kill()
            async with running(mosquitto_.url(), version=version) as (broker, health, _, _):
                await eventually(lambda: health.failures > 2)
                assert health.trouble == "Connection refused"
                await asyncio.to_thread(mosquitto_.start)
                for session in (1, 2):
                    await connected(broker)
                    assert broker.session == session
                    with subscriber(mosquitto_, "a") as heard:
                        await broker.deliver([Message("a", b"1", qos=1)])
                        await heard.until(lambda all_: len(all_) == 1)
                    await asyncio.to_thread(mosquitto_.kill if session == 1 else mosquitto_.stop)
                    await broker.changed(session)
                    with pytest.raises(AwayError):
                        await broker.deliver([Message("a", b"1", qos=1)])
                    await asyncio.to_thread(mosquitto_.start)
                name = f"MQTT broker {HOST}:{mosquitto_.port}: "
                said = [message.removeprefix(name) for message in caplog.messages if message.startswith(name)]
                assert said[:2] == ["Connection refused", "connected again"]
                assert said.count("Connection refused") == 1

    play(main())


def test_a_frozen_broker_holds_up_nothing_and_is_found_out(tmp_path: Path) -> None:
    async def publish(mosquitto_: Mosquitto, listener: Listener, ready: asyncio.Barrier) -> None:
        url, keys = mosquitto_.url(listener), keys_for(mosquitto_, listener)
        async with running(url, keepalive=1.0, clientid=listener.value, **keys) as (broker, health, _, _):
            await connected(broker)
            await ready.wait()
            longest, published = 0.0, 0
            while broker.connected:
                started = time.thread_time()
                async with maybe(0.02):
                    broker.publish(Message("mbmd/a", bytes(5000)))
                    published += 1
                    await broker.drained()
                longest = max(longest, time.thread_time() - started)
            assert longest < 0.5
            assert published == health.sent + health.dropped
            assert health.trouble == "it was silent for longer than 1 s (mqtt.keepalive)"
            started = time.monotonic()
            await broker.close([WILL])
            assert time.monotonic() - started < 5

    async def main() -> None:
        listeners = (Listener.PLAIN, Listener.SECURE_WEBSOCKET)
        with mosquitto(tmp_path / "broker", *listeners) as mosquitto_:
            ready = asyncio.Barrier(len(listeners) + 1)
            publishing = [asyncio.create_task(publish(mosquitto_, listener, ready)) for listener in listeners]
            await ready.wait()
            mosquitto_.freeze()
            await asyncio.gather(*publishing)
            mosquitto_.thaw()

    play(main())


@asynccontextmanager
async def maybe(seconds: float) -> AsyncIterator[None]:
    """What is not done in that time is left."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            yield


@pytest.mark.parametrize("listener", list(Listener))
def test_all_comes_whole_and_in_order_over_a_slow_connection(everything: Mosquitto, listener: Listener) -> None:
    async def main() -> None:
        payloads = [bytes([number]) * (1 + number * 37 % 9000) for number in range(250)]
        root = f"slow/{listener}"
        keys = keys_for(everything, listener)
        with subscriber(everything, root) as heard:
            async with proxy("127.0.0.1", (HOST, everything.ports[listener])) as between:
                between.pause = 0.0005
                async with running(url_of(between, listener), clientid=root, **keys) as (broker, health, _, _):
                    await connected(broker)
                    for payload in payloads:
                        broker.publish(Message(root, payload))
                    await broker.drained()
                    await heard.until(lambda all_: len(all_) == len(payloads))
                    assert [one.payload for one in heard.heard] == payloads
                    assert (health.sent, broker.session) == (len(payloads), 1)

    play(main())


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_two_with_the_same_client_id_are_told_of_each_other(
    everything: Mosquitto, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        keys: dict[str, Any] = {"version": version, "clientid": "twin"}
        async with running(everything.url(), **keys) as one, running(everything.url(), **keys) as other:
            await eventually(lambda: one.health.failures + other.health.failures > 4)
        assert "does another client have the id 'twin'" in caplog.text
        assert len(caplog.messages) <= 4

    play(main())


def test_what_the_user_may_not_publish_is_refused(tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic readwrite mine/#\n", encoding="utf-8")

    async def main() -> None:
        with mosquitto(tmp_path / "broker", lines=[f"acl_file {tmp_path / 'acl'}"]) as mosquitto_:
            async with running(mosquitto_.url(), version="5") as (broker, _, _, _):
                await connected(broker)
                await broker.deliver([Message("mine/a", b"1", qos=1)])
                with pytest.raises(RefusedError, match="Not authorized"):
                    await broker.deliver([Message("yours/a", b"1", qos=1)])
                assert broker.session == 1

    play(main())


@pytest.mark.parametrize("listener", list(Listener))
def test_all_that_the_broker_keeps_is_heard(everything: Mosquitto, listener: Listener) -> None:
    async def main() -> None:
        root = f"kept/{listener}"
        heard: dict[str, bytes] = {}
        keys = keys_for(everything, listener)
        async with running(everything.url(listener), clientid=root, **keys) as (broker, _, _, _):
            await connected(broker)
            wanted = {f"{root}/{number}": b"x" * number for number in range(1, 900)}
            await broker.deliver([Message(topic, payload, True, 1) for topic, payload in wanted.items()])
            broker.listen([f"{root}/#"], lambda topic, payload, retained: heard.update({topic: payload * retained}))
            await eventually(lambda: len(heard) == len(wanted))
            assert heard == wanted

    play(main())
