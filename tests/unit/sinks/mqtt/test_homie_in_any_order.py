"""Whatever comes after whatever: what the broker keeps is complete by the convention, and nothing of it is stale."""

from math import nan
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mbmd.config.outputs import Mqtt
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings, State
from mbmd.sinks.mqtt.dialect import Dialect
from mbmd.sinks.mqtt.homie import Homie4
from mbmd.sinks.mqtt.homie5 import Homie5
from tests.homie_checker import ID_OF_MBMD, complaints_4, complaints_5
from tests.homie_world import Daemon, KeepingBroker, meter, unknown

MEASUREMENTS = (
    *(CATALOGUE[name] for name in ("Power", "PowerL1", "Cosphi", "VoltageL1_L2", "HeatSinkTemp", "Import")),
    Measurement("SerialNumber", "Serial Number", "", Kind.TEXT),
)
IDS = ("SDM1.1", "SDM1.2", "CGEM24_E12.1", "SMA1.126.1")
VALUES = st.floats(-1e12, 1e12) | st.just(nan)
DEVICES = st.dictionaries(st.sampled_from(IDS), st.sets(st.sampled_from(MEASUREMENTS), min_size=1))
FOREIGN = {
    "homie/lamp/$state": b"ready",
    "homie/lamp/meter/$properties": b"power",
    "homie/sdm9-9/$implementation/clientid": b"another",
    "homie/5/lamp/$state": b"ready",
    "homie/5/lamp/$description": b'{"homie": "5.0", "version": 1}',
    "homie/5/sdm9-9/$state": b"ready",
    "homie/5/sdm9-9/$description": b'{"homie": "5.0", "version": 1, "name": "mbmd"}',
}
LEFT = {
    "homie/sdm1-1/meter/thd/$name": b"THD",
    "homie/5/sdm1-1/meter/thd": b"1.000",
    "homie/sdm1-1/$stats/uptime": b"1",
}


class Homie(RuleBasedStateMachine):
    """An mbmd that lives through anything; what others keep at the broker is not touched."""

    version: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.broker = KeepingBroker()
        mine = {topic: text for topic, text in LEFT.items() if topic.startswith("homie/5/") == (self.version == "5")}
        self.broker.retained |= FOREIGN | mine
        self.daemon = Daemon(self.broker, self.make)

    def make(self) -> Dialect:
        raise NotImplementedError

    @initialize(devices=DEVICES, late=st.booleans())
    def begin(self, devices: dict[str, set[Measurement]], late: bool) -> None:
        # The topics in LEFT, which have no mark, are only those of a device that is there.
        self.daemon.reload(self._made({"SDM1.1": {MEASUREMENTS[0]}, **devices}))
        self.daemon.connect(heard_late=late)

    @rule(data=st.data())
    def poll(self, data: st.DataObject) -> None:
        if device := self._found(data):
            values = data.draw(st.tuples(*[VALUES] * len(device.measurements)))
            text = data.draw(st.text(max_size=3).filter(lambda text: text.isprintable()))
            missing = device.missing
            column = [
                nan if m.kind is Kind.TEXT or m.name in missing else value
                for m, value in zip(device.measurements, values, strict=True)
            ]
            texts = {m.name: text for m in device.measurements if m.kind is Kind.TEXT and m.name not in missing}
            self.daemon.poll(device, column, texts)

    @rule(data=st.data())
    def be_silent(self, data: st.DataObject) -> None:
        if device := self._drawn(data):
            self.daemon.silence(device)

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """A device tells with a poll what it does not have."""
        if device := self._found(data):
            names = [m.name for m in device.measurements[1:]]
            device.health.refused = tuple(name for name in names if data.draw(st.booleans()))
            self.daemon.poll(device, [nan] * len(device.measurements))

    @rule(data=st.data())
    def find(self, data: st.DataObject) -> None:
        """It is known what a device has that must be asked for that; known anew, and otherwise, with a poll."""
        device = self._drawn(data)
        if device is not None and device.id.startswith("SMA"):
            was_found = device.is_found
            self.daemon.find(device, [m.name for m in device.measurements[1:] if data.draw(st.booleans())])
            if was_found:
                self.daemon.poll(device, [nan] * len(device.measurements))

    @rule(devices=DEVICES, data=st.data())
    def reload(self, devices: dict[str, set[Measurement]], data: st.DataObject) -> None:
        """Devices come, go, become others under their ids, or stay."""
        there = self.daemon.devices
        stay = {name: there[name] for name in there if data.draw(st.booleans())}
        others = [device for device in self._made(devices) if device.id not in stay]
        self.daemon.reload([*stay.values(), *others])

    @rule()
    def lose_the_connection(self) -> None:
        self.daemon.lose()

    @rule(late=st.booleans())
    def connect(self, late: bool) -> None:
        self.daemon.lose()
        self.daemon.connect(heard_late=late)

    @rule(devices=DEVICES, cleanly=st.booleans())
    def start_anew(self, devices: dict[str, set[Measurement]], cleanly: bool) -> None:
        if cleanly:
            self.daemon.leave()
        self.daemon.lose()
        self.daemon = Daemon(self.broker, self.make, self._made(devices)).connect()

    @invariant()
    def what_others_keep_is_let_alone(self) -> None:
        assert self.broker.kept(FOREIGN) == FOREIGN

    @invariant()
    def all_is_complete_and_nothing_is_stale(self) -> None:
        if self.daemon.connected:
            retained = {topic: text for topic, text in self.broker.retained.items() if topic not in FOREIGN}
            if retained.get("homie/sma1-126-1/$state") == b"lost" and len(self.broker.below("homie/sma1-126-1")) == 1:
                # A will tells of a device that was never announced; nobody looks there.
                del retained["homie/sma1-126-1/$state"]
            self.check(retained)

    def check(self, retained: dict[str, bytes]) -> None:
        raise NotImplementedError

    def check_devices(self, there: set[str], hyphen: str) -> None:
        """All devices are there but those of which nobody knows yet what they have: they may be."""
        devices = self.daemon.devices.values()
        ids = {d.id.lower().replace(".", "-").replace("_", hyphen): d.is_found for d in devices}
        assert {name for name, is_found in ids.items() if is_found} <= there <= ids.keys()

    def check_values(self, base: str, hyphen: str, states: dict[State, str]) -> None:
        """Each device has the state that it is in, and values of nothing but what it offers, if that is known."""
        for device in self.daemon.devices.values():
            below = self.broker.below(f"{base}/{device.id.lower().replace('.', '-').replace('_', hyphen)}")
            assert device.is_found <= bool(below)
            if not below:
                continue
            assert below["$state"] == states[device.state]
            if not device.is_found:
                continue
            names = {m.name.lower().replace("_", hyphen) for m in device.offered}
            values = {name.removeprefix("meter/") for name in below if name.startswith("meter/") and "$" not in name}
            assert values <= names
            if device.online:
                read = zip(device.measurements, device.latest, strict=True)
                told = {m.name for m, value in read if value == value} - device.absent
                assert {name.lower().replace("_", hyphen) for name in told} <= values

    def _made(self, devices: dict[str, set[Measurement]]) -> list[DeviceReadings]:
        """Those that must be asked for what they have were not asked yet."""
        made = [meter(name, measurements) for name, measurements in sorted(devices.items())]
        return [unknown(device) if device.id.startswith("SMA") else device for device in made]

    def _found(self, data: st.DataObject) -> DeviceReadings | None:
        device = self._drawn(data)
        return device if device is not None and device.is_found else None

    def _drawn(self, data: st.DataObject) -> DeviceReadings | None:
        devices = self.daemon.devices
        return devices[data.draw(st.sampled_from(sorted(devices)))] if devices else None


class AnyHomie4(Homie):
    version = "4"

    def make(self) -> Dialect:
        return Homie4(Mqtt(broker="localhost"))

    def check(self, retained: dict[str, bytes]) -> None:
        assert complaints_4("homie", retained, self.broker.sent, ID_OF_MBMD) == []
        self.check_devices({topic.split("/")[1] for topic in retained}, "_")
        self.check_values("homie", "_", {State.UNKNOWN: "init", State.ONLINE: "ready", State.OFFLINE: "alert"})


class AnyHomie5(Homie):
    version = "5"

    def make(self) -> Dialect:
        return Homie5(Mqtt(broker="localhost"))

    def check(self, retained: dict[str, bytes]) -> None:
        assert complaints_5("homie", retained) == []
        self.check_devices({topic.split("/")[2] for topic in retained} - {"mbmd"}, "-")
        self.check_values("homie/5", "-", {State.UNKNOWN: "init", State.ONLINE: "ready", State.OFFLINE: "lost"})


TestHomie4 = AnyHomie4.TestCase
TestHomie5 = AnyHomie5.TestCase
TestHomie4.settings = TestHomie5.settings = settings(max_examples=40, stateful_step_count=20)
