"""Which copies are made, and with which random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from equisite.protocol.robustness import Robustness
from equisite.radiomics.perturbation.chain import chain, generator, is_chosen


def test_the_default_chain_has_72_copies() -> None:
    copies = chain(Robustness())
    assert [c.copy for c in copies] == list(range(72))
    assert len({(c.shift, c.angle_deg, c.volume_change) for c in copies}) == 72


def test_fewer_copies_are_spread_over_the_chain() -> None:
    copies = chain(Robustness(copies=30))
    assert len({c.copy for c in copies}) == 30
    for values in (
        [c.angle_deg for c in copies],
        [c.volume_change for c in copies],
        [c.shift[0] for c in copies],
        [c.shift[2] for c in copies],
    ):
        share = [values.count(v) / 30 for v in sorted(set(values))]
        assert max(share) - min(share) <= 0.15


def test_random_numbers_belong_to_case_copy_and_purpose() -> None:
    first = generator("a1", 3, "noise").standard_normal(4)
    assert np.array_equal(first, generator("a1", 3, "noise").standard_normal(4))
    for other in (("a2", 3, "noise"), ("a1", 4, "noise"), ("a1", 3, "contour")):
        assert not np.array_equal(first, generator(*other).standard_normal(4))


def test_philox_gives_the_numbers_it_always_gave() -> None:
    numbers = generator("a1", 3, "noise").integers(0, 10**6, 3)
    assert numbers.tolist() == EXPECTED


EXPECTED = [444872, 367385, 76187]


def test_a_share_of_cases_is_chosen_by_token() -> None:
    tokens = [f"case{number}" for number in range(2000)]
    chosen = [t for t in tokens if is_chosen(t, 0.25)]
    assert 430 < len(chosen) < 570
    assert {t for t in tokens if is_chosen(t, 0.1)} < set(chosen)
    assert all(is_chosen(t, 1) for t in tokens)


@pytest.mark.parametrize(
    "given",
    [
        {"copies": 73},
        {"translations": (0,), "rotations_deg": (0,), "volume_changes": (0,)},
        {"volume_changes": (-0.5,)},
        {"translations": (1.0,)},
        {"minimum_icc": 1},
    ],
)
def test_senseless_chains_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Robustness.model_validate(given)
