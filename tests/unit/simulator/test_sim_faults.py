"""Faults of a simulated line."""

import pytest

from mbmd.simulator.faults import NO_FAULTS, Faults, Reads, Spoiler

ANSWER = bytes(range(20))


def test_nothing_happens_without_faults() -> None:
    spoiler = Spoiler(NO_FAULTS)
    assert [spoiler.spoil(ANSWER) for _ in range(100)] == [ANSWER] * 100
    assert spoiler.delay() == 0


def test_loss_takes_its_share() -> None:
    spoiler = Spoiler(Faults(loss=0.25))
    assert sum(not spoiler.spoil(ANSWER) for _ in range(4000)) == pytest.approx(1000, rel=0.1)
    assert Spoiler(Faults(loss=1)).spoil(ANSWER) == b""


def test_corruption_flips_one_bit() -> None:
    spoiler = Spoiler(Faults(corrupt=1))
    for _ in range(200):
        spoiled = spoiler.spoil(ANSWER)
        difference = int.from_bytes(spoiled, "big") ^ int.from_bytes(ANSWER, "big")
        assert len(spoiled) == len(ANSWER)
        assert difference.bit_count() == 1


def test_what_is_cut_ends_too_early() -> None:
    spoiler = Spoiler(Faults(cut=1))
    for _ in range(200):
        spoiled = spoiler.spoil(ANSWER)
        assert 0 < len(spoiled) < len(ANSWER)
        assert ANSWER.startswith(spoiled)
    assert spoiler.spoil(b"x") == b"x"


def test_noise_goes_before_the_answer() -> None:
    spoiler = Spoiler(Faults(noise=1))
    spoiled = [spoiler.spoil(ANSWER) for _ in range(200)]
    assert all(answer.endswith(ANSWER) for answer in spoiled)
    assert {len(answer) - len(ANSWER) for answer in spoiled} == set(range(1, 9))
    assert len({answer[0] for answer in spoiled}) > 50


def test_late_answers_are_late_beside_the_delay_of_all() -> None:
    spoiler = Spoiler(Faults(delay=0.1, late=0.25, late_by=2))
    delays = [spoiler.delay() for _ in range(4000)]
    assert set(delays) == {0.1, 2.1}
    assert delays.count(2.1) == pytest.approx(1000, rel=0.1)
    assert Spoiler(Faults(late=1)).delay() == 0.45


def test_faults_add_up() -> None:
    spoiler = Spoiler(Faults(cut=1, corrupt=1, noise=1))
    assert all(len(spoiler.spoil(ANSWER)) < len(ANSWER) + 8 for _ in range(100))
    assert Spoiler(Faults(loss=1, noise=1)).spoil(ANSWER) == b""


def test_registers_are_refused_by_address_or_by_function_and_address() -> None:
    faults = Faults(refuse={30, (4, 70)})
    assert faults.refuses(3, 30, 1)
    assert faults.refuses(4, 29, 2)
    assert not faults.refuses(4, 31, 39)
    assert faults.refuses(4, 31, 40)
    assert not faults.refuses(3, 31, 40)
    assert not NO_FAULTS.refuses(3, 0, 125)


def test_devices_have_no_faults_of_lines() -> None:
    of_devices = {"dead": frozenset({2}), "refuse": frozenset({30}), "max_registers": 10, "transaction": False}
    of_devices |= {"reads": Reads.POINT, "sleep": True}
    faults = Faults(loss=1, corrupt=1, cut=1, noise=1, late=1, delay=9, echo=True, **of_devices)  # type: ignore[arg-type]
    assert faults.of_devices == Faults(**of_devices)  # type: ignore[arg-type]


def test_the_same_seed_draws_the_same_faults() -> None:
    def run(seed: int) -> list[bytes]:
        spoiler = Spoiler(Faults(loss=0.3, corrupt=0.3, cut=0.3, noise=0.3, seed=seed))
        return [spoiler.spoil(ANSWER) for _ in range(50)]

    assert run(1) == run(1)
    assert run(1) != run(2)
