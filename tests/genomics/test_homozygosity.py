from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.genomics.homozygosity import Run, _runs_of, roh_bases, runs
from equisite.variants.intervals import Territory
from equisite.variants.vcf import Genotype

LENGTH = 20_000_000
WHOLE = Territory.of([("chr1", 0, LENGTH)])


def person(
    autozygous: list[tuple[int, int]], seed: int = 1, wrong: float = 0.005
) -> list[Genotype]:
    """One substitution in a thousand bases, one in three homozygous; in runs nearly all."""
    rng = np.random.default_rng(seed)
    records = []
    for position in np.sort(rng.choice(LENGTH, LENGTH // 1000, replace=False)).tolist():
        inside = any(start <= position < end for start, end in autozygous)
        hom = rng.random() < (1 - wrong if inside else 0.35)
        records.append(Genotype("chr1", position, ("A", "G"), (1, 1) if hom else (0, 1), ""))
    return records


@pytest.mark.parametrize("seed", range(3))
def test_runs_are_found_and_nothing_else(seed: int) -> None:
    assert roh_bases(person([], seed), WHOLE) == 0
    true = [(3_000_000, 5_000_000), (9_000_000, 10_500_000)]
    found = roh_bases(person(true, seed), WHOLE)
    assert found == pytest.approx(3_500_000, rel=0.02)
    # Half a million bases is what two copies of a common haplotype reach.
    assert roh_bases(person([(3_000_000, 3_500_000)], seed), WHOLE) == 0


def test_only_bases_of_the_territory_count() -> None:
    records = person([(3_000_000, 6_000_000)])
    exons = Territory.of(("chr1", at, at + 1000) for at in range(0, LENGTH, 10_000))
    found = roh_bases(records, exons)
    assert found == pytest.approx(300_000, rel=0.1)


def test_where_nothing_can_be_said_it_is_missing() -> None:
    records = person([(3_000_000, 6_000_000)])
    assert roh_bases(records, Territory.of([("chr1", 0, 999_999)])) is None
    assert roh_bases([], WHOLE) is None
    indel = Genotype("chr1", 5, ("A", "AT"), (1, 1), "")
    assert roh_bases([indel], WHOLE) is None


def test_a_gap_ends_a_run_and_sequences_are_apart() -> None:
    near = [("a", 1000 * at, True) for at in range(1, 700)]
    far = [("a", 3_000_000 + 1000 * at, True) for at in range(700)]
    other = [("b", 1000 * at, True) for at in range(700)]
    assert list(runs([*near, *far, *other])) == [
        Run("a", 1000, 699_001), Run("a", 3_000_000, 3_699_001), Run("b", 0, 699_001),
    ]  # fmt: skip


def by_all_paths(chunk: list[tuple[int, bool]]) -> float:
    """Log-probability of the best of all paths, each written out."""
    best = -np.inf
    out, share, hom, wrong = 1 / 5e6, 0.01, 0.4 / 1.6, 0.01
    into = out * share / (1 - share)
    for path in product((0, 1), repeat=len(chunk)):
        total, last = 0.0, chunk[0][0]
        for at, (position, homozygous) in enumerate(chunk):
            if at:
                moved = (1 - np.exp(-(into + out) * (position - last))) / (into + out)
                change = (into, out)[path[at - 1]] * moved
                total += np.log(change if path[at] != path[at - 1] else 1 - change)
            else:
                total += np.log((1 - share, share)[path[0]])
            p = (hom, 1 - wrong)[path[at]]
            total += np.log(p if homozygous else 1 - p)
            last = position
        best = max(best, total)
    return best


def of_path(chunk: list[tuple[int, bool]], found: list[Run]) -> float:
    """The same of the path that was found."""
    inside = [int(any(r.start <= at < r.end for r in found)) for at, _ in chunk]
    out, share, hom, wrong = 1 / 5e6, 0.01, 0.4 / 1.6, 0.01
    into = out * share / (1 - share)
    total = np.log((1 - share, share)[inside[0]])
    for at, (position, homozygous) in enumerate(chunk):
        if at:
            distance = position - chunk[at - 1][0]
            moved = (1 - np.exp(-(into + out) * distance)) / (into + out)
            change = (into, out)[inside[at - 1]] * moved
            total += np.log(change if inside[at] != inside[at - 1] else 1 - change)
        p = (hom, 1 - wrong)[inside[at]]
        total += np.log(p if homozygous else 1 - p)
    return float(total)


@given(
    st.lists(st.tuples(st.integers(1, 300_000), st.booleans()), min_size=1, max_size=9),
    st.booleans(),
)
def test_no_path_is_likelier(steps: list[tuple[int, bool]], mostly: bool) -> None:
    position, chunk = 0, []
    for step, homozygous in steps:
        position += step
        chunk.append((position, homozygous or mostly))
    found = list(_runs_of("a", chunk))
    assert of_path(chunk, found) == pytest.approx(by_all_paths(chunk), abs=1e-9)
