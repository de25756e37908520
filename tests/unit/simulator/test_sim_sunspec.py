"""Simulated SunSpec devices asked in plain frames: images as they are, the inverter, the picky and the faulty."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from mbmd.devices.registry import BUILT_IN, SUNSPEC
from mbmd.simulator.faults import NO_FAULTS, Faults, Reads
from mbmd.simulator.image_file import fixed
from mbmd.simulator.inverter import BASE, inverter
from mbmd.simulator.kinds import Meters
from mbmd.simulator.models import write_model
from mbmd.simulator.nameplates import NAMEPLATES
from mbmd.simulator.slaves import Gaps
from mbmd.simulator.sun import Day
from mbmd.sunspec.device_type import device_type
from tests.unit.simulator.plain_client import NO_ANSWER, Client, request

COMMON = write_model(1, {"Mn": "any"})
WORDS = dict(enumerate([0x5375, 0x6E53, *COMMON, *write_model(103, {}), 0xFFFF, 0], BASE))
IMAGES: Meters = [(fixed(WORDS), 126), (fixed({7: 5, 9: 6}), 0), (fixed({65535: 1}), 255)]
DAY = Day(600, 0.5)
NOON, NIGHT = 0.0, 240.0


def run(
    main: Callable[[Client], Awaitable[None]],
    meters: Meters,
    faults: Faults = NO_FAULTS,
    gaps: Gaps = Gaps.STRICT,
    clock: Callable[[], float] | None = None,
) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(main(Client(faults, meters, gaps, clock)), 60)

    asyncio.run(bounded())


async def words(client: Client, unit: int, address: int, count: int, function: int = 3) -> list[int]:
    """The registers of a read that is answered."""
    client.send(request(function, address, count, unit))
    answer = await client.hear()
    assert answer[6:9] == bytes([unit, function, 2 * count]), answer
    return list(struct.unpack(f">{count}H", answer[9:]))


def test_images_are_served_as_they_are() -> None:
    async def main(client: Client) -> None:
        assert await words(client, 126, BASE, 122) == list(WORDS.values())[:122]
        assert await words(client, 126, BASE + 100, 24) == list(WORDS.values())[100:]
        assert await words(client, 0, 7, 1) == [5]
        assert await words(client, 255, 65535, 1) == [1]

    run(main, IMAGES)


def test_what_is_not_in_an_image_is_refused() -> None:
    async def main(client: Client) -> None:
        for address, count in ((8, 1), (7, 2), (7, 3), (0, 1), (65535, 1), (65535, 2)):
            assert await client.read(3, address, count, 0) == 2
        assert await client.read(3, BASE + 123, 2, 126) == 2
        assert await client.read(4, BASE, 2, 126) == 2
        assert await client.read(1, BASE, 1, 126) == 1
        assert await client.read(3, 7, 1, 99) == 11
        client.send(struct.pack(">HHHBBHH", 77, 0, 6, 126, 6, BASE, 7))
        assert (await client.hear())[7:] == b"\x86\2"

    run(main, IMAGES)


def test_gaps_may_read_as_zero() -> None:
    async def main(client: Client) -> None:
        assert await words(client, 0, 6, 5) == [0, 5, 0, 6, 0]
        assert await words(client, 126, BASE + 122, 4) == [0xFFFF, 0, 0, 0]

    run(main, IMAGES, gaps=Gaps.ZERO)


@pytest.mark.parametrize(
    ("reads", "answers"),
    [(Reads.ANY, (0, 0, 0, 0)), (Reads.MODEL, (0, 2, 0, 0)), (Reads.POINT, (0, 0, 2, 2))],
)
def test_picky_devices_refuse_reads_across_borders(reads: Reads, answers: tuple[int, ...]) -> None:
    async def main(client: Client) -> None:
        spans = ((BASE, 70), (BASE, 72), (BASE + 94, 1), (BASE + 1, 1))
        assert tuple([await client.read(3, at, count, 126) for at, count in spans]) == answers
        assert await client.read(4, 0, 2, 1) == 0
        assert await client.read(3, BASE, 70, 99) == 11

    run(main, [*IMAGES, (BUILT_IN.get("sdm"), 1)], Faults(reads=reads))


def test_faults_count_for_images_as_for_meters() -> None:
    async def main(client: Client) -> None:
        assert await client.read(3, 7, 1, 0) == -1
        assert await client.read(3, BASE, 60, 126) == 0
        assert await client.read(3, BASE, 61, 126) == 3
        assert await client.read(3, BASE + 70, 2, 126) == 2
        assert await client.read(3, BASE + 71, 2, 126) == 0
        client.send(request(3, BASE, 2, 126))
        assert (await client.hear())[:2] == b"\0\0"

    run(main, IMAGES, Faults(dead={0}, max_registers=60, refuse={BASE + 70}, transaction=False))


@pytest.mark.parametrize(
    ("faults", "length"),
    [
        (Faults(loss=1), range(1)),
        (Faults(cut=1), range(1, 13)),
        (Faults(noise=1), range(14, 22)),
        (Faults(corrupt=1), range(13, 14)),
        (Faults(late=1, late_by=0.01), range(13, 14)),
        (Faults(delay=0.01), range(13, 14)),
    ],
)
def test_answers_of_images_are_spoilt(faults: Faults, length: range) -> None:
    good = struct.pack(">HHHBBBHH", 77, 0, 7, 126, 3, 4, 0x5375, 0x6E53)

    async def main(client: Client) -> None:
        client.send(request(3, BASE, 2, 126))
        answer = await client.hear(NO_ANSWER if faults.loss else 30)
        assert len(answer) in length
        assert (answer == good) is bool(faults.late or faults.delay)

    run(main, IMAGES, faults)


def test_a_sleeping_inverter_answers_again_in_the_morning() -> None:
    now = [NOON]
    meters: Meters = [(inverter("sma", 126, DAY), 126), (fixed({7: 5}), 1)]

    async def main(client: Client) -> None:
        for time, answers in ((NOON, True), (NIGHT, False), (DAY.length, True)):
            now[0] = time
            client.send(request(3, BASE, 2, 126))
            assert bool(await client.hear(30 if answers else NO_ANSWER)) is answers
            assert await client.read(3, 7, 1, 1) == 0

    run(main, meters, Faults(sleep=True), clock=lambda: now[0])


def test_an_inverter_that_does_not_sleep_answers_at_night() -> None:
    async def main(client: Client) -> None:
        assert await words(client, 126, BASE, 2) == [0x5375, 0x6E53]
        assert await words(client, 126, BASE + 70 + 38, 1) == [2]

    run(main, [(inverter("sma", 126, DAY), 126)], clock=lambda: NIGHT)


def test_the_subdevices_of_a_type_are_one_unit() -> None:
    sma = device_type("sma")

    async def main(client: Client) -> None:
        text = struct.pack(">16H", *await words(client, 126, BASE + 4, 16))
        assert text.rstrip(b"\0") == b"SMA"
        assert await words(client, 126, BASE + 172, 2) == [1, 66]

    run(main, [(sma, 126), (sma, 126), (device_type("fronius"), 1)])


def test_two_devices_on_one_unit_are_an_error_of_the_program() -> None:
    with pytest.raises(TypeError, match="126"):
        run(lambda _: asyncio.sleep(0), [(fixed({7: 5}), 126), (device_type("sma"), 126)])


@pytest.mark.parametrize("name", sorted(SUNSPEC))
def test_every_type_has_its_nameplate(name: str) -> None:
    image = inverter(name.lower(), 7, DAY).image(0)[3]
    texts = struct.pack(">65H", *(image[BASE + 4 + n] for n in range(65)))
    meter = struct.pack(">65H", *(image[BASE + 174 + n] for n in range(65)))
    plate = NAMEPLATES[name]
    assert texts[:32].rstrip(b"\0").decode() == meter[:32].rstrip(b"\0").decode() == plate.manufacturer
    assert texts[32:64].rstrip(b"\0").decode() == plate.inverter
    assert meter[32:64].rstrip(b"\0").decode() == plate.meter
    assert texts[64:80].rstrip(b"\0") == b"simulated"
    assert texts[96:128] != meter[96:128]
    assert image[BASE + 2 + 66] == 7


def test_the_chain_is_the_same_by_day_and_by_night() -> None:
    device = inverter("sma", 126, DAY)
    day, night = device.image(NOON)[3], device.image(NIGHT)[3]
    assert day.keys() == night.keys() == set(range(BASE, BASE + 349))
    headers = [40002, 40070, 40122, 40172, 40240, 40347]
    assert [day[at] for at in headers] == [night[at] for at in headers] == [1, 103, 160, 1, 203, 0xFFFF]
    scales = [BASE + 70 + n for n in (6, 13, 15, 17, 19, 21, 23, 26, 28, 30, 32, 37)]
    assert [day[at] for at in scales] == [night[at] for at in scales]
