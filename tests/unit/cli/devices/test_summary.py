"""What a device measures, in a few words."""

import pytest

from mbmd.cli.devices.summary import summary
from mbmd.devices.registry import BUILT_IN
from mbmd.measurements import CATALOGUE, Kind, Measurement


def of(*names: str) -> str:
    return summary(CATALOGUE[name] for name in names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ""),
        (("Power",), "power"),
        (("Frequency", "VoltageL3", "VoltageL1"), "L1-L3: voltage; frequency"),
        (("VoltageL1",), "L1: voltage"),
        (("VoltageL1_L2", "VoltageL2_L3", "VoltageL_N_avg"), "L1-L2: voltage"),
        (("Power", "ImportPower", "ExportPower"), "power"),
        (("Sum",), "energy"),
        (("Sum", "Import", "Export"), "energy import/export"),
        (("Export", "ReactiveImport"), "energy export, reactive energy import"),
        (("ImportT1", "ImportT2", "ExportL1"), "L1 T1-T2: energy import/export"),
        (("DCPowerS1", "DCPowerS4", "THD", "Cosphi"), "S1-S4: DC power; power factor, THD"),
    ],
)
def test_quantities_with_their_phases_tariffs_and_strings(names: tuple[str, ...], words: str) -> None:
    assert of(*names) == words


def test_the_order_does_not_matter() -> None:
    names = [register.measurement for register in BUILT_IN.get("SDM").registers]
    assert of(*names) == of(*reversed(names))
    assert of(*names) == (
        "L1-L3: voltage, current, power, reactive power, apparent power, power factor, THD, energy import/export, "
        "reactive energy import/export; phase angle, frequency"
    )


def test_own_measurements_are_named_by_their_description_and_come_last() -> None:
    own = Measurement("WaterL1", "Water: warm", "l", Kind.COUNTER)
    assert summary([own, CATALOGUE["Power"], CATALOGUE["VoltageL1"]]) == "L1: voltage; power, Water: warm"


def test_every_measurement_of_the_catalogue_has_a_word() -> None:
    for name, measurement in CATALOGUE.items():
        assert summary([measurement]).rpartition(": ")[2].islower() or name.startswith(("THD", "DC"))
