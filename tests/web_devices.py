"""Devices of all kinds and in all states, as the web server tells of them."""

from array import array
from math import nan
from time import monotonic

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.hub import Hub

STAMP = 1_700_000_000.5
MODEL = Measurement("Model", "Model", "", Kind.TEXT)
GAS = Measurement("GasVolume", "Gas Volume", "m³", Kind.COUNTER)


def various() -> list[DeviceReadings]:
    """A meter, an inverter with texts, one of an own table that never answered, one that went, one not asked yet."""
    return [_meter(), _inverter(), _silent(), _gone(), DeviceReadings("SDM1.5", "SDM", [CATALOGUE["Power"]])]


def large(count: int) -> Hub:
    """As many meters, each with all measurements of the catalogue."""
    devices = [DeviceReadings(f"SDM1.{unit}", "SDM", CATALOGUE.values()) for unit in range(1, count + 1)]
    for device in devices:
        device.commit(array("d", range(len(CATALOGUE))), (), monotonic(), STAMP)
    return Hub(devices)


def _meter() -> DeviceReadings:
    meter = DeviceReadings(
        "SDM1.1", "SDM", [CATALOGUE[name] for name in ("Power", "PowerL1", "Import")], "pump", "cellar"
    )
    meter.adapter, meter.unit, meter.health.rate = "/dev/ttyUSB0", 1, 1.0
    meter.descriptor = Descriptor("Eastron", "SDM630")
    meter.health.last_seen = STAMP
    meter.health.refused = ("PowerL1",)
    meter.commit(array("d", [1234.5, 345, nan]), (), monotonic(), STAMP)
    return meter


def _inverter() -> DeviceReadings:
    inverter = DeviceReadings("SMA2.126.1", "SMA", [CATALOGUE["DCPower"], MODEL])
    inverter.adapter, inverter.unit, inverter.subdevice = "192.0.2.1:502", 126, 1
    inverter.descriptor = Descriptor("SMA", "STP 8.0", "TRIPOWER", "3.1", "4711")
    inverter.commit(array("d", [2500, nan]), (), monotonic(), STAMP, {"Model": 'A "quoted" \u20ac'})
    return inverter


def _silent() -> DeviceReadings:
    silent = DeviceReadings("GAS3.1", "GAS", [GAS], "Wärme/1")
    silent.health.gone("no answer")
    return silent


def _gone() -> DeviceReadings:
    gone = DeviceReadings("SDM1.4", "SDM", [CATALOGUE["Power"], CATALOGUE["Import"]])
    gone.commit(array("d", [1, 2]), (), monotonic(), STAMP)
    gone.health.gone("no answer")
    gone.go_offline()
    return gone
