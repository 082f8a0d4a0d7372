"""One allele among the patients of a group: its copies, carriers, and who was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equisite.release.patients import Mask
from equisite.stats.allele_frequency import allele_frequency


@dataclass(frozen=True)
class AlleleCount:
    """What a group's patients have of one allele.

    copies: expected alternative copies, by EM. alleles: copies of the locus in patients of
    whom something is known (2, or 1 where the ploidy is 1; never 2N by rule). looked_at: the
    same patients, (patient,). carriers: patients who more likely carry it than not.
    by_ploidy: patients with 0, 1 and 2 copies of the locus. callable_patients: those with
    enough reads at the place.
    """

    copies: float
    alleles: int
    looked_at: Mask
    carriers: int
    by_ploidy: tuple[int, int, int]
    callable_patients: int


def count_allele(cells: Sequence[str]) -> AlleleCount:
    """Count one allele. cells: one per patient, `ploidy:callable:phred0,phred1,phred2`.

    Patients without a cell add neither to the copies nor to their number: taking them for
    reference would lower the frequency by their share. Patients with few reads stay: their
    likelihoods say how little they know.
    """
    looked_at = np.array([bool(cell) for cell in cells], dtype=np.bool_)
    parts = [cell.split(":") for cell in cells if cell]
    ploidy = np.array([int(part[0]) for part in parts], dtype=np.int64)
    phred = np.array([part[2].split(",") for part in parts], dtype=np.float64).reshape(-1, 3)
    frequency, posterior = allele_frequency(10 ** (-phred / 10), ploidy)
    alleles = int(ploidy.sum())
    return AlleleCount(
        copies=frequency * alleles if alleles else 0.0,
        alleles=alleles,
        looked_at=looked_at,
        carriers=int(np.count_nonzero(posterior[:, 1:].sum(axis=1) > 0.5)),
        by_ploidy=(
            int(np.count_nonzero(ploidy == 0)),
            int(np.count_nonzero(ploidy == 1)),
            int(np.count_nonzero(ploidy == 2)),
        ),
        callable_patients=sum(part[1] == "1" for part in parts),
    )
