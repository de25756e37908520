"""Which type a meter is taken for."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.devices.evidence import Answer
from mbmd.devices.identify import MOST_READS, SURE, Identifier, Read, also_fit
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType, Register
from tests import approve
from tests.simulated_units import GAPS, SCENES, TYPES, answer, interview, interviewed, registers

ALL = Identifier(TYPES)
VOLTAGE = struct.pack(">f", 230.0)


def _shows_only_zeros(device: DeviceType, scene: str) -> bool:
    return device.type == "SDM72" and scene in ("no counts", "neither")


def first_types(device: DeviceType, scene: str = "everyday", gaps: str = "strict") -> list[str]:
    matches = ALL.matches(interviewed(ALL, device, scene, gaps))
    return [kind.type for kind in matches[0].types] if matches else []


def test_confusions_are_as_approved() -> None:
    diff = approve.changes("confusions.snapshot")
    assert not diff, f"meters are taken for others; if that is meant, run `python -m tests.approve`:\n{diff}"


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("device", TYPES, ids=lambda device: device.type)
def test_each_type_is_recognised(device: DeviceType, gaps: str) -> None:
    assert device.type in first_types(device, gaps=gaps)


@pytest.mark.parametrize(
    ("device", "scene"),
    [(device, scene) for device in TYPES for scene in SCENES if not _shows_only_zeros(device, scene)],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_in_poor_circumstances_the_right_type_is_at_least_told_as_another_that_fits(
    device: DeviceType, scene: str
) -> None:
    matches = ALL.matches(interviewed(ALL, device, scene, "zero"))
    assert any(device in match.types for match in (matches[0], *also_fit(matches)))


@pytest.mark.parametrize("gaps", GAPS)
def test_an_sdm72_is_not_called_an_sdm630(gaps: str) -> None:
    assert first_types(BUILT_IN.get("SDM72"), gaps=gaps) == ["SDM72"]
    assert first_types(BUILT_IN.get("SDM72V2"), gaps=gaps) == ["SDM72V2"]


def test_types_with_the_same_registers_are_told_together() -> None:
    assert first_types(BUILT_IN.get("X961A")) == ["SDM", "X961A"]
    assert first_types(BUILT_IN.get("ELTAKODSZ16")) == ["ELTAKODSZ15", "ELTAKODSZ16"]


def test_a_probe_that_its_own_table_has_in_another_form_is_asked_in_that_form() -> None:
    assert Read(3, 0, 1) in Identifier([BUILT_IN.get("ORNO1P504")]).probes
    assert Identifier([BUILT_IN.get("ORNO1p525")]).matches({Read(4, 256, 2): (230_000).to_bytes(4)})


def test_a_probe_is_asked_once_for_all_types_and_the_commonest_first() -> None:
    assert len(ALL.probes) == len(set(ALL.probes)) >= 20
    assert ALL.probes[0] == Read(4, 0, 2)


def test_probes_are_asked_before_anything_else() -> None:
    image = registers(BUILT_IN.get("SDM"))
    answers = interview(ALL, lambda read: answer(image, read))
    assert tuple(answers)[: len(ALL.probes)] == ALL.probes


@pytest.mark.parametrize("name", ["SDM", "INEPRO", "WAGO87930"])
def test_a_brief_interview_leaves_out_probes_as_soon_as_a_type_fits(name: str) -> None:
    image = registers(BUILT_IN.get(name))
    answers: dict[Read, Answer] = {}
    while (read := ALL.next_read(answers, brief=True)) is not None:
        answers[read] = answer(image, read)
    assert name in [kind.type for kind in ALL.matches(answers)[0].types]
    assert not set(ALL.probes) <= answers.keys()


@pytest.mark.parametrize("said", [None, 1, 2, 4, "zeros", "ones"])
def test_who_says_the_same_to_everything_is_asked_the_probes_alone_and_fits_nothing(said: object) -> None:
    def ask(read: Read) -> Answer:
        return {"zeros": bytes(2 * read.size), "ones": b"\xff" * 2 * read.size}.get(str(said), said)  # type: ignore[arg-type]

    answers = interview(ALL, ask)
    assert tuple(answers) == ALL.probes
    assert ALL.matches(answers) == []


def test_a_single_voltage_is_a_match_that_is_not_sure() -> None:
    (match,) = Identifier([BUILT_IN.get("JANITZA")]).matches({Read(3, 19000, 2): VOLTAGE})
    assert match.score < SURE
    assert not match.is_sure
    assert match.values == {"VoltageL1": 230.0}


def test_a_lost_answer_does_not_turn_the_scales() -> None:
    image = registers(BUILT_IN.get("SDM"))

    def ask(read: Read) -> Answer:
        return None if read == Read(4, 2, 2) else answer(image, read)

    assert [kind.type for kind in ALL.matches(interview(ALL, ask))[0].types] == ["SDM", "X961A"]


def test_a_table_of_the_user_is_told_from_the_one_that_it_is_like() -> None:
    sdm = BUILT_IN.get("SDM72V2")
    own = replace(sdm, type="OWN", registers=(*sdm.registers, Register("HeatSinkTemp", 4, 900, "float32")))
    identifier = Identifier((*TYPES, own))
    assert [kind.type for kind in identifier.matches(interviewed(identifier, own))[0].types] == ["OWN"]
    assert [kind.type for kind in identifier.matches(interviewed(identifier, sdm))[0].types] == ["SDM72V2"]


def test_a_type_without_anything_that_can_be_told_is_left_out() -> None:
    nothing = replace(BUILT_IN.get("SDM"), type="COILS", probe=None, registers=())
    assert Identifier([nothing]).probes == ()
    assert Identifier([]).next_read({}) is None


@given(st.data())
def test_whatever_a_unit_answers_it_is_asked_only_so_much(data: st.DataObject) -> None:
    def ask(read: Read) -> Answer:
        good = st.sampled_from([VOLTAGE[: 2 * read.size].ljust(2 * read.size, b"\0"), b"\x08\xfc" * read.size])
        raw = st.binary(min_size=2 * read.size, max_size=2 * read.size)
        return data.draw(st.one_of(good, raw, st.sampled_from([None, 1, 2, 3, 4, 6, 255])))

    answers = interview(ALL, ask)
    assert len(answers) <= len(ALL.probes) + MOST_READS
    scores = [match.score for match in ALL.matches(answers)]
    assert scores == sorted(scores, reverse=True)
