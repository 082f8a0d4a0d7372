"""Who is whom inside one site: the same person twice, close relatives, swapped samples.

Pairs never leave the site: they stand in outcomes only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equisite.genomics.aligned import bare_name
from equisite.genomics.frequencies import Site

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Genotypes = NDArray[np.int8]

LEAST_SNPS = 3000
"""Independent sites that both of a pair need: on linked sites 11 of 190 unrelated pairs of
a public cohort exceed the limit of first degree."""
APART = 10_000
"""Bases between sites that count as independent."""
SAME = 0.354
FIRST_DEGREE = 0.177
UNRELATED = 0.0884
"""Limits of phi between the same person, first degree, second degree and less (2 ** -1.5,
-2.5, -3.5)."""
LEAST_READS = 10
_HET = (0.2, 0.8)
_UNPAIRED = frozenset({"X", "Y", "MT"})
_ROWS = 256


@dataclass(frozen=True)
class Pair:
    """Kinship of two samples, by their places in the list, over `sites` common sites."""

    one: int
    other: int
    phi: float
    sites: int


def independent_sites(sites: Sequence[Site]) -> list[int]:
    """Places of sites that lie at least `APART` bases from the one taken before.

    Sites of X, Y and mitochondria are left out: men have one copy, which counts as two of the
    same, so that unrelated men would have too many opposite genotypes.
    """
    kept = []
    last = ("", 0)
    for at, (contig, position, _, _) in enumerate(sites):
        if bare_name(contig).upper() in _UNPAIRED:
            continue
        if contig != last[0] or position - last[1] >= APART:
            kept.append(at)
            last = contig, position
    return kept


def genotypes_of(counts: Counts) -> Genotypes:
    """Alternative copies 0, 1, 2 by the share of ALT reads; -1 with too few reads.

    counts: (site, 2) reads with REF and ALT.
    """
    import numpy as np

    depth = counts.sum(axis=1)
    share = counts[:, 1] / np.maximum(depth, 1)
    copies = np.where(share < _HET[0], 0, np.where(share > _HET[1], 2, 1))
    return np.where(depth >= LEAST_READS, copies, -1).astype(np.int8)


def kinships(genotypes: Sequence[Genotypes]) -> Iterator[Pair]:
    """KING-robust phi of every pair that has enough common sites.

    phi = (N_het,het - 2 N_opposite) / (N_het_i + N_het_j), counted where both are known.
    Counts come from products of 0/1 matrices, row block by row block; they are whole numbers
    below 2 ** 24, so that single precision holds them exactly on every processor.
    Source: Manichaikul et al. 2010 (doi:10.1093/bioinformatics/btq559), KING-robust.
    """
    import numpy as np

    if len(genotypes) < 2:
        return
    all_of = np.stack(genotypes)
    known, het, ref, alt = (
        (all_of == copies if copies is not None else all_of >= 0).astype(np.float32)
        for copies in (None, 1, 0, 2)
    )
    for start in range(0, len(all_of), _ROWS):
        part = slice(start, start + _ROWS)
        sites = known[part] @ known.T
        both = het[part] @ het.T
        opposite = ref[part] @ alt.T + alt[part] @ ref.T
        total = het[part] @ known.T + known[part] @ het.T
        for row in range(len(sites)):
            one = start + row
            enough = (sites[row] >= LEAST_SNPS) & (total[row] > 0)
            for other in np.flatnonzero(enough):
                if other > one:
                    phi = (both[row, other] - 2 * opposite[row, other]) / total[row, other]
                    yield Pair(one, int(other), float(phi), int(sites[row, other]))
