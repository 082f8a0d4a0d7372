"""Carriers of qualifying variants by gene: counts with their zeros suppressed (R4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from equisite.bundle.format import CellRow, CellStatus
from equisite.bundle.ruleset import Rules
from equisite.release.context import cell
from equisite.release.patients import Mask, Reals

COLUMN_OF = {"germline": "carriers", "somatic": "som_gene"}
"""Variable of the codebook whose columns stand per gene and consequence, by domain."""


def carrier_column(gene: str, consequence: str, domain: str = "germline") -> str:
    """Column of the cohort with the qualifying alleles of a gene; empty where not read."""
    return f"{COLUMN_OF[domain]}__{gene}__{consequence}"


def carrier_rows(
    table: str,
    key: Mapping[str, object],
    carried: Mapping[tuple[str, str], Reals],
    group: Mask,
    totals: Sequence[int],
    shown: list[Mask],
    rules: Rules,
) -> list[CellRow]:
    """Cells of one carriers table.

    carried: by gene and consequence, (patient,) number of qualifying alleles, NaN where it
    is not known. group: the patients of the table. totals: all published sizes of groups.
    shown: patients behind the numbers of this and of earlier tables; it grows.
    `count` has the carriers, `n` of the gene alone in how many patients it was read: all
    consequences of the table are known, and only those patients are counted.
    """
    rows = []
    read: dict[str, Mask] = {}
    for (gene, _), values in carried.items():
        read[gene] = read.get(gene, group) & ~np.isnan(values)
    numbers = read_numbers(read, group, shown, rules)
    for gene, n in numbers.items():
        status: CellStatus = "suppressed" if n is None else "ok"
        rows.append(cell(table, {**key, "gene": gene}, "n", n or 0, status))
    for (gene, consequence), values in carried.items():
        count = int(np.count_nonzero(values[read[gene]] > 0))
        known = [t for t in (*totals, numbers[gene]) if t is not None and t >= count]
        own = {**key, "gene": gene, "consequence": consequence}
        rows.append(cell(table, own, "count", count, carriers_status(count, known, rules)))
    return rows


def carriers_status(count: int, totals: Sequence[int], rules: Rules) -> CellStatus:
    """R4 and R5 for one count of carriers: zeros, small counts and remainders, everybody."""
    if count == 0:
        return "ok" if rules.ruleset.carriers_zero == "published" else "suppressed"
    remainders = [total - count for total in totals]
    everybody = rules.ruleset.group_disclosure and 0 in remainders
    if rules.small(count) or everybody or any(rules.small(rest) for rest in remainders):
        return "suppressed"
    return "ok"


def carriers_charge(rows: Sequence[CellRow], rules: Rules) -> int:
    """R12: statistics that a carriers table counts for; none where no count leaves.

    A count that leaves because it reached k is more often too high than too low, and tells
    more: below twice k it counts double. For few counts the law of the budget is too low, so
    that a table counts for `carriers_least_charge`.
    """
    limits = rules.ruleset
    charges = [
        limits.near_carriers_charge if row.number < 2 * rules.k else 1
        for row in rows
        if row.status == "ok" and row.measure == "count"
    ]
    return max(limits.carriers_least_charge, sum(charges)) if charges else 0


def read_numbers(
    read: Mapping[str, Mask], group: Mask, shown: list[Mask], rules: Rules
) -> dict[str, int | None]:
    """In how many patients each gene was read; None when it would show a small group.

    Two genes whose patients differ by a few would show those few, in one table or in two.
    """
    numbers: dict[str, int | None] = {}
    for gene, mask in read.items():
        apart = [
            int(np.count_nonzero(a & ~b))
            for other in (group, *shown)
            for a, b in ((mask, other), (other, mask))
        ]
        count = int(mask.sum())
        if rules.small(count) or any(rules.small(number) for number in apart):
            numbers[gene] = None
        else:
            numbers[gene] = count
            shown.append(mask)
    return numbers
