"""The catalogue of measurements: every name a reading can have, with its description and unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """How a measurement moves: an instant value goes up and down, a counter only up; a text is no number."""

    INSTANT = "instant"
    COUNTER = "counter"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One quantity; the unit is empty where there is none, such as for a power factor."""

    name: str
    description: str
    unit: str
    kind: Kind

    @property
    def label(self) -> str:
        """The description with its unit, `L1 Power (W)`."""
        return f"{self.description} ({self.unit})" if self.unit else self.description

    @property
    def is_balance(self) -> bool:
        """Whether it may be a counter that runs backwards: with some meters sums are import less export."""
        return self.kind is Kind.COUNTER and self.name.startswith(_BALANCES)


_BALANCES = ("Sum", "ReactiveSum")
_COUNTER_UNITS = frozenset({"kWh", "kvarh"})

_ROWS = (
    ("Frequency", "Frequency", "Hz"),
    ("FrequencyL1", "L1 Frequency", "Hz"),
    ("FrequencyL2", "L2 Frequency", "Hz"),
    ("FrequencyL3", "L3 Frequency", "Hz"),
    ("Current", "Current", "A"),
    ("CurrentL1", "L1 Current", "A"),
    ("CurrentL2", "L2 Current", "A"),
    ("CurrentL3", "L3 Current", "A"),
    ("Voltage", "Voltage", "V"),
    ("VoltageL1", "L1 Voltage", "V"),
    ("VoltageL2", "L2 Voltage", "V"),
    ("VoltageL3", "L3 Voltage", "V"),
    ("VoltageL1_L2", "L1 to L2 Voltage", "V"),
    ("VoltageL2_L3", "L2 to L3 Voltage", "V"),
    ("VoltageL3_L1", "L3 to L1 Voltage", "V"),
    ("VoltageL_N_avg", "L to N average Voltage", "V"),
    ("VoltageL_L_avg", "L to L average Voltage", "V"),
    ("Power", "Power", "W"),
    ("PowerL1", "L1 Power", "W"),
    ("PowerL2", "L2 Power", "W"),
    ("PowerL3", "L3 Power", "W"),
    ("ImportPower", "Import Power", "W"),
    ("ImportPowerL1", "L1 Import Power", "W"),
    ("ImportPowerL2", "L2 Import Power", "W"),
    ("ImportPowerL3", "L3 Import Power", "W"),
    ("ExportPower", "Export Power", "W"),
    ("ExportPowerL1", "L1 Export Power", "W"),
    ("ExportPowerL2", "L2 Export Power", "W"),
    ("ExportPowerL3", "L3 Export Power", "W"),
    ("ReactivePower", "Reactive Power", "var"),
    ("ReactivePowerL1", "L1 Reactive Power", "var"),
    ("ReactivePowerL2", "L2 Reactive Power", "var"),
    ("ReactivePowerL3", "L3 Reactive Power", "var"),
    ("ApparentPower", "Apparent Power", "VA"),
    ("ApparentPowerL1", "L1 Apparent Power", "VA"),
    ("ApparentPowerL2", "L2 Apparent Power", "VA"),
    ("ApparentPowerL3", "L3 Apparent Power", "VA"),
    ("Cosphi", "Cosphi", ""),
    ("CosphiL1", "L1 Cosphi", ""),
    ("CosphiL2", "L2 Cosphi", ""),
    ("CosphiL3", "L3 Cosphi", ""),
    ("THD", "Average voltage to neutral THD", "%"),
    ("THDL1", "L1 Voltage to neutral THD", "%"),
    ("THDL2", "L2 Voltage to neutral THD", "%"),
    ("THDL3", "L3 Voltage to neutral THD", "%"),
    ("ThreePhase_Vec_A", "Three Phase Vector Current", "%"),
    ("Sum", "Total Sum", "kWh"),
    ("SumT1", "Tariff 1 Sum", "kWh"),
    ("SumT2", "Tariff 2 Sum", "kWh"),
    ("SumL1", "L1 Sum", "kWh"),
    ("SumL2", "L2 Sum", "kWh"),
    ("SumL3", "L3 Sum", "kWh"),
    ("Import", "Total Import", "kWh"),
    ("ImportT1", "Tariff 1 Import", "kWh"),
    ("ImportT2", "Tariff 2 Import", "kWh"),
    ("ImportL1", "L1 Import", "kWh"),
    ("ImportL2", "L2 Import", "kWh"),
    ("ImportL3", "L3 Import", "kWh"),
    ("Export", "Total Export", "kWh"),
    ("ExportT1", "Tariff 1 Export", "kWh"),
    ("ExportT2", "Tariff 2 Export", "kWh"),
    ("ExportL1", "L1 Export", "kWh"),
    ("ExportL2", "L2 Export", "kWh"),
    ("ExportL3", "L3 Export", "kWh"),
    ("ReactiveSum", "Total Reactive", "kvarh"),
    ("ReactiveSumT1", "Tariff 1 Reactive", "kvarh"),
    ("ReactiveSumT2", "Tariff 2 Reactive", "kvarh"),
    ("ReactiveSumL1", "L1 Reactive", "kvarh"),
    ("ReactiveSumL2", "L2 Reactive", "kvarh"),
    ("ReactiveSumL3", "L3 Reactive", "kvarh"),
    ("ReactiveImport", "Reactive Import", "kvarh"),
    ("ReactiveImportT1", "Tariff 1 Reactive Import", "kvarh"),
    ("ReactiveImportT2", "Tariff 2 Reactive Import", "kvarh"),
    ("ReactiveImportL1", "L1 Reactive Import", "kvarh"),
    ("ReactiveImportL2", "L2 Reactive Import", "kvarh"),
    ("ReactiveImportL3", "L3 Reactive Import", "kvarh"),
    ("ReactiveExport", "Reactive Export", "kvarh"),
    ("ReactiveExportT1", "Tariff 1 Reactive Export", "kvarh"),
    ("ReactiveExportT2", "Tariff 2 Reactive Export", "kvarh"),
    ("ReactiveExportL1", "L1 Reactive Export", "kvarh"),
    ("ReactiveExportL2", "L2 Reactive Export", "kvarh"),
    ("ReactiveExportL3", "L3 Reactive Export", "kvarh"),
    ("DCCurrent", "DC Current", "A"),
    ("DCVoltage", "DC Voltage", "V"),
    ("DCPower", "DC Power", "W"),
    ("HeatSinkTemp", "Heat Sink Temperature", "°C"),
    ("DCCurrentS1", "String 1 Current", "A"),
    ("DCVoltageS1", "String 1 Voltage", "V"),
    ("DCPowerS1", "String 1 Power", "W"),
    ("DCEnergyS1", "String 1 Generation", "kWh"),
    ("DCCurrentS2", "String 2 Current", "A"),
    ("DCVoltageS2", "String 2 Voltage", "V"),
    ("DCPowerS2", "String 2 Power", "W"),
    ("DCEnergyS2", "String 2 Generation", "kWh"),
    ("DCCurrentS3", "String 3 Current", "A"),
    ("DCVoltageS3", "String 3 Voltage", "V"),
    ("DCPowerS3", "String 3 Power", "W"),
    ("DCEnergyS3", "String 3 Generation", "kWh"),
    ("DCCurrentS4", "String 4 Current", "A"),
    ("DCVoltageS4", "String 4 Voltage", "V"),
    ("DCPowerS4", "String 4 Power", "W"),
    ("DCEnergyS4", "String 4 Generation", "kWh"),
    ("ChargeState", "Charge State", "%"),
    ("BatteryVoltage", "Battery Voltage", "V"),
    ("PhaseAngle", "Phase Angle", "°"),
)


def _measurement(name: str, description: str, unit: str) -> Measurement:
    return Measurement(name, description, unit, Kind.COUNTER if unit in _COUNTER_UNITS else Kind.INSTANT)


CATALOGUE: Mapping[str, Measurement] = MappingProxyType({row[0]: _measurement(*row) for row in _ROWS})
"""All measurements by name, in the order in which they are shown."""
