"""Faults of a simulated line."""

import pytest

from mbmd.simulator.faults import NO_FAULTS, Faults, Spoiler

ANSWER = bytes(range(20))


def test_nothing_happens_without_faults() -> None:
    spoiler = Spoiler(NO_FAULTS)
    assert [spoiler.spoil(ANSWER) for _ in range(100)] == [ANSWER] * 100
    assert spoiler.delay == 0


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


def test_the_same_seed_draws_the_same_faults() -> None:
    def run(seed: int) -> list[bytes]:
        spoiler = Spoiler(Faults(loss=0.3, corrupt=0.3, seed=seed))
        return [spoiler.spoil(ANSWER) for _ in range(50)]

    assert run(1) == run(1)
    assert run(1) != run(2)
