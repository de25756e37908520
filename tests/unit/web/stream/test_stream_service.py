"""Whatever happens, each client that can take it ends up with the newest values, and never sees older ones again."""

import asyncio
import contextlib
import json
from array import array
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.status import Status
from mbmd.web.stream import channel, service
from mbmd.web.stream.framing import EVENTS, WEBSOCKET, Framing
from mbmd.web.stream.service import Stream
from mbmd.web.stream.wishes import Form, Wishes

if TYPE_CHECKING:
    from mbmd.web.stream.client import Client

WISHES = Wishes(Form.BATCH)
FEW = Wishes(Form.BATCH, devices=frozenset({"SDM1.2", "SDM1.3"}), status=False)


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.written += b"event: end\ndata: 0\n\n"


class World:
    """Devices that are polled, and clients that can or cannot take what they are told."""

    def __init__(self) -> None:
        self.hub = Hub([DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE["Power"]]) for unit in range(1, 6)])
        self.stream = Stream(self.hub, Status(self.hub))
        self.clients: list[tuple[Wire, Client, Wishes]] = []
        self.stack = contextlib.ExitStack()
        self.polls = 0

    def publish(self, number: int) -> None:
        self.polls += 1
        device = list(self.hub.devices.values())[number % len(self.hub.devices)]
        fresh = array("d", [self.polls])
        device.commit(fresh, (), self.polls, self.polls)
        self.hub.publish(device, fresh)

    def join(self, wishes: Wishes, framing: Framing = EVENTS) -> Wire:
        wire = Wire()
        transport = cast(asyncio.Transport, wire)
        client = self.stack.enter_context(self.stream.joined(transport, "a:1", wishes, framing))
        self.clients.append((wire, client, wishes))
        return wire

    def act(self, deed: tuple[str, int]) -> None:
        what, number = deed
        if what == "publish":
            self.publish(number)
        elif what == "join":
            self.join((WISHES, FEW)[number % 2])
        elif what == "leave out":
            self.hub.replace(list(self.hub.devices.values())[:3], ())
        elif self.clients:
            _, client, _ = self.clients[number % len(self.clients)]
            client.pause() if what == "pause" else client.resume()

    async def settle(self) -> None:
        """Wait until nothing more is told."""
        quiet, before = 0, 0
        while quiet < 30:
            await asyncio.sleep(0)
            written = sum(len(wire.written) for wire, _, _ in self.clients)
            quiet, before = (quiet + 1 if written == before else 0), written


def told(wire: Wire) -> list[tuple[str, dict[str, float]]]:
    """The names of events and what their messages say: values by device."""
    heard = []
    for event in wire.written.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.splitlines())
        message = json.loads(fields.get("data", "{}"))
        values = {message["Device"]: message["Values"]["Power"]} if "Device" in message else {}
        heard += [(fields["event"], values)] if "event" in fields else []
    return heard


DEEDS = st.sampled_from(["publish", "publish", "join", "pause", "resume", "breathe", "leave out"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(DEEDS, st.integers(0, 20)), max_size=40), st.sampled_from([1, 200, 1 << 14]))
def test_all_end_up_with_the_newest_values(deeds: list[tuple[str, int]], joined: int) -> None:
    world = World()

    async def main() -> None:
        for deed in deeds:
            if deed[0] == "breathe":
                for _ in range(deed[1]):
                    await asyncio.sleep(0)
            else:
                world.act(deed)
        for _, client, _ in world.clients:
            client.resume()
        await world.settle()
        world.stack.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with patch.object(channel, "JOINED", joined), patch.object(service, "BREATH", 1):
        asyncio.run(main())
    newest = {device.id: device.latest[0] for device in world.hub.devices.values() if device.online}
    for wire, client, wishes in world.clients:
        seen: dict[str, float] = {}
        heard = told(wire)
        for _, values in heard:
            assert all(seen.get(device, 0) <= value for device, value in values.items())
            seen |= values
        wanted = {device: value for device, value in newest.items() if device in (wishes.devices or newest)}
        assert wanted.items() <= seen.items()
        assert [name for name, _ in heard][:1] == (["status"] if wishes.status else ["readings"])[: len(heard)]
        assert not client.is_behind


def test_those_who_are_behind_by_less_are_not_told_what_they_know() -> None:
    world = World()

    async def main() -> None:
        for number in range(5):
            world.publish(number)
        first = world.join(FEW._replace(devices=frozenset()))
        while len(told(first)) < 3:  # noqa: ASYNC110 - it is told as much as it is let
            await asyncio.sleep(0)
        second = world.join(FEW._replace(devices=frozenset()))
        for _ in range(100):
            await asyncio.sleep(0)
        once = [("readings", {f"SDM1.{unit}": float(unit)}) for unit in range(1, 6)]
        assert told(first) == told(second) == once
        world.stack.close()

    with patch.object(channel, "JOINED", 1):
        asyncio.run(main())


def test_who_listens_to_single_readings_by_websocket_gets_new_ones_alone() -> None:
    world = World()

    async def main() -> None:
        world.publish(0)
        wire = world.join(Wishes(Form.READING, status=False), WEBSOCKET)
        for _ in range(20):
            await asyncio.sleep(0)
        assert wire.written == b""
        world.publish(1)
        for _ in range(20):
            await asyncio.sleep(0)
        assert wire.written.count(b'"Device"') == wire.written.count(b'"SDM1.2"') == 1
        world.stack.close()

    asyncio.run(main())
