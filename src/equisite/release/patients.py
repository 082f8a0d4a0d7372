"""The private cohort as arrays: the only place where release meets single patients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.cohort.join import SET_COLUMNS, SETS
from equisite.core.tables import read_table

Mask = NDArray[np.bool_]
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Carried:
    """One allele. carriers: (patient,). frequency: in the population, NaN if not known."""

    carriers: Mask
    frequency: float


@dataclass(frozen=True)
class Patients:
    """Values of all patients, without their names.

    sets: (patient,) bool by analysis set. texts: (patient,) text by column, "" is missing.
    read: numeric columns that were parsed already. copies: (patient, copy) values of the
    perturbed copies by column, NaN where a patient has none. carried: alleles in the
    regions of a table of positions, by name.
    """

    count: int
    sets: Mapping[str, Mask]
    texts: Mapping[str, Sequence[str]]
    read: dict[str, Reals] = field(default_factory=dict, repr=False)
    copies: Mapping[str, Reals] = field(default_factory=dict, repr=False)
    carried: Mapping[str, Carried] = field(default_factory=dict, repr=False)

    def has(self, column: str) -> bool:
        """Whether the site's cohort has the column at all."""
        return column in self.texts

    def numbers(self, column: str) -> Reals:
        """(patient,) float64 of one column, NaN where the cell is empty or not there."""
        if column not in self.texts:
            return np.full(self.count, np.nan)
        if column not in self.read:
            values = [float(text) if text else math.nan for text in self.texts[column]]
            self.read[column] = np.array(values, dtype=np.float64)
        return self.read[column]

    def codes(self, column: str, absent: str) -> NDArray[np.str_]:
        """(patient,) codes of one column, `absent` where the cell is empty or not there."""
        if column not in self.texts:
            return np.full(self.count, absent)
        return np.array([text or absent for text in self.texts[column]], dtype=np.str_)


def read_patients(
    path: Path, perturbed: Path | None = None, positions: Path | None = None
) -> Patients:
    """Read `private/cohort.tsv`; rows keep their order, ids are dropped.

    perturbed: `private/perturbed.tsv`, where the protocol has a table of its features.
    positions: `private/positions.tsv`, where it has a table of positions.
    """
    columns, rows = read_table(path)
    patients = [row["patient"] for row in rows]
    return Patients(
        len(rows),
        {s: np.array([r[f"set_{s}"] == "1" for r in rows], dtype=np.bool_) for s in SETS},
        {
            column: tuple(row[column] for row in rows)
            for column in columns
            if column != "patient" and column not in SET_COLUMNS
        },
        copies=_copies(patients, perturbed) if perturbed else {},
        carried=_carried(patients, positions) if positions else {},
    )


def _carried(patients: Sequence[str], path: Path) -> dict[str, Carried]:
    place = {patient: number for number, patient in enumerate(patients)}
    found = {}
    for row in read_table(path)[1]:
        carriers = np.zeros(len(patients), dtype=np.bool_)
        carriers[[place[p] for p in row["patients"].split(",") if p in place]] = True
        name = ":".join(row[column] for column in ("contig", "position", "ref", "alt"))
        found[name] = Carried(carriers, float(row["frequency"] or math.nan))
    return found


def _copies(patients: Sequence[str], path: Path) -> dict[str, Reals]:
    columns, rows = read_table(path)
    place = {patient: number for number, patient in enumerate(patients)}
    number = {c: n for n, c in enumerate(sorted({row["copy"] for row in rows}, key=int))}
    found = {
        column: np.full((len(patients), len(number)), math.nan)
        for column in columns
        if column not in ("patient", "copy")
    }
    for row in rows:
        if row["patient"] in place:
            for column, values in found.items():
                if row[column]:
                    values[place[row["patient"]], number[row["copy"]]] = float(row[column])
    return found
