"""The built-in SunSpec device: a three-phase inverter with two strings, and the meter behind it as its subdevice 1."""

import zlib

from mbmd.simulator.borders import borders
from mbmd.simulator.device import Simulated
from mbmd.simulator.house import Flow, House, Moment
from mbmd.simulator.models import Values, write_model
from mbmd.simulator.nameplates import NAMEPLATES
from mbmd.simulator.registers import Image
from mbmd.simulator.sun import Day

BASE = 40000
SUBDEVICES = 2
"""The inverter and the meter."""

_MARKER = (0x5375, 0x6E53)
_END = (0xFFFF, 0)
_COMMON, _INVERTER, _STRINGS, _METER = 1, 103, 160, 203
_PHASES = "ABC"
_LINES = (("AB", 0, 1), ("BC", 1, 2), ("CA", 2, 0))
_SLEEPING, _STARTING, _WORKING = 2, 3, 4
"""Operating states of the models 103 and 160."""
_OF_INVERTER = {"A_SF": -2, "V_SF": -1, "W_SF": 0, "Hz_SF": -2, "VA_SF": 0, "VAr_SF": 0, "PF_SF": -2, "WH_SF": 0}
_OF_DC = {"DCA_SF": -2, "DCV_SF": -1, "DCW_SF": 0}
_OF_METER = {"A_SF": -2, "V_SF": -1, "W_SF": 0, "Hz_SF": -2, "VA_SF": 0, "VAR_SF": 0, "PF_SF": -2, "TotWh_SF": 0}


def inverter(name: str, unit: int, day: Day) -> Simulated:
    """The device of a SunSpec type, in any case; it sleeps at night."""
    seed = f"{name.upper()}:{unit}"
    house = House(seed, day)
    heads = [_common(name.upper(), unit, is_meter, zlib.crc32(seed.encode())) for is_meter in (False, True)]

    def image(seconds: float) -> Image:
        moment = house.at(seconds)
        words = [
            *_MARKER,
            *heads[0],
            *write_model(_INVERTER, _inverter(moment)),
            *write_model(_STRINGS, {"DCWH_SF": 0, "N": len(moment.strings), **_OF_DC}, _strings(moment)),
            *heads[1],
            *write_model(_METER, _meter(moment)),
            *_END,
        ]
        return {1: {}, 2: {}, 3: dict(enumerate(words, BASE)), 4: {}}

    return Simulated(image, is_asleep=house.is_dark, borders=borders(image(0)[3]))


def _common(name: str, unit: int, is_meter: bool, number: int) -> list[int]:
    plate = NAMEPLATES[name]
    values: Values = {
        "Mn": plate.manufacturer,
        "Md": plate.meter if is_meter else plate.inverter,
        "Opt": "simulated",
        "Vr": plate.meter_version if is_meter else plate.version,
        "SN": f"{number:010}"[-9:] + str(int(is_meter)),
        "DA": unit,
    }
    return write_model(_COMMON, values)


def _inverter(moment: Moment) -> Values:
    """Model 103. At night, as of many inverters, nothing of DC is implemented, and neither are PF and temperature."""
    phases, light = moment.phases, moment.is_light
    direct = sum(string.power for string in moment.strings)
    current = sum(string.current for string in moment.strings)
    is_working = any(string.is_working for string in moment.strings)
    return {
        **_OF_INVERTER,
        **_OF_DC,
        "Tmp_SF": -1,
        "A": sum(phase.current for phase in phases),
        **{f"Aph{name}": phase.current for name, phase in zip(_PHASES, phases, strict=True)},
        **{f"PPVph{name}": moment.line_voltage(first, second) for name, first, second in _LINES},
        **{f"PhVph{name}": phase.voltage for name, phase in zip(_PHASES, phases, strict=True)},
        "W": sum(phase.active for phase in phases),
        "Hz": moment.frequency,
        "VA": sum(phase.apparent for phase in phases),
        "VAr": sum(phase.reactive for phase in phases),
        "PF": 100 * phases[0].cosphi if light else None,
        "WH": moment.energy,
        "DCA": current if light else None,
        "DCV": direct / current if light and current else None,
        "DCW": direct if light else None,
        "TmpCab": moment.temperature if light else None,
        "St": (_WORKING if is_working else _STARTING) if light else _SLEEPING,
        "Evt1": 0,
        "Evt2": 0,
    }


def _strings(moment: Moment) -> list[Values]:
    """The groups of model 160."""
    light = moment.is_light
    return [
        {
            "ID": number,
            "IDStr": string.name,
            "DCA": string.current if light else None,
            "DCV": string.voltage if light else None,
            "DCW": string.power if light else None,
            "DCWH": string.energy,
            "DCSt": (_WORKING if string.is_working else _STARTING) if light else _SLEEPING,
            "DCEvt": 0,
        }
        for number, string in enumerate(moment.strings, 1)
    ]


def _meter(moment: Moment) -> Values:
    """Model 203."""
    grid, total = moment.grid, moment.total
    lines = {f"PhVph{name}": moment.line_voltage(first, second) for name, first, second in _LINES}
    values = {**_OF_METER, **_flow("", "", total), "Hz": moment.frequency, "Evt": 0, **lines}
    for name, flow in zip(_PHASES, grid, strict=True):
        values |= _flow(f"ph{name}", f"Ph{name}", flow)
    return values | {
        "A": sum(flow.current for flow in grid),
        "PPV": sum(lines.values()) / len(lines),
    }


def _flow(phase: str, counter: str, flow: Flow) -> dict[str, float]:
    """Points of the meter for one phase or all; `phase` and `counter` are how their names end."""
    return {
        f"A{phase}": flow.current,
        f"PhV{phase}": flow.voltage,
        f"W{phase}": flow.active,
        f"VA{phase}": flow.apparent,
        f"VAR{phase}": flow.reactive,
        f"PF{phase}": 100 * flow.cosphi,
        f"TotWhImp{counter}": flow.imported,
        f"TotWhExp{counter}": flow.exported,
    }
