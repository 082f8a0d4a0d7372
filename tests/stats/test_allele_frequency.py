import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.stats.allele_frequency import allele_frequency

SURE = np.array([[1.0, 1e-30, 1e-30], [1e-30, 1.0, 1e-30], [1e-30, 1e-30, 1.0]])
FLAT = np.ones(3)


def of(likelihoods: list[np.ndarray], ploidy: list[int]) -> float:
    return allele_frequency(np.array(likelihoods), np.array(ploidy))[0]


def test_sure_genotypes_are_counted() -> None:
    people = [SURE[0], SURE[1], SURE[1], SURE[2]]
    assert of(people, [2, 2, 2, 2]) == pytest.approx(4 / 8, abs=1e-6)
    assert of([SURE[0]] * 5, [2] * 5) == pytest.approx(0, abs=1e-6)
    assert of([SURE[2]] * 5, [2] * 5) == pytest.approx(1, abs=1e-6)


def test_who_tells_nothing_does_not_move_the_frequency() -> None:
    people = [SURE[0], SURE[1], SURE[0]]
    assert of([*people, FLAT, FLAT], [2] * 5) == pytest.approx(1 / 6, abs=1e-5)


def test_one_copy_counts_once_and_none_not_at_all() -> None:
    assert of([SURE[1], SURE[0], SURE[1]], [1, 1, 2]) == pytest.approx(2 / 4, abs=1e-6)
    assert of([SURE[1], FLAT], [2, 0]) == pytest.approx(1 / 2, abs=1e-6)
    assert math.isnan(of([FLAT], [0]))
    _, posterior = allele_frequency(np.array([SURE[2], SURE[2]]), np.array([1, 2]))
    assert posterior[0, 2] == 0


def test_reads_of_few_depth_share_their_strength() -> None:
    """One alternative of two reads: alone a toss-up, among carriers of many reads likely."""
    doubt = np.array([0.25 * 1e-2, 0.25, 0.25 * 1e-2])
    rare = [SURE[0]] * 40
    assert of([*rare, doubt], [2] * 41) < of([SURE[1]] * 40 + [doubt], [2] * 41)


@given(
    st.lists(st.tuples(st.lists(st.floats(1e-6, 1), min_size=3, max_size=3), st.integers(0, 2)),
             min_size=1, max_size=20)
)  # fmt: skip
def test_a_fixed_point_of_the_equation(people: list[tuple[list[float], int]]) -> None:
    likelihoods = np.array([p for p, _ in people])
    ploidy = np.array([m for _, m in people])
    frequency, posterior = allele_frequency(likelihoods, ploidy)
    if not ploidy.sum():
        assert math.isnan(frequency)
        return
    assert 0 <= frequency <= 1
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    assert frequency == pytest.approx(
        float((posterior @ np.arange(3)).sum()) / ploidy.sum(), abs=1e-5
    )
