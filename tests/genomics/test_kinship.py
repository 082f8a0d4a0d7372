import numpy as np
import pytest

from equisite.genomics.kinship import (
    APART,
    FIRST_DEGREE,
    SAME,
    genotypes_of,
    independent_sites,
    kinships,
)


def people(sites: int = 4000) -> dict[str, np.ndarray]:
    """Two unrelated parents, two of their children, and a copy of one child."""
    rng = np.random.default_rng(7)
    frequency = rng.uniform(0.1, 0.9, sites)
    founders = [rng.random((2, sites)) < frequency for _ in range(2)]

    def child() -> np.ndarray:
        return sum(
            f[rng.integers(0, 2, sites), np.arange(sites)].astype(np.int8) for f in founders
        )

    one = child()
    parents = {f"parent{n}": f.sum(axis=0).astype(np.int8) for n, f in enumerate(founders)}
    return {**parents, "one": one, "two": child(), "copy": one.copy()}


def test_kinship_is_that_of_the_pedigree() -> None:
    made = people()
    names = list(made)
    phi = {
        frozenset((names[p.one], names[p.other])): p.phi for p in kinships(list(made.values()))
    }
    assert phi[frozenset(("one", "copy"))] == pytest.approx(0.5)
    assert abs(phi[frozenset(("parent0", "parent1"))]) < 0.05
    for pair in (("one", "two"), ("parent0", "one"), ("parent1", "two"), ("two", "copy")):
        assert FIRST_DEGREE < phi[frozenset(pair)] < SAME
    assert phi[frozenset(("parent0", "one"))] == pytest.approx(0.25, abs=0.03)


def test_below_three_thousand_common_sites_nothing_is_said() -> None:
    made = list(people(3100).values())
    made[0][:101] = -1
    pairs = [(p.one, p.other) for p in kinships(made)]
    assert pairs == [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]


def test_genotypes_follow_the_share_of_reads() -> None:
    counts = np.array([[10, 0], [9, 1], [8, 4], [4, 8], [0, 10], [4, 5], [0, 0]])
    assert genotypes_of(counts).tolist() == [0, 0, 1, 1, 2, -1, -1]


def test_neighbours_are_not_independent() -> None:
    sites = [("a", p, "A", "C") for p in (1, 5_000, 10_001, 15_000)] + [("b", 3, "A", "C")]
    assert independent_sites(sites) == [0, 2, 4]


def test_sex_chromosomes_are_no_kinship() -> None:
    """Unrelated men would look unlike themselves, and two women more alike than two men."""
    names = ("chr1", "chrX", "X", "Y", "chrM", "MT", "chr2")
    sites = [(name, 1 + APART * at, "A", "C") for name in names for at in range(2)]
    assert [sites[at][0] for at in independent_sites(sites)] == ["chr1"] * 2 + ["chr2"] * 2
