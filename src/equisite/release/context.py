"""What every kind of table needs: patients, rules, codebook, released groups and guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from equisite.bundle.format import CellRow, CellStatus, value_text
from equisite.bundle.keys import FIRST, make_key
from equisite.bundle.outputs import absent_code, codes_of
from equisite.bundle.ruleset import Rules
from equisite.codebook.book import Codebook
from equisite.protocol.models import Protocol
from equisite.release.counts import Axis, JointTable
from equisite.release.groups import Groups
from equisite.release.inference import Guard
from equisite.release.patients import Mask, Patients


@dataclass(frozen=True)
class Linked:
    """Coded variables that meet in some table, their joint table and what is out of it."""

    joint: JointTable
    guard: Guard


@dataclass
class Context:
    """One preparation.

    linked: by coded variable. moments_out, bins_out: by feature, the groups over which
    its moments or bins left already: no other group that overlaps may follow (R14).
    covariates_out: by covariate, the groups of the blocks in which its sums left.
    genes_out: patients in whom a gene was read, where that number left.
    """

    patients: Patients
    protocol: Protocol
    book: Codebook
    rules: Rules
    groups: Groups
    linked: Mapping[str, Linked]
    moments_out: dict[str, bytes] = field(default_factory=dict)
    bins_out: dict[str, bytes] = field(default_factory=dict)
    covariates_out: dict[str, list[Mask]] = field(default_factory=dict)
    genes_out: list[Mask] = field(default_factory=list)

    def with_own_notes(self) -> Context:
        """A copy whose notes of what left do not grow with this one's."""
        return replace(
            self,
            moments_out=dict(self.moments_out),
            bins_out=dict(self.bins_out),
            covariates_out={name: [*masks] for name, masks in self.covariates_out.items()},
            genes_out=[*self.genes_out],
        )

    def axis(self, name: str) -> Axis:
        """A coded variable with the codes of all patients."""
        return axis_of(self.patients, self.book, name)

    def group(self, analysis_set: str) -> Mask | None:
        """A released analysis set."""
        return self.groups.of(self.patients.sets[analysis_set])

    def valued(self, analysis_set: str, column: str) -> Mask | None:
        """Of an analysis set, the released group of patients who have a value of a column."""
        present = ~np.isnan(self.patients.numbers(column))
        return self.groups.of(self.patients.sets[analysis_set] & present)


@dataclass(frozen=True)
class Result:
    """What became of one table. reason: empty when it is released.

    rank: number of independent statistics (R11). share: of them per patient, each over the
    group that it is about.
    """

    rows: tuple[CellRow, ...]
    rank: int
    reason: str = ""
    share: float = 0.0


def withheld(reason: str) -> Result:
    """A table that stays inside whole."""
    return Result((), 0, reason)


def cell(
    table: str,
    key: Mapping[str, object],
    measure: str,
    value: float,
    status: CellStatus = "ok",
) -> CellRow:
    """One line of the bundle; the value is written only if the status lets it leave."""
    shown = status in ("ok", "merged", "structural")
    text = value_text(measure, value) if shown else ""
    return CellRow(table, str(make_key(key)), measure, text, status)


def key_of(analysis_set: str, **names: object) -> dict[str, object]:
    """Names of a cell's key, beginning with the analysis set."""
    return {FIRST: analysis_set, **names}


def axis_of(patients: Patients, book: Codebook, name: str) -> Axis:
    """A coded variable of the cohort; a value that is no code counts as missing."""
    variable = book.variable(name)
    codes, absent = codes_of(variable), absent_code(variable)
    values = patients.codes(name, absent)
    known = set(codes)
    values = values.astype(object)
    values[[str(v) not in known for v in values]] = absent
    return Axis(name, codes, values.astype(str))


def link(
    tables: Sequence[Sequence[str]],
    patients: Patients,
    book: Codebook,
    groups: Sequence[Mask],
    k: int,
) -> dict[str, Linked]:
    """Joint tables of the coded variables that tables use together, directly or in a chain.

    tables: the variables of each table. All sizes of groups are known from the start.
    """
    parts: list[set[str]] = []
    for names in tables:
        touched = [part for part in parts if part & set(names)]
        merged = set(names).union(*touched)
        parts = [part for part in parts if part not in touched] + [merged]
    found: dict[str, Linked] = {}
    for part in parts:
        joint = JointTable(groups, [axis_of(patients, book, name) for name in sorted(part)])
        guard = Guard(joint.size, k)
        guard.take(joint.totals(), [])
        found |= dict.fromkeys(part, Linked(joint, guard))
    return found
