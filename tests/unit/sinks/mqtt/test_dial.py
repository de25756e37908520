"""The step that is done in a thread, and nobody may wait for any more."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from mbmd.config.broker import parse_broker
from mbmd.config.outputs import Mqtt
from mbmd.sinks.mqtt.dial import Dial, Setup, _whole, make_client


class SlowClient:
    """A client whose connection stands when `goes_on` is set."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.over = threading.Event()
        self.socket = socket.socket()
        self.on_socket_open: Any = None
        self.error: Exception | None = None

    def connect(self, *_: object) -> None:
        try:
            assert self.goes_on.wait(10)
            self.on_socket_open(self, None, self.socket)
        except Exception as error:
            self.error = error
            raise
        finally:
            self.over.set()


def setup(url: str = "mqtt://localhost", **keys: Any) -> Setup:
    return Setup(Mqtt(broker=url, **keys), parse_broker(url), None, None, set())


def test_a_socket_that_comes_after_nobody_waits_is_closed() -> None:
    client: Any = SlowClient()

    async def main() -> None:
        dial = Dial(client, setup())
        waiting = asyncio.create_task(dial.connect())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        dial.give_up()

    asyncio.run(main())
    assert client.socket.fileno() >= 0
    client.goes_on.set()
    assert client.over.wait(10)
    assert client.socket.fileno() == -1
    assert isinstance(client.error, ConnectionAbortedError)


def test_a_socket_that_came_is_closed_when_it_is_given_up() -> None:
    client: Any = SlowClient()

    async def main() -> None:
        dial = Dial(client, setup())
        client.goes_on.set()
        assert await dial.connect() == ""
        assert client.socket.fileno() >= 0
        dial.give_up()
        assert client.socket.fileno() == -1

    asyncio.run(main())


def test_what_goes_wrong_is_told_and_the_error_is_not_kept() -> None:
    client: Any = SlowClient()

    def fail(*_: object) -> None:
        raise IndexError("a greeting that is none")

    client.connect = fail
    assert asyncio.run(Dial(client, setup()).connect()) == "IndexError: a greeting that is none"
    client.socket.close()


@pytest.mark.parametrize(("keepalive", "seconds"), [(0.2, 1), (30.0, 30), (1e9, 65535)])
def test_the_keepalive_is_in_whole_seconds_as_the_protocol_has_them(keepalive: float, seconds: int) -> None:
    assert setup(keepalive=keepalive).keepalive == seconds


def test_the_client_does_nothing_of_its_own() -> None:
    client = make_client(setup(user="meter"))
    assert (client.username, client.password, client.max_inflight_messages) == ("meter", None, 0)
    assert client.connect_timeout == 5.0


def test_the_rest_of_a_frame_is_sent_before_the_next_one() -> None:
    left = [0, 0, 5]
    send = _whole(lambda data: left.pop(0) if data else 0)
    for _ in range(2):
        with pytest.raises(BlockingIOError):
            send(b"12345")
    assert send(b"12345") == 5
    assert send(b"") == 0
