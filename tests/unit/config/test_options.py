"""Options of devices: what is read, what is written, what is said of wrong ones."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.config.adapter import ADAPTER_OPTIONS
from mbmd.config.options import DEVICE_OPTIONS, DeviceOptions, check_patterns, matches, parse_query
from mbmd.errors import UsageError
from mbmd.measurements import CATALOGUE
from tests.option_sets import DEVICE_OPTION_SETS


def read(query: str) -> DeviceOptions:
    return DeviceOptions(**parse_query(query, DEVICE_OPTIONS, "device 'sdm:1'"))


def test_every_field_is_an_option() -> None:
    assert [field.name for field in fields(DeviceOptions)] == list(DEVICE_OPTIONS)
    assert not set(DEVICE_OPTIONS) & set(ADAPTER_OPTIONS)


def test_the_manual_has_all_options() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "options.md").read_text(encoding="utf-8")
    rows = [line for line in manual.splitlines() if line.startswith("| `")]
    assert [key for key in [*ADAPTER_OPTIONS, *DEVICE_OPTIONS] if not any(f"`{key}`" in row for row in rows)] == []


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", DeviceOptions()),
        ("&&", DeviceOptions()),
        ("timeout=1s", DeviceOptions(timeout=1.0)),
        ("pause=0", DeviceOptions(pause=0.0)),
        ("max_registers=125", DeviceOptions(max_registers=125)),
        ("holes=false&plausibility=true", DeviceOptions(holes=False, plausibility=True)),
        ("holes=Off&plausibility=YES", DeviceOptions(holes=False, plausibility=True)),
        ("rate=0&slow_rate=1m30s", DeviceOptions(rate=0.0, slow_rate=90.0)),
        ("rating=43.5", DeviceOptions(rating=43.5)),
        ("rating=.5", DeviceOptions(rating=0.5)),
        ("include=Power+Import*", DeviceOptions(include=("Power", "Import*"))),
        ("include=Power%20Import*", DeviceOptions(include=("Power", "Import*"))),
        ("fast=Current?1", DeviceOptions(fast=("Current?1",))),
        ("slow=Import&slow=Export", DeviceOptions(slow=("Import", "Export"))),
        ("once=Sum*&exclude=*L1", DeviceOptions(once=("Sum*",), exclude=("*L1",))),
    ],
)
def test_what_may_be_asked(query: str, options: DeviceOptions) -> None:
    assert read(query) == options


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("timout=1s", " has unknown option 'timout': did you mean timeout?"),
        ("timeout=1", ": timeout '1' is not a duration: write it as 300ms, 1s or 1m30s"),
        ("timeout=0ms", ": timeout '0ms' must be longer than nothing, as in 300ms"),
        ("slow_rate=0", ": slow_rate '0' must be longer than nothing, as in 300ms"),
        ("pause=-1s", ": pause '-1s' is not a duration: write it as 300ms, 1s or 1m30s"),
        ("rate", ": rate '' is not a duration: write it as 300ms, 1s or 1m30s"),
        ("max_registers=0", ": max_registers '0' is not a number from 1 to 125"),
        ("max_registers=126", ": max_registers '126' is not a number from 1 to 125"),
        ("max_registers=²", ": max_registers '²' is not a number from 1 to 125"),
        ("holes=maybe", ": holes 'maybe' is neither true nor false"),
        ("plausibility=1", ": plausibility '1' is neither true nor false"),
        ("rating=0.0", ": rating '0.0' is not a number of kW above 0, as in 100"),
        ("rating=1kW", ": rating '1kW' is not a number of kW above 0, as in 100"),
        ("rating=nan", ": rating 'nan' is not a number of kW above 0, as in 100"),
        ("rating=-1", ": rating '-1' is not a number of kW above 0, as in 100"),
        ("rating=1e3", ": rating '1e3' is not a number of kW above 0, as in 100"),
        ("include=", ": include '' names no measurement: write it as Power+Import*"),
        ("include=+", ": include ' ' names no measurement: write it as Power+Import*"),
        ("rate=1s&rate=1s", ": rate is given twice: give it once"),
        ("Rate=1s", " has unknown option 'Rate': did you mean rate?"),
        ("%00=1", f" has unknown option '\\x00': it is one of {', '.join(sorted(DEVICE_OPTIONS))}"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(query: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(query)
    assert str(caught.value) == f"device 'sdm:1'{complaint}"


def test_an_infinite_rating_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a number of kW above 0"):
        read("rating=" + "9" * 400)


def test_an_option_of_adapters_is_told_apart() -> None:
    with pytest.raises(UsageError, match=r"^device 'sdm:1': close is an option of the adapter: write it in the URL"):
        parse_query("close=true", DEVICE_OPTIONS, "device 'sdm:1'", ADAPTER_OPTIONS)


@pytest.mark.parametrize("name", ["Power", "VoltageL1_L2"])
def test_a_name_is_a_pattern_of_itself(name: str) -> None:
    assert [known for known in CATALOGUE if matches(known, [name])] == [name]


def test_patterns_tell_upper_from_lower_case() -> None:
    assert matches("ImportT1", ["Export*", "Import*"])
    assert not matches("ImportT1", ["import*"])
    assert not matches("ImportT1", [])


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("exclude=Power+Imort", "exclude 'Imort' matches no measurement: did you mean Import?"),
        ("fast=import*", "fast 'import*' matches no measurement: did you mean Import?"),
        ("slow=[Power", "slow '[Power' matches no measurement: did you mean Power?"),
        ("include=Pumpin*", "include 'Pumpin*' matches no measurement: did you mean Pump?"),
    ],
)
def test_a_pattern_without_a_measurement_is_named_with_the_nearest(query: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_patterns(read(query), {*CATALOGUE, "Pump"})
    assert str(caught.value) == complaint


def test_a_pattern_matches_what_is_known() -> None:
    check_patterns(read("include=Pump*+Power&once=*"), {*CATALOGUE, "Pump"})
    check_patterns(read("rate=1s"), ())


@given(DEVICE_OPTION_SETS)
def test_what_is_written_is_read_back(options: DeviceOptions) -> None:
    text = str(options)
    assert read(text) == options
    assert not set(text) & set(",@# ")


def test_durations_and_lists_are_written_as_people_do() -> None:
    options = DeviceOptions(timeout=1.5, pause=0.01, rate=0.0, holes=False, rating=100.0, include=("Power", "Import*"))
    assert str(options) == "timeout=1.5s&pause=10ms&holes=false&rate=0&rating=100&include=Power+Import*"
    assert str(DeviceOptions()) == ""


QUERIES = st.builds("{}={}".format, st.sampled_from([*DEVICE_OPTIONS]), st.text(max_size=12)) | st.text(max_size=20)


@given(QUERIES)
def test_any_text_is_options_or_a_usage_error(query: str) -> None:
    try:
        outcome = str(read(query))
    except UsageError as error:
        outcome = str(error)
    assert outcome.isprintable()
