"""Lines in real databases: each reading once, with its own time, whatever befalls the server."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from mbmd.config.outputs import Influx
from mbmd.config.secret import Secret
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import SinkHealth
from mbmd.sinks.influx import server as server_module
from mbmd.sinks.influx.delivery import Delivery
from mbmd.sinks.influx.lines import Encoder
from mbmd.sinks.influx.server import Server
from mbmd.sinks.outbox.errors import AwayError
from tests.integration.influx_servers import Influxd, VictoriaMetrics, running
from tests.unit.sinks.influx.updates import device_with, update_of

NAMES = ("Power", "Frequency", "Import")
START = 1_790_000_000
SECRET = "s3cret-passw0rd"  # noqa: S105
numbers = itertools.count()


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with running(Influxd(tmp_path_factory.mktemp("influxd"))) as server:
        yield server


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """An influxd that asks who is there; `meter` may write, `guest` may not."""
    with running(Influxd(tmp_path_factory.mktemp("locked"), auth=True)) as server:
        server.query(f"CREATE USER admin WITH PASSWORD '{SECRET}' WITH ALL PRIVILEGES")
        server.login = {"u": "admin", "p": SECRET}
        for text in (
            "CREATE DATABASE data",
            f"CREATE USER meter WITH PASSWORD '{SECRET}'",
            f"CREATE USER guest WITH PASSWORD '{SECRET}'",
            "GRANT ALL ON data TO meter",
        ):
            server.query(text)
        yield server


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    with running(VictoriaMetrics(tmp_path_factory.mktemp("victoria"))) as server:
        yield server


@pytest.fixture
def database(influxd: Influxd) -> str:
    """A new one."""
    name = f"data{next(numbers)}"
    influxd.query(f"CREATE DATABASE {name}")
    return name


def devices(count: int = 4) -> list[DeviceReadings]:
    return [device_with(f"SDM1.{number}", *NAMES) for number in range(1, count + 1)]


def polls(rounds: int, points: str = "reading", measurement: str = "data") -> tuple[list[bytes], set[tuple[Any, ...]]]:
    """Blocks of some rounds of polls, and each reading with device, measurement, value and nanoseconds."""
    encoder, blocks, readings = Encoder(measurement, points), [], set()
    for turn, (place, device) in itertools.product(range(rounds), enumerate(devices())):
        at = START + turn + place / 1000
        values = {name: turn * 10 + number + 0.1 for number, name in enumerate(NAMES)}
        blocks.append(encoder.encode(update_of(device, at, values)).lines)
        readings |= {(device.id, name, value, round(at * 1000) * 10**6) for name, value in values.items()}
    return blocks, readings


def stored(influxd: Influxd, database: str) -> list[tuple[Any, ...]]:
    rows = influxd.rows("SELECT * FROM data", database)
    return [(row["device"], row["type"], row["value"], row["time"]) for row in rows]


class Sender:
    """A delivery, tried until it is done."""

    def __init__(self, url: str, database: str, **keys: Any) -> None:
        self.health = SinkHealth("influx")
        self.url = url
        self._delivery = Delivery(Server(Influx(**{"url": url, "database": database, **keys})), self.health)

    def once(self, blocks: Sequence[bytes]) -> None:
        asyncio.run(self._delivery.send(blocks))

    def trouble(self, blocks: Sequence[bytes]) -> str:
        with pytest.raises(AwayError) as caught:
            self.once(blocks)
        assert str(caught.value) == self.health.trouble
        return self.health.trouble.removeprefix(f"{self.url}: ")


@pytest.mark.parametrize("gzip", [True, False])
def test_each_reading_is_stored_once_with_its_own_time(influxd: Influxd, database: str, gzip: bool) -> None:
    blocks, readings = polls(100)
    Sender(influxd.url, database, gzip=gzip).once(blocks)
    found = stored(influxd, database)
    assert (set(found), len(found)) == (readings, len(readings))


def test_a_point_of_a_device_has_a_column_for_each_reading(influxd: Influxd, database: str) -> None:
    device = device_with("SDM1.1", "Power", "time", "device", texts=("Serial",))
    update = update_of(device, START, {"Power": 5, "time": 6, "device": 7}, {"Serial": 'A "\\" B,= C'})
    Sender(influxd.url, database).once([Encoder("data", "device").encode(update).lines])
    assert influxd.rows("SELECT * FROM data", database) == [
        {"time": START * 10**9, "device": "SDM1.1", "Power": 5, "time_": 6, "device_": 7, "Serial": 'A "\\" B,= C'}
    ]


@pytest.mark.parametrize("name", ["a b", "a,b", "a=b", 'a"b', "ä€", "'", " a ", "a=,b c"])
def test_any_name_arrives_as_it_is(influxd: Influxd, database: str, name: str) -> None:
    device = device_with(name, name)
    block = Encoder(name, "reading").encode(update_of(device, START, {name: 1})).lines
    Sender(influxd.url, database).once([block])
    (series,) = influxd.query("SELECT * FROM /.*/", database)
    assert series["name"] == name
    assert series["values"] == [[START * 10**9, name, name, 1]]


@pytest.mark.parametrize("value", [0.1, -0.0, 1e16, 1.5e300, -5e-324, 1e-7, 123456789.123456789])
def test_any_number_arrives_as_it_is(influxd: Influxd, database: str, value: float) -> None:
    block = Encoder("data", "reading").encode(update_of(device_with("A", "B"), START, {"B": value})).lines
    Sender(influxd.url, database).once([block])
    assert [row["value"] for row in influxd.rows("SELECT value FROM data", database)] == [value]


def test_a_retention_policy_is_named_behind_a_slash(influxd: Influxd, database: str) -> None:
    influxd.query(f'CREATE RETENTION POLICY "short" ON {database} DURATION 100000w REPLICATION 1')
    Sender(influxd.url, f"{database}/short").once(polls(1)[0])
    assert len(influxd.rows("SELECT * FROM short.data", database)) == 12
    assert "retention policy not found: none" in Sender(influxd.url, f"{database}/none").trouble(polls(1)[0])


def test_a_missing_database_is_created_meanwhile(influxd: Influxd) -> None:
    blocks, readings = polls(2)
    sender = Sender(influxd.url, "later")
    assert sender.trouble(blocks) == 'status 404: database not found: "later": create it, or correct the name'
    influxd.query("CREATE DATABASE later")
    sender.once(blocks)
    assert set(stored(influxd, "later")) == readings
    assert sender.health.trouble == ""


def test_the_wrong_version_is_told(influxd: Influxd, victoria: VictoriaMetrics, database: str) -> None:
    for sender in (Sender(influxd.url, database, version="3"), Sender(victoria.url, database, version="3")):
        assert sender.trouble(polls(1)[0]).endswith("is it a database, and of the version that was configured?")


def test_lines_of_another_type_do_not_keep_out_the_others(influxd: Influxd, database: str) -> None:
    blocks, readings = polls(10)
    Sender(influxd.url, database).once([b"data value=1i %d000000000\n" % START])
    sender = Sender(influxd.url, database)
    sender.once([*blocks, *(block.replace(b"data", b"fine") for block in blocks)])
    assert "field type conflict" in sender.health.trouble
    assert sender.health.refused == len(readings)
    assert len(influxd.rows("SELECT * FROM fine", database)) == len(readings)


def test_a_line_that_is_none_does_not_keep_out_the_others(influxd: Influxd, database: str) -> None:
    blocks, readings = polls(10)
    sender = Sender(influxd.url, database)
    sender.once([*blocks[:20], b"damaged\n", *blocks[20:]])
    assert "unable to parse" in sender.health.trouble
    assert sender.health.refused == 1
    assert set(stored(influxd, database)) == readings


def test_who_may_write_is_asked(locked: Influxd) -> None:
    blocks, readings = polls(1)
    Sender(locked.url, "data", user="meter", password=Secret(SECRET)).once(blocks)
    address = locked.url.replace("//", f"//meter:{SECRET}@")
    Sender(address, "data").once(blocks)
    assert set(stored(locked, "data")) == readings


@pytest.mark.parametrize(
    "keys",
    [
        {"user": "meter", "password": Secret(f"no {SECRET}")},
        {"user": "guest", "password": Secret(SECRET)},
        {"user": SECRET, "password": Secret(SECRET)},
        {},
    ],
    ids=["wrong password", "may not write", "unknown user", "nobody"],
)
def test_who_may_not_write_is_told_without_secrets(
    locked: Influxd, keys: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    trouble = Sender(locked.url, "data", **keys).trouble(polls(1)[0])
    assert trouble.endswith(": check the token, or user and password, and what they may write to")
    assert SECRET not in trouble + caplog.text


def test_a_server_that_was_killed_is_told_the_same_once_more(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(Influxd(tmp_path_factory.mktemp("killed"))) as server:
        server.query("CREATE DATABASE data")
        blocks, readings = polls(20)
        sender = Sender(server.url, "data")
        sender.once(blocks[:40])
        server.kill()
        assert sender.trouble(blocks[20:]) == "Connection refused"
        server.start()
        sender.once(blocks[20:])
        found = stored(server, "data")
        assert (set(found), len(found)) == (readings, len(readings))


def test_a_frozen_server_is_given_up_and_told_again(
    influxd: Influxd, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "READ_TIMEOUT", 0.3)
    blocks, readings = polls(20)
    sender = Sender(influxd.url, database)
    sender.once(blocks[:10])
    influxd.freeze()
    assert sender.trouble(blocks[10:]) == "no answer in time"
    influxd.thaw()
    sender.once(blocks[10:])
    found = stored(influxd, database)
    assert (set(found), len(found)) == (readings, len(readings))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("gzip", [True, False])
def test_victoria_metrics_takes_both_versions(victoria: VictoriaMetrics, version: str, gzip: bool) -> None:
    measurement = f"data{next(numbers)}"
    blocks, readings = polls(20, measurement=measurement)
    Sender(victoria.url, "home", version=version, gzip=gzip).once(blocks)
    samples = victoria.samples(f'{{__name__="{measurement}_value"}}')
    found = [(labels["device"], labels["type"], value, at * 10**6) for labels, value, at in samples]
    assert (set(found), len(found)) == (readings, len(readings))


def test_victoria_metrics_has_a_series_for_each_field(victoria: VictoriaMetrics) -> None:
    blocks, _ = polls(2, "device", "fields")
    Sender(victoria.url, "home").once(blocks)
    names = {labels["__name__"] for labels, _, _ in victoria.samples('{__name__=~"fields.*"}')}
    assert names == {f"fields_{name}" for name in NAMES}
