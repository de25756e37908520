"""The scripted SunSpec site and the truth about its images, held against the facts and pymodbus."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.framer import FramerType

from tests.integration.real_lines import LINES, playing
from tests.sunspec_images import Raw, chain, common, expected, filled, find, image, model, points, span
from tests.sunspec_site import ABSENT, HANG_UP, Fault, Site, Unit, serving
from tests.sunspec_truth import differences, truth

FACTS = ("base0", "base50000", "main_126", "main_126_1", "mppt5", "noend", "solaredge", "truncated", "unknown")


def image_of(fact: str) -> str:
    """The name of the image that a fact is about."""
    return fact.partition("_")[0]


@pytest.mark.parametrize("fact", FACTS)
def test_the_truth_is_what_the_facts_say(fact: str) -> None:
    (registers,) = image(image_of(fact)).values()
    for device, values in expected(fact).items():
        right = truth(registers, int(device.split(".")[2] if device.count(".") > 1 else 0))
        assert differences(values, right) == []
        assert right.keys() == values.keys()


def test_an_image_can_be_built_again_from_its_models() -> None:
    (registers,) = image("main").values()
    built = [
        [registers[at] for at in found.span] if found.id != 1 else _rebuilt(registers, found.address)
        for found in find(registers)
    ]
    assert chain(*built) == registers


def _rebuilt(registers: dict[int, int], address: int) -> list[int]:
    texts: dict[str, Raw] = {}
    for point in points(1, 66):
        words = [registers[address + point.at + n] for n in range(point.size)]
        data = b"".join(word.to_bytes(2) for word in words)
        if point.type == "string":
            texts[point.name] = data.rstrip(b"\0")
    return model(1, length=66, DA=126, **texts)


def test_what_is_not_given_is_not_implemented() -> None:
    registers = chain(common(), model(103, W=5), filled(113, A=1.5))
    assert truth(registers, 0)["Power"] != ()
    assert truth(chain(common(), model(103)), 0) == {}
    assert truth(chain(common(), model(103, W=5, W_SF=-1)), 0)["Power"] == (0.5,)
    assert truth(registers, 0)["Current"] == (1.5,)
    assert truth(registers, 1) == {}


def test_groups_are_counted_and_lengths_can_deviate() -> None:
    two = model(160, {"DCA": 5}, {"DCA": 7}, DCA_SF=0)
    assert (two[1], two[8]) == (48, 2)
    assert model(714, {"DCA": 5})[4] == 1
    assert len(model(103, length=40)) == 42
    assert model(103, length=60)[1] == 60
    registers = chain(common(length=65), two, common(2), base=0)
    assert [found.length for found in find(registers)] == [65, 48, 66]
    assert truth(registers, 0) == {"DCCurrentS1": (5.0,), "DCCurrentS2": (7.0,)}


async def _ask(client: AsyncModbusTcpClient | AsyncModbusSerialClient, *reads: tuple[int, int, int]) -> list[object]:
    answers: list[object] = []
    for unit, address, count in reads:
        answer = await client.read_holding_registers(address, count=count, device_id=unit)
        answers.append(answer.exception_code if answer.isError() else answer.registers)
    return answers


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_pymodbus_reads_what_the_image_holds(kind: str, tmp_path: Path) -> None:
    (registers,) = image("main").values()
    site = Site({126: Unit(registers)})

    async def run() -> None:
        async with playing(LINES[kind], tmp_path) as line:
            line.usual = site
            if kind == "tcp":
                client: AsyncModbusTcpClient | AsyncModbusSerialClient = AsyncModbusTcpClient(
                    line.adapter.host, port=line.adapter.port
                )
            else:
                client = AsyncModbusSerialClient(line.adapter.address, framer=FramerType.RTU, baudrate=115200)
            await client.connect()
            wanted = [registers[at] for at in range(40000, 40100)]
            assert await _ask(client, (126, 40000, 100), (126, 39999, 2), (5, 40000, 2)) == [wanted, 2, ABSENT]
            client.close()

    asyncio.run(run())
    assert [read[:4] for read in site.reads] == [
        (126, 40000, 100, "ok"),
        (126, 39999, 2, "exc2"),
        (5, 40000, 2, "exc11"),
    ]
    assert {read.connection for read in site.reads} == {1}


@pytest.mark.parametrize(
    ("mode", "answers"),
    [
        ("normal", ["ok", "ok", "ok", 2, 2]),
        ("exc2", [2] * 5),
        ("silent", [None] * 5),
        ("zeros", ["ok", "ok", "ok", "ok", [0]]),
        ("ffff", ["ok", "ok", "ok", "ok", [0xFFFF]]),
        ("aligned", ["ok", 2, 2, 2, 2]),
        ("nocross", ["ok", "ok", 2, 2, 2]),
    ],
)
def test_modes_refuse_what_such_devices_refuse(mode: str, answers: Sequence[object]) -> None:
    (registers,) = image("main").values()
    unit = Unit(registers, mode)
    at = span(registers, 103)
    reads = [(at.start + 2, 50), (at.start + 25, 3), (at.stop - 1, 3), (max(registers), 2), (60000, 1)]
    found = [unit.answer(3, *read) for read in reads]
    for read, answer, wanted in zip(reads, found, answers, strict=True):
        if wanted == "ok":
            assert isinstance(answer, list)
            assert len(answer) == read[1]
        else:
            assert answer == wanted
    assert Unit(registers, mode, maxcount=60).answer(3, 40000, 61) == (
        2 if mode == "exc2" else None if mode == "silent" else 3
    )


def test_a_unit_refuses_places_sleeps_and_is_renewed() -> None:
    (registers,) = image("main").values()
    unit = Unit(registers)
    unit.refuse(span(registers, 103), 4)
    assert unit.answer(3, 40069, 2) == 4
    unit.refuse(span(registers, 103), 0)
    assert unit.answer(3, 40069, 2) == [0x8000, 103]
    unit.is_asleep = True
    assert unit.answer(3, 40000, 2) is None
    unit.is_asleep = False
    unit.load(chain(common(), base=0))
    assert unit.answer(3, 40000, 2) == 2
    assert unit.answer(3, 0, 2) == [0x5375, 0x6E53]
    assert unit.answer(4, 0, 2) == 1


def test_faults_come_one_by_one_and_each_is_noted(tmp_path: Path) -> None:
    site = Site({0: Unit(chain(common(), base=0))})
    faults: list[Fault] = [6, HANG_UP, 0.01]
    site.faults = iter(faults)

    async def run(port: int) -> None:
        for wanted in ("008306", "", "00030453756e53"):
            reader, writer = await asyncio.open_connection("127.0.0.2", port)
            writer.write(bytes.fromhex("000100000006000300000002"))
            answer = await reader.readexactly(6 + len(wanted) // 2) if wanted else await reader.read()
            assert answer[6:].hex() == wanted
            writer.close()

    with serving(site, LINES["tcp"], tmp_path) as address:
        asyncio.run(run(int(address.rpartition(":")[2])))
    assert [(read.result, read.connection) for read in site.reads] == [("exc6", 1), ("hang up", 2), ("ok", 3)]
