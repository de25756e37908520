"""What counts for a device, of all that was said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from mbmd.config.options import DeviceOptions, PollClass
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType, Register, Scale
from mbmd.devices.settings import DEFAULT_RATING, Settings, resolve
from mbmd.errors import UsageError
from tests.option_sets import DEVICE_OPTION_SETS

ONE = "at least one measurement must be read regularly, put it in slow"
NONE = DeviceOptions()
REGISTERS = (
    Register("Power", 3, 0, "float32"),
    Register("VoltageL1", 3, 2, "uint16"),
    Register("Import", 3, 4, "uint64", poll=PollClass.SLOW),
    Register("Export", 3, 8, "uint64", poll=PollClass.SLOW),
)
METER = DeviceType("METER", "Meter", "Works", None, REGISTERS, None)


def settled(
    device: DeviceOptions = NONE,
    adapter: DeviceOptions = NONE,
    run: DeviceOptions = NONE,
    meter: DeviceType = METER,
) -> Settings:
    return resolve(meter, device, adapter, run)


def classes(device: DeviceOptions = NONE, adapter: DeviceOptions = NONE, run: DeviceOptions = NONE) -> dict[str, str]:
    return {register.measurement: register.poll.value for register in settled(device, adapter, run).registers}


def test_defaults() -> None:
    assert settled() == Settings(
        registers=REGISTERS,
        timeout=0.3,
        pause=0.0,
        max_registers=125,
        holes=True,
        rate=1.0,
        slow_rate=60.0,
        rating=DEFAULT_RATING,
        plausibility=True,
    )
    assert DEFAULT_RATING == 3000.0


def test_what_a_table_says() -> None:
    meter = replace(METER, timeout=2.0, rating=70.0, max_registers=4, holes=False, pause=0.1)
    made = settled(meter=meter)
    assert (made.timeout, made.rating, made.max_registers, made.holes, made.pause) == (2.0, 70.0, 4, False, 0.1)


@pytest.mark.parametrize("field", ["timeout", "rate", "slow_rate", "rating"])
def test_the_nearest_time_wins(field: str) -> None:
    one, two, three = (DeviceOptions(**{field: value}) for value in (1.0, 2.0, 3.0))  # type: ignore[arg-type]
    assert getattr(settled(one, two, three), field) == 1.0
    assert getattr(settled(NONE, two, three), field) == 2.0
    assert getattr(settled(NONE, NONE, three), field) == 3.0


def test_the_nearest_flag_wins() -> None:
    yes, no = DeviceOptions(plausibility=True), DeviceOptions(plausibility=False)
    assert settled(yes, no, no).plausibility
    assert not settled(NONE, no, yes).plausibility
    assert not settled(NONE, NONE, no).plausibility


def test_zero_is_a_value() -> None:
    assert settled(DeviceOptions(rate=0.0), DeviceOptions(rate=5.0)).rate == 0.0


@pytest.mark.parametrize(
    ("table", "run", "timeout"), [(2.0, 0.3, 2.0), (0.1, 0.3, 0.3), (0.1, None, 0.1), (None, 0.5, 0.5)]
)
def test_the_timeout_of_a_table_is_a_least_one(table: float | None, run: float | None, timeout: float) -> None:
    meter = replace(METER, timeout=table)
    assert settled(run=DeviceOptions(timeout=run), meter=meter).timeout == timeout
    assert settled(adapter=DeviceOptions(timeout=0.05), run=DeviceOptions(timeout=run), meter=meter).timeout == 0.05


def test_the_rating_of_a_table_wins_over_the_run() -> None:
    meter = replace(METER, rating=70.0)
    assert settled(run=DeviceOptions(rating=10.0), meter=meter).rating == 70.0
    assert settled(adapter=DeviceOptions(rating=10.0), meter=meter).rating == 10.0


@pytest.mark.parametrize(
    ("device", "adapter", "table", "limit"),
    [(None, None, 80, 80), (100, None, 80, 100), (None, 60, 80, 60), (100, 60, 80, 60), (20, 60, 80, 20)],
)
def test_a_read_is_as_long_as_bus_and_device_bear(
    device: int | None, adapter: int | None, table: int, limit: int
) -> None:
    made = settled(
        DeviceOptions(max_registers=device),
        DeviceOptions(max_registers=adapter),
        meter=replace(METER, max_registers=table),
    )
    assert made.max_registers == limit


@pytest.mark.parametrize(
    ("device", "adapter", "table", "holes"),
    [
        (None, None, False, False),
        (True, None, False, True),
        (True, True, False, True),
        (None, True, False, False),
        (None, False, True, False),
        (True, False, True, False),
        (False, True, True, False),
    ],
)
def test_holes_are_read_where_bus_and_device_bear_them(
    device: bool | None, adapter: bool | None, table: bool, holes: bool
) -> None:
    made = settled(DeviceOptions(holes=device), DeviceOptions(holes=adapter), meter=replace(METER, holes=table))
    assert made.holes is holes


@pytest.mark.parametrize(
    ("device", "adapter", "table", "pause"),
    [
        (None, None, 0.1, 0.1),
        (0.0, None, 0.1, 0.0),
        (0.0, 0.2, 0.1, 0.2),
        (0.3, 0.2, 0.1, 0.3),
        (None, 0.05, 0.1, 0.1),
    ],
)
def test_the_longer_rest_of_bus_and_device_counts(
    device: float | None, adapter: float | None, table: float, pause: float
) -> None:
    made = settled(DeviceOptions(pause=device), DeviceOptions(pause=adapter), meter=replace(METER, pause=table))
    assert made.pause == pause


def test_the_nearest_inclusion_counts() -> None:
    power, voltage, both = (DeviceOptions(include=p) for p in (("Power",), ("Voltage*",), ("Power", "Voltage*")))
    assert list(classes(power, voltage, both)) == ["Power"]
    assert list(classes(NONE, voltage, both)) == ["VoltageL1"]
    assert list(classes(NONE, NONE, both)) == ["Power", "VoltageL1"]


def test_exclusions_add_up() -> None:
    power, voltage, export = (DeviceOptions(exclude=p) for p in (("Power",), ("Voltage*",), ("Export",)))
    assert list(classes(power, voltage, export)) == ["Import"]
    assert list(classes(DeviceOptions(include=("Power", "Import"), exclude=("Power",)))) == ["Import"]


def test_the_nearest_class_counts() -> None:
    everything = ("*",)
    run = DeviceOptions(slow=everything)
    assert set(classes(run=run).values()) == {"slow"}
    adapter = DeviceOptions(fast=("Import",))
    assert classes(NONE, adapter, run) == {"Power": "slow", "VoltageL1": "slow", "Import": "fast", "Export": "slow"}
    device = DeviceOptions(once=("*port",), fast=("Power",))
    assert classes(device, adapter, run) == {"Power": "fast", "VoltageL1": "slow", "Import": "once", "Export": "once"}


def test_the_table_has_the_last_word_on_classes() -> None:
    assert classes() == {"Power": "fast", "VoltageL1": "fast", "Import": "slow", "Export": "slow"}


def test_the_rarest_class_of_a_layer_counts() -> None:
    device = DeviceOptions(once=("Import",), slow=("*port", "Power"), fast=("*",))
    assert classes(device) == {"Power": "slow", "VoltageL1": "fast", "Import": "once", "Export": "slow"}


@pytest.mark.parametrize(
    ("device", "adapter", "message"),
    [
        (
            DeviceOptions(include=("DC*", "Sum")),
            NONE,
            "include=DC*+Sum leaves nothing to read: leave it some, such as Power",
        ),
        (
            DeviceOptions(exclude=("*port",)),
            DeviceOptions(include=("Import*",), exclude=("Power",)),
            "include=Import* with exclude=*port+Power leaves nothing to read: leave it some, such as Power",
        ),
        (DeviceOptions(exclude=("*",)), NONE, "exclude=* leaves nothing to read: leave it some, such as Power"),
        (
            DeviceOptions(once=("*",), include=("*port",)),
            NONE,
            f"all that is left is read once (Import, Export): {ONE}",
        ),
        (
            DeviceOptions(max_registers=3),
            NONE,
            "max_registers 3 is too small for Import: give at least 4, or exclude it",
        ),
        (
            NONE,
            DeviceOptions(max_registers=1),
            "max_registers 1 is too small for Import: give at least 4, or exclude it",
        ),
    ],
)
def test_what_cannot_work_is_told_with_the_way_out(device: DeviceOptions, adapter: DeviceOptions, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        settled(device, adapter)
    assert str(caught.value) == f"device type METER: {message}"


def test_a_read_may_be_short_when_the_long_values_are_excluded() -> None:
    assert settled(DeviceOptions(max_registers=2, exclude=("*port",))).max_registers == 2


def test_a_read_must_have_room_for_a_value_or_its_scale_not_for_all_between() -> None:
    far = Register("Power", 3, 100, "uint16", scale=Scale(0, "int32"))
    assert (far.least, len(far.span)) == (2, 101)
    assert settled(DeviceOptions(max_registers=2), meter=replace(METER, registers=(far,))).max_registers == 2
    with pytest.raises(UsageError, match="max_registers 1 is too small for Power: give at least 2, or exclude it"):
        settled(DeviceOptions(max_registers=1), meter=replace(METER, registers=(far,)))


@given(DEVICE_OPTION_SETS, DEVICE_OPTION_SETS, DEVICE_OPTION_SETS)
def test_any_options_make_settings_that_work_or_a_usage_error(
    device: DeviceOptions, adapter: DeviceOptions, run: DeviceOptions
) -> None:
    try:
        made = settled(device, adapter, run)
    except UsageError as error:
        assert str(error).startswith("device type METER: ")  # noqa: PT017 - any options may be good
        return
    assert any(register.poll is not PollClass.ONCE for register in made.registers)
    assert max(register.count for register in made.registers) <= made.max_registers
    assert [replace(r, poll=PollClass.FAST) for r in made.registers] == [
        replace(r, poll=PollClass.FAST)
        for r in REGISTERS
        if r.measurement in {register.measurement for register in made.registers}
    ]


def test_an_error_names_no_more_measurements_than_a_line_holds() -> None:
    with pytest.raises(UsageError) as error:
        resolve(BUILT_IN.get("SDM"), DeviceOptions(once=("*",)), DeviceOptions(), DeviceOptions())
    assert "(VoltageL1, VoltageL2, VoltageL3, CurrentL1, CurrentL2 and 47 more)" in str(error.value)
