"""What clients of the stream ask for."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sanic.exceptions import BadRequest

from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.web.choice import taking
from mbmd.web.stream.wishes import Form, Wishes, parse_wishes

PLAIN = Wishes(Form.BATCH)


def make() -> Hub:
    told = Measurement("Firmware", "Firmware", "", Kind.TEXT)
    power = CATALOGUE["Power"]
    return Hub(
        [
            DeviceReadings("SDM1.1", "SDM", [power]),
            DeviceReadings("SDM1.2", "SDM", [power, told], name="cellar, left"),
            DeviceReadings("SDM1.3", "SDM", [power], name="Wärmepumpe"),
        ]
    )


@pytest.mark.parametrize(
    ("query", "wishes"),
    [
        ("", PLAIN),
        ("format=reading", Wishes(Form.READING)),
        ("format=batch&status=false", PLAIN._replace(status=False)),
        ("status=true", PLAIN),
        ("devices=SDM1.1", PLAIN._replace(devices=frozenset({"SDM1.1"}))),
        ("devices=SDM1.1,SDM1.3", PLAIN._replace(devices=frozenset({"SDM1.1", "SDM1.3"}))),
        ("devices=SDM1.3&devices=SDM1.1", PLAIN._replace(devices=frozenset({"SDM1.1", "SDM1.3"}))),
        (f"devices=SDM1.1,{quote('Wärmepumpe')}", PLAIN._replace(devices=frozenset({"SDM1.1", "Wärmepumpe"}))),
        (f"devices={quote('cellar, left')}", PLAIN._replace(devices=frozenset({"cellar, left"}))),
        ("measurement=Power*,Import", PLAIN._replace(measurements=frozenset({"Power*", "Import"}))),
        ("measurement=Firm*", PLAIN._replace(measurements=frozenset({"Firm*"}))),
        ("token=abc&x&=&;", PLAIN),
    ],
)
def test_what_is_asked_for(query: str, wishes: Wishes) -> None:
    assert parse_wishes(query, Form.BATCH, make()) == wishes


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("format=", "format '' is none: it is one of batch, reading"),
        ("format=Batch", "format 'Batch' is none: did you mean batch?"),
        ("format=batch&format=batch", "format is given 2 times: give it once"),
        ("status=perhaps", "status 'perhaps' is neither true nor false"),
        ("status=true&status=false", "status is given 2 times: give it once"),
        ("devices=", "devices names none: leave it out to get all"),
        ("devices=SDM1.1,SDM1.9", "there is no device SDM1.9: /api/status lists them"),
        ("devices=cellar", "there is no device cellar: /api/status lists them"),
        ("measurement=Powre", "measurement: there is no measurement Powre: did you mean Power?"),
    ],
)
def test_what_cannot_be_had(query: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_wishes(query, Form.BATCH, make())
    assert str(caught.value) == message
    assert caught.value.status_code == 400


_KEYS = st.sampled_from(["format", "devices", "measurement", "status"]) | st.text(max_size=5)
_TEXTS = st.sampled_from(["batch", "SDM1.1", "Power*", "false", ","]) | st.text()


@given(st.lists(st.tuples(_KEYS, _TEXTS)).map(urlencode) | st.text())
def test_any_query_is_taken_or_refused(query: str) -> None:
    try:
        wishes = parse_wishes(query, Form.READING, make())
    except BadRequest:
        return
    assert all(map(make().find, wishes.devices))


@given(st.sets(st.sampled_from(["Power", "Power*", "*L1", "Firmware", "F*"])))
def test_a_choice_is_what_a_pattern_fits(patterns: set[str]) -> None:
    is_wanted = taking(frozenset(patterns))
    for _ in range(2):
        assert is_wanted("Power") == (not patterns or bool(patterns & {"Power", "Power*"}))
        assert is_wanted("PowerL1") == (not patterns or bool(patterns & {"Power*", "*L1"}))
        assert is_wanted("Firmware") == (not patterns or bool(patterns & {"Firmware", "F*"}))
        assert is_wanted("Import") == (not patterns)
