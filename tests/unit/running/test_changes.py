"""What a reload has to do, told from two configurations alone."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.adapter import parse_adapter
from mbmd.config.devices import assign_ids, parse_specs
from mbmd.config.run import RunConfig
from mbmd.devices.registry import BUILT_IN
from mbmd.prepare import Prepared, prepare
from mbmd.running.changes import Buses, Changes, by_bus, difference


def prepared(*specs: str, names: Mapping[str, str] | None = None, rate: float = 1.0) -> list[Prepared]:
    """Devices as a run has them; `names` are by id."""
    devices = assign_ids(parse_specs(specs, parse_adapter, None))
    named = tuple(replace(device, name=(names or {}).get(device.id, "")) for device in devices)
    return prepare(RunConfig(named, None, rate, 0.3), BUILT_IN)


def buses(*specs: str, names: Mapping[str, str] | None = None, rate: float = 1.0) -> Buses:
    return by_bus(prepared(*specs, names=names, rate=rate))


def ids(changes: Changes) -> list[str]:
    """The devices that begin anew."""
    return [device.device.id for device in changes.fresh]


def addresses(changes: Changes) -> tuple[list[str], list[str], list[str]]:
    opened, kept = ([bus.adapter.address for bus in group] for group in (changes.opened, changes.kept))
    return list(changes.closed), opened, kept


A, B, C = "tcp://a:502", "tcp://b:502", "rtu:///dev/c?baudrate=9600"


def test_buses_are_by_address_and_keep_the_order_of_their_devices() -> None:
    made = buses(f"sdm:9@{B}", f"sdm:2@{A}", f"abb:1@{A}")
    assert {address: [d.device.id for d in bus.devices] for address, bus in made.items()} == {
        "a:502": ["SDM1.2", "ABB1.1"],
        "b:502": ["SDM2.9"],
    }


def test_at_the_start_all_is_new() -> None:
    changes = difference({}, buses(f"sdm:1@{A}", f"sdm:2@{A}", f"sdm:1@{C}"))
    assert addresses(changes) == ([], ["/dev/c", "a:502"], [])
    assert ids(changes) == ["SDM1.1", "SDM2.1", "SDM2.2"]
    assert str(changes) == "devices: 3 added; buses: 2 added"


def test_the_same_configuration_read_again_changes_nothing() -> None:
    specs = f"sdm:1@{A}", f"abb:2?slow=Import*@{A}", f"janitza:1@{C}"
    changes = difference(buses(*specs), buses(*reversed(specs)))
    assert addresses(changes) == ([], [], ["/dev/c", "a:502"])
    assert [bus.adapter.address for bus in changes.altered] == ["a:502"]
    assert difference(buses(*specs), buses(*specs)).altered == ()
    assert ids(changes) == []
    assert str(changes) == "devices: 3 untouched"


def test_devices_come_and_go_on_a_bus_that_stays() -> None:
    changes = difference(buses(f"sdm:1@{A}", f"sdm:2@{A}"), buses(f"sdm:1@{A}", f"abb:3@{A}"))
    assert addresses(changes) == ([], [], ["a:502"])
    assert ids(changes) == ["ABB1.3"]
    assert str(changes) == "devices: 1 added, 1 removed, 1 untouched"


def test_a_bus_comes_behind_the_others() -> None:
    changes = difference(buses(f"sdm:1@{A}"), buses(f"sdm:1@{A}", f"sdm:1@{B}", f"sdm:2@{B}"))
    assert addresses(changes) == ([], ["b:502"], ["a:502"])
    assert ids(changes) == ["SDM2.1", "SDM2.2"]
    assert str(changes) == "devices: 2 added, 1 untouched; buses: 1 added"


def test_when_ids_shift_devices_are_others_but_the_connection_stays() -> None:
    changes = difference(buses(f"sdm:1@{B}"), buses(f"sdm:1@{A}", f"sdm:1@{B}"))
    assert addresses(changes) == ([], ["a:502"], ["b:502"])
    assert ids(changes) == ["SDM1.1", "SDM2.1"]
    assert str(changes) == "devices: 1 added, 1 changed; buses: 1 added"


def test_a_bus_goes_with_its_devices() -> None:
    changes = difference(buses(f"sdm:1@{A}", f"sdm:1@{B}"), buses(f"sdm:1@{A}"))
    assert addresses(changes) == (["b:502"], [], ["a:502"])
    assert str(changes) == "devices: 1 removed, 1 untouched; buses: 1 removed"


@pytest.mark.parametrize("other", ["baudrate=19200", "comset=8E1", "unit_pause=5ms", "rs485=true", "connect_delay=1s"])
def test_a_bus_with_other_settings_is_opened_anew(other: str) -> None:
    changes = difference(buses("sdm:1@rtu:///dev/c", f"sdm:1@{A}"), buses(f"sdm:1@rtu:///dev/c?{other}", f"sdm:1@{A}"))
    assert addresses(changes) == (["/dev/c"], ["/dev/c"], ["a:502"])
    assert ids(changes) == ["SDM1.1"]
    assert str(changes) == "devices: 1 changed, 1 untouched; buses: 1 changed"


def test_another_framing_is_another_line() -> None:
    changes = difference(buses("sdm:1@tcp://a:502"), buses("sdm:1@rtu+tcp://a:502"))
    assert addresses(changes) == (["a:502"], ["a:502"], [])


@pytest.mark.parametrize("option", ["rate=5s", "timeout=1s", "pause=10ms", "max_registers=40", "slow=Import"])
def test_options_of_an_adapter_act_through_its_devices_on_the_same_connection(option: str) -> None:
    before, after = f"sdm:1@{A}", f"sdm:1@{A}?{option}"
    changes = difference(buses(before), buses(after))
    assert addresses(changes) == ([], [], ["a:502"])
    assert str(changes) == "devices: 1 changed"


def test_what_comes_to_the_same_is_untouched() -> None:
    written = buses(f"sdm:1?rate=1s&timeout=300ms@{A}", f"sdm:2@{A}")
    assert str(difference(buses(f"SDM:1@{A}", f"sdm:2@{A}"), written)) == "devices: 2 untouched"


def test_a_rate_of_the_run_touches_only_those_it_counts_for() -> None:
    specs = f"sdm:1?rate=5s@{A}", f"sdm:2@{A}"
    changes = difference(buses(*specs, rate=1.0), buses(*specs, rate=2.0))
    assert ids(changes) == ["SDM1.2"]


def test_a_name_alone_changes_in_place() -> None:
    specs = f"sdm:1@{A}", f"sdm:2@{A}"
    changes = difference(buses(*specs), buses(*specs, names={"SDM1.1": "heat pump"}))
    assert ids(changes) == []
    assert str(changes) == "devices: 1 renamed, 1 untouched"


def test_another_table_of_the_same_type_is_another_device() -> None:
    before = prepared(f"sdm:1@{A}", f"abb:2@{A}")
    table = replace(before[0].type, manual="elsewhere")
    after = by_bus([before[0]._replace(type=table), before[1]])
    assert ids(difference(by_bus(before), after)) == ["SDM1.1"]


def test_the_mock_adapter_is_made_for_its_devices() -> None:
    one, two = buses("sdm:1@mock"), buses("sdm:1@mock", "sdm:2@mock")
    assert addresses(difference(one, two)) == (["mock"], ["mock"], [])
    renamed = difference(one, buses("sdm:1@mock", names={"SDM1.1": "pump"}))
    assert addresses(renamed) == ([], [], ["mock"])
    assert len(renamed.altered) == 1


SPECS = st.builds(
    "{}:{}?rate={}s@{}".format,
    st.sampled_from(["sdm", "abb"]),
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from([A, B, C]),
)
CONFIGURATIONS = st.lists(SPECS, max_size=6, unique_by=lambda spec: (spec.split(":", 1)[1][0], spec.split("@")[1]))


@given(CONFIGURATIONS, CONFIGURATIONS)
def test_a_difference_leads_from_any_configuration_to_any_other(before: list[str], after: list[str]) -> None:
    old, new = buses(*before), buses(*after)
    changes = difference(old, new)
    left = {address: bus for address, bus in old.items() if address not in changes.closed}
    assert {bus.adapter.address for bus in changes.kept} == set(left)
    after_all = {bus.adapter.address: bus for bus in (*changes.kept, *changes.opened)}
    assert after_all == new
    assert set(changes.altered) <= set(changes.kept)
    for bus in set(changes.kept) - set(changes.altered):
        assert old[bus.adapter.address] == bus
    fresh = {device.device.id: device for device in changes.fresh}
    staying = {d.device.id: d for bus in left.values() for d in bus.devices}
    for bus in new.values():
        for device in bus.devices:
            if device.device.id not in fresh:
                assert staying[device.device.id][1:] == device[1:]
    assert {bus.adapter.address for bus in changes.opened} == new.keys() - left.keys()
    assert len(changes.devices) == len({d.device.id for b in (*old.values(), *new.values()) for d in b.devices})
