"""Which features stand the perturbations: copies by patient, and their ICC.

Both tables are private; what may leave of them is the protocol's to say, and release's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equisite.codebook.book import Codebook, column
from equisite.cohort.join import in_order
from equisite.cohort.sources import Rows, Sources
from equisite.stats.icc import intraclass_correlation, mean_squares

FEWEST_CASES = 10
"""With fewer cases a feature is not judged (radiomics, 10)."""

MOST_GAPS = 0.05
"""With a larger share of missing values neither."""

KEYS = ("patient", "token", "modality", "roi", "reader", "copy", "roi_status")

Verdict = Literal["robust", "below", "few cases", "gaps", "constant"]


@dataclass(frozen=True)
class Copies:
    """Values of perturbed copies: one row per patient and copy.

    features: column -> (patient, copy) values, NaN where missing. copies: their numbers.
    """

    patients: tuple[str, ...]
    copies: tuple[str, ...]
    features: Mapping[str, NDArray[np.float64]]

    @property
    def columns(self) -> list[str]:
        """Columns of the table."""
        return ["patient", "copy", *self.features]

    def rows(self) -> Iterable[Mapping[str, object]]:
        """Rows of the table, by patient and copy."""
        for p, patient in enumerate(self.patients):
            for c, copy in enumerate(self.copies):
                values = {name: float(v[p, c]) for name, v in self.features.items()}
                yield {"patient": patient, "copy": copy, **values}


@dataclass(frozen=True)
class RobustnessRow:
    """One feature. cases: with a value in every copy; the others are left out.

    between, within: mean squares in the square of the unit. lower, upper: 95 % interval.
    verdict: `robust`, `below` (the lower bound misses the protocol's limit), or why it is
    not judged: `few cases`, `gaps`, `constant`.
    """

    column: str
    label: str
    unit: str
    ibsi: str
    cases: int
    copies: int
    gaps: float
    between: float
    within: float
    icc: float
    lower: float
    upper: float
    verdict: Verdict


def gather(sources: Sources, perturbed: Rows, patients: Sequence[str]) -> Copies:
    """Copies of the cohort's patients, of the series that the cohort takes first.

    perturbed: rows of all batches. patients: of the cohort. A patient of whom no region
    was perturbed is not among the copies.
    """
    by_case: dict[tuple[str, ...], Rows] = defaultdict(list)
    for row in perturbed:
        by_case[_case(row)].append(row)
    names = [c for c in (perturbed[0] if perturbed else ()) if c not in KEYS]
    copies = sorted({row["copy"] for row in perturbed}, key=int)
    place = {copy: number for number, copy in enumerate(copies)}
    known = set(patients)
    taken: dict[tuple[str, str, str], Rows] = {}
    for row in in_order(sources):
        region = (row["patient"], row["modality"], row["roi"])
        if row["roi_status"] == "ok" and row["patient"] in known and _case(row) in by_case:
            taken.setdefault(region, by_case[_case(row)])
    owners = sorted({patient for patient, _, _ in taken}, key=str.encode)
    number = {patient: n for n, patient in enumerate(owners)}
    kinds = sorted({(modality, roi) for _, modality, roi in taken})
    features = {
        column(modality, roi, name): np.full((len(owners), len(copies)), math.nan)
        for modality, roi in kinds
        for name in names
    }
    for (patient, modality, roi), rows in taken.items():
        for row in rows:
            for name in names:
                if row["roi_status"] == "ok" and row[name]:
                    values = features[column(modality, roi, name)]
                    values[number[patient], place[row["copy"]]] = float(row[name])
    return Copies(tuple(owners), tuple(copies), features)


def _case(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[key] for key in KEYS[:5])


def judge(copies: Copies, minimum_icc: float, book: Codebook) -> list[RobustnessRow]:
    """ICC(1,1) of every feature that any case has, in the order of columns."""
    rows = []
    for name, values in copies.features.items():
        present = np.isfinite(values)
        held = values[present.any(axis=1)]
        if not held.size:
            continue
        complete = held[np.isfinite(held).all(axis=1)]
        gaps = 1 - float(np.isfinite(held).mean())
        rows.append(_judged(name, complete, gaps, minimum_icc, book))
    return rows


def _judged(
    name: str, values: NDArray[np.float64], gaps: float, minimum: float, book: Codebook
) -> RobustnessRow:
    variable = book.variable(name)
    between = within = icc = lower = upper = math.nan
    verdict: Verdict = "few cases"
    if gaps > MOST_GAPS:
        verdict = "gaps"
    elif len(values) >= FEWEST_CASES:
        squares = mean_squares(values)
        found = intraclass_correlation(squares)
        between, within = squares.between, squares.within
        icc, lower, upper = found.value, found.lower, found.upper
        verdict = "constant" if math.isnan(icc) else "robust" if lower >= minimum else "below"
    return RobustnessRow(
        name,
        variable.label,
        variable.unit,
        variable.external("IBSI"),
        len(values),
        values.shape[1],
        gaps,
        between,
        within,
        icc,
        lower,
        upper,
        verdict,
    )
