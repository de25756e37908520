"""Devices that must be asked what they have, such as an inverter that sleeps when mbmd starts."""

from array import array
from collections.abc import Callable
from math import nan
from typing import Any

import orjson
import pytest

from mbmd.config.outputs import Mqtt
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.changes import Gate
from mbmd.sinks.mqtt.dialect import Dialect
from mbmd.sinks.mqtt.homeassistant import HomeAssistant
from mbmd.sinks.mqtt.homie import Homie4
from mbmd.sinks.mqtt.homie5 import Homie5
from mbmd.sinks.mqtt.names import Names
from mbmd.sinks.mqtt.plain import Plain
from tests.homeassistant import problems
from tests.homie_checker import complaints_4, complaints_5
from tests.homie_world import Daemon, KeepingBroker, meter, some, unknown
from tests.mqtt_site import settled, site
from tests.virtual_time import run

NAMES = ("Import", "Power", "VoltageL1", "VoltageL3")
SMA = Descriptor("SMA", "STP 8.0", "", "3.1", "4711")
CONFIG = Mqtt(broker="localhost", homeassistant="homeassistant")
HOMIE, HOMIE5, DISCOVERY = "homie/sma1-126", "homie/5/sma1-126", "homeassistant/device/mbmd_SMA1-126/config"


def inverter() -> DeviceReadings:
    """One that was not asked yet."""
    return unknown(meter("SMA1.126", [CATALOGUE[name] for name in NAMES], "SMA", Descriptor()))


def day(make: Callable[[], Dialect], absent: tuple[str, ...] = ()) -> KeepingBroker:
    """What a broker keeps after a day."""
    device = inverter()
    daemon = Daemon(KeepingBroker(), make, [device]).connect()
    daemon.find(device, absent, SMA)
    daemon.poll(device, some(device))
    daemon.leave()
    return daemon.broker


def homie4() -> Dialect:
    return Homie4(CONFIG)


def homie5() -> Dialect:
    return Homie5(CONFIG)


def home_assistant() -> Dialect:
    return HomeAssistant(CONFIG, Names(CONFIG))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("make", "state", "silent"), [(homie4, HOMIE, b"alert"), (homie5, HOMIE5, b"lost")])
def test_of_what_homie_has_of_a_device_that_sleeps_only_the_state_is_another(
    make: Callable[[], Dialect], state: str, silent: bytes, late: bool
) -> None:
    broker = day(make)
    before = dict(broker.retained)
    device = inverter()
    daemon = Daemon(broker, make, [device]).connect(heard_late=late)
    root = {topic: text for topic, text in broker.retained.items() if topic.startswith("homie/5/mbmd/")}
    assert broker.retained == before | root | {f"{state}/$state": b"init"}
    daemon.silence(device)
    alert = {f"{state}/$alert/offline": b"does not answer"} if make is homie5 else {}
    assert broker.retained == before | root | {f"{state}/$state": silent} | alert
    daemon.connect()
    assert broker.retained[f"{state}/$state"] == silent
    daemon.leave()
    assert broker.retained == before


@pytest.mark.parametrize(("make", "below"), [(homie4, HOMIE), (homie5, HOMIE5)])
def test_what_it_has_no_more_is_cleared_when_it_is_found(make: Callable[[], Dialect], below: str) -> None:
    broker = day(make)
    device = inverter()
    daemon = Daemon(broker, make, [device]).connect()
    daemon.silence(device)
    daemon.find(device, ["VoltageL3"], SMA)
    daemon.poll(device, some(device))
    there = {topic for topic in broker.retained if topic.startswith(below)}
    assert not [topic for topic in there if "voltagel3" in topic]
    assert f"{below}/meter/voltagel1" in there
    assert b"voltagel3" not in b"".join(broker.retained.values())
    assert broker.text(f"{below}/$state") == "ready"


@pytest.mark.parametrize("make", [homie4, homie5])
def test_a_device_that_the_broker_does_not_know_is_announced_when_it_is_found(make: Callable[[], Dialect]) -> None:
    device = inverter()
    daemon = Daemon(KeepingBroker(), make, [device]).connect()
    daemon.silence(device)
    assert not [topic for topic in daemon.broker.retained if "sma" in topic]
    assert complaints_5("homie", daemon.broker.retained) == []
    daemon.find(device, ["VoltageL3"], SMA)
    daemon.poll(device, some(device))
    complaints = complaints_4("homie", daemon.broker.retained, daemon.broker.sent)
    assert (complaints if make is homie4 else complaints_5("homie", daemon.broker.retained)) == []
    assert b"4711" not in b"".join(daemon.broker.retained.values())
    assert b"STP 8.0" in b"".join(daemon.broker.retained.values())


@pytest.mark.parametrize("make", [homie4, homie5])
def test_a_sleeping_device_that_is_taken_out_of_the_configuration_is_cleared(make: Callable[[], Dialect]) -> None:
    broker = day(make)
    daemon = Daemon(broker, make, [inverter()]).connect()
    daemon.reload([])
    assert not [topic for topic in broker.retained if "sma" in topic]
    assert b"sma" not in b"".join(broker.retained.values())


def test_a_sleeping_device_stays_when_a_reload_makes_it_anew() -> None:
    device = inverter()
    daemon = Daemon(KeepingBroker(), homie4, [device]).connect()
    daemon.find(device)
    daemon.poll(device, some(device))
    before = dict(daemon.broker.retained)
    other = inverter()
    daemon.reload([other])
    assert daemon.broker.retained == before | {f"{HOMIE}/$state": b"init"}
    daemon.find(other, ["VoltageL3"])
    assert not [topic for topic in daemon.broker.retained if "voltagel3" in topic]


def test_other_models_are_announced_at_once() -> None:
    device = inverter()
    daemon = Daemon(KeepingBroker(), homie4, [device]).connect()
    daemon.find(device, ["VoltageL3"])
    daemon.poll(device, some(device))
    daemon.find(device, ["VoltageL1"], SMA)
    assert daemon.broker.text(f"{HOMIE}/meter/$properties") == "import,power,voltagel3"
    assert daemon.broker.text(f"{HOMIE}/meter/$name") == "SMA"
    assert daemon.broker.text(f"{HOMIE}/meter/voltagel1/$name") is None
    assert daemon.broker.text(f"{HOMIE}/$state") == "ready"


def discovered(payload: bytes) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(payload)
    return body


def test_home_assistant_keeps_the_sensors_of_a_device_that_sleeps_and_gets_those_of_the_morning() -> None:
    broker = day(home_assistant)
    before = broker.retained[DISCOVERY]
    device = inverter()
    daemon = Daemon(broker, home_assistant, [device]).connect()
    daemon.silence(device)
    assert broker.retained[DISCOVERY] == before
    assert discovered(before)["device"]["serial_number"] == "4711"
    daemon.find(device, ["VoltageL3"], SMA._replace(version="3.2"))
    said: list[bytes] = []
    broker.take = lambda messages: said.extend(m.payload for m in messages if m.topic == DISCOVERY)  # type: ignore[method-assign]
    daemon.poll(device, some(device))
    vanishing, morning = map(discovered, said)
    assert [problems(DISCOVERY, payload) for payload in said] == [[], []]
    assert vanishing["components"]["VoltageL3"] == {"platform": "sensor"}
    assert {"Import", "Power", "VoltageL1"} < morning["components"].keys()
    assert "VoltageL3" not in morning["components"]
    assert morning["device"]["sw_version"] == "3.2"


def test_home_assistant_lets_a_value_expire_by_how_often_it_is_read() -> None:
    device = inverter()
    device.is_found, device.absent = True, frozenset()
    device.health.rate, device.health.rates = 1.0, {"Import": 60.0}
    [payload] = [m.payload for m in home_assistant().presents(device) if m.topic == DISCOVERY]
    sensors = discovered(payload)["components"]
    assert (sensors["Import"]["expire_after"], sensors["Power"]["expire_after"]) == (300, 123)


def test_kept_readings_of_what_it_does_not_have_any_more_are_cleared() -> None:
    config = Mqtt(broker="localhost", retain=True)
    plain, device = Plain(config, Names(config)), inverter()
    device.is_found, device.absent = True, frozenset()
    assert list(plain.presents(device)) == []
    device.absent = frozenset(["VoltageL3"])
    assert [message[:3] for message in plain.presents(device)] == [("mbmd/sma1-126/Voltage/L3", b"", True)]


def test_on_a_connection_it_is_announced_when_it_is_found_and_when_it_has_something_else() -> None:
    async def main() -> None:
        device = inverter()
        async with site(CONFIG, device) as here:
            broker = await here.connected()
            broker.take_said()
            here.lose(device)
            await settled()
            assert broker.take_texts() == [("mbmd/sma1-126/status", "offline")]
            device.is_found, device.absent, device.descriptor = True, frozenset(["VoltageL3"]), SMA
            here.poll(device, Import=1, Power=2, VoltageL1=3)
            await settled()
            said = dict(broker.take_texts())
            assert said[f"{HOMIE}/meter/$properties"] == "import,power,voltagel1"
            assert said[f"{HOMIE}/$state"] == "ready"
            assert "VoltageL1" in discovered(said[DISCOVERY].encode())["components"]
            device.absent = frozenset(["VoltageL1", "VoltageL3"])
            here.hub.turn(device)
            await settled()
            said = dict(broker.take_texts())
            assert said[f"{HOMIE}/meter/$properties"] == "import,power"
            assert "VoltageL1" not in discovered(said[DISCOVERY].encode())["components"]
            device.is_found, device.absent = False, frozenset(NAMES)
            here.hub.turn(device)
            await settled()
            assert not [topic for topic, _ in broker.take_texts() if "meter" in topic or topic == DISCOVERY]

    run(main())


def test_what_on_change_knows_of_a_device_is_of_use_when_it_has_something_else() -> None:
    device = inverter()
    device.is_found, device.absent = True, frozenset(["Power"])
    gate = Gate(Mqtt(broker="localhost", on_change=True))

    def moved(*values: float) -> list[float]:
        column = array("d", values)
        device.commit(column, (), 0.0, 0.0)
        return [v for one in gate.put(Update(device, column, 0.0), 0.0) for v in one.moved.values if v == v]

    assert moved(1.0, nan, 230.0, nan) == [1.0, 230.0]
    assert moved(1.0, nan, 230.0, nan) == []
    device.absent = frozenset(["VoltageL1"])
    assert moved(1.0, 5.0, nan, nan) == [5.0]
    device.absent = frozenset()
    assert moved(1.0, 5.0, 230.0, nan) == [230.0]
