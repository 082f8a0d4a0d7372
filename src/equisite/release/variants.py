"""Copies of listed alleles: small ones, small rests and alleles of few carriers stay inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from equisite.bundle.format import CellRow, CellStatus
from equisite.bundle.ruleset import Rules
from equisite.release.allele_counts import AlleleCount, count_allele
from equisite.release.carriers import carriers_status, read_numbers
from equisite.release.context import cell
from equisite.release.patients import Mask


def allele_column(name: str) -> str:
    """Column of the cohort with what reads say of an allele; empty where nothing is known."""
    return f"genotype__{name}"


def variant_rows(
    table: str,
    key: Mapping[str, object],
    cells: Mapping[str, Sequence[str]],
    group: Mask,
    totals: Sequence[int],
    shown: list[Mask],
    rules: Rules,
) -> list[CellRow]:
    """Cells of one variants table.

    cells: by allele, one cell per patient. group: the patients of the table. totals: all
    published sizes of groups. shown: patients behind the numbers of this and of earlier
    tables; it grows. `ac`: copies of the allele, rounded; `an`: copies of the locus in
    patients of whom something is known; `n`: patients with enough reads.

    An allele's copies leave when they, those of all others, its carriers and the rest of the
    patients are no small numbers (R4, R5), and when its patients, and their parts with one
    and with two copies of the locus, are no group that differs by a few from another one.
    """
    counts: dict[str, AlleleCount] = {}
    looked_at: dict[str, Mask] = {}
    deep: dict[str, Mask] = {}
    places = np.flatnonzero(group).tolist()
    for name, texts in cells.items():
        own = [texts[place] for place in places]
        counts[name] = count_allele(own)
        looked_at[name] = np.zeros_like(group)
        looked_at[name][places] = counts[name].looked_at
        deep[name] = np.zeros_like(group)
        deep[name][places] = [cell.split(":")[1:2] == ["1"] for cell in own]
    patients = read_numbers(looked_at, group, shown, rules)
    callable_patients = read_numbers(deep, group, shown, rules)
    rows = []
    for name, count in counts.items():
        own_key = {**key, "variant": name}
        here = patients[name]
        hidden = here is None or not _same_ploidy(count, rules)
        status: CellStatus = "suppressed" if hidden else "ok"
        rows.append(cell(table, own_key, "an", count.alleles, status))
        known = [t for t in (*totals, here) if t is not None and t >= count.carriers]
        shared = "suppressed" if hidden else _status(count, known, rules)
        rows.append(cell(table, own_key, "ac", round(count.copies), shared))
        number = callable_patients[name]
        status = "suppressed" if number is None else "ok"
        rows.append(cell(table, own_key, "n", number or 0, status))
    return rows


def _same_ploidy(count: AlleleCount, rules: Rules) -> bool:
    """Whether no small number of patients shows by having fewer copies of the locus."""
    return not any(rules.small(number) for number in count.by_ploidy)


def _status(count: AlleleCount, totals: Sequence[int], rules: Rules) -> CellStatus:
    copies = round(count.copies)
    others = count.alleles - copies
    every = others == 0 and rules.ruleset.group_disclosure
    if copies and (rules.small(copies) or rules.small(others) or every):
        return "suppressed"
    # Without a likely carrier a rounded copy may be left: it is as small as its carriers.
    if copies and not count.carriers:
        return "suppressed"
    if not copies and count.carriers:
        return "suppressed"
    return carriers_status(count.carriers, totals, rules)
