import numpy as np
import pytest

from equisite.genomics.contamination import ancestry, estimate_contamination
from equisite.genomics.frequencies import CommonSnps


def made(
    share: float, sites: int, *, depth: int = 30, seed: int = 1, population: int = 1
) -> tuple[np.ndarray, CommonSnps]:
    """Reads of a person of a population with a share of reads of another, by the model."""
    rng = np.random.default_rng(seed)
    apart = rng.uniform(0.05, 0.95, (sites, 2))
    panel = np.column_stack([apart.mean(axis=1), apart])
    frequency = panel[:, population]
    own, other = (rng.binomial(2, frequency) for _ in range(2))
    alt = (1 - share) * own / 2 + share * other / 2
    seen = alt * (1 - 0.002) + (1 - alt) * 0.002
    reads = rng.binomial(depth, seen)
    names = tuple(("a", 1000 * at + 1, "A", "C") for at in range(sites))
    return np.column_stack([depth - reads, reads]), CommonSnps(names, panel)


@pytest.mark.parametrize("share", [0.0, 0.03, 0.1, 0.3])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_known_mixture_is_found(share: float, seed: int) -> None:
    counts, snps = made(share, 2000, seed=seed)
    found = estimate_contamination(counts, snps)
    assert found is not None
    assert found.sites == 2000
    assert found.share == pytest.approx(share, abs=0.01)


def test_a_clean_person_is_clean_with_few_sites_and_other_frequencies() -> None:
    counts, snps = made(0.0, 300, depth=20)
    wrong = CommonSnps(snps.sites, snps.populations[:, [0, 2]])
    for panel in (snps, wrong):
        found = estimate_contamination(counts, panel)
        assert found is not None
        assert found.share <= 0.0025


def test_with_too_few_sites_it_is_missing() -> None:
    counts, snps = made(0.1, 99)
    assert estimate_contamination(counts, snps) is None
    counts, snps = made(0.1, 500, depth=7)
    assert estimate_contamination(counts, snps) is None


def test_sites_without_reads_do_not_count() -> None:
    counts, snps = made(0.1, 400)
    counts[::2] = 0
    found = estimate_contamination(counts, snps)
    assert found is not None
    assert found.sites == 200


def test_ancestry_finds_the_population() -> None:
    counts, snps = made(0.0, 2000, population=2)
    weights = ancestry(counts.astype(np.float64), snps.populations)
    assert weights.sum() == pytest.approx(1)
    assert weights[2] > 0.9
