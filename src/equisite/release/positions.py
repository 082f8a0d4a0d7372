"""Positions and alleles that enough patients carry: which, and nothing else about them.

An allele is listed when its carriers, and the patients without it, are no small number and
not nobody (R4, R5). What is not listed has no cell: rare, unknown or nearly everywhere look
alike. The number of carriers goes into no cell and into no charge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equisite.bundle.format import CellRow
from equisite.bundle.opt_in import positions_charge
from equisite.bundle.outputs import AllelesWithin
from equisite.bundle.ruleset import Rules
from equisite.protocol.models import PositionsTable
from equisite.release.carriers import carriers_status
from equisite.release.context import Context, Result, cell, key_of, withheld
from equisite.release.patients import Carried, Mask


@dataclass(frozen=True)
class Positions:
    """Cells of a table and the statistics that they count for."""

    rows: tuple[CellRow, ...]
    charge: int


def positions_table(context: Context, table: PositionsTable) -> Result:
    """Alleles of the table's regions that enough patients carry, without any number."""
    group = context.group(table.analysis_set)
    within = AllelesWithin(table.regions)
    carried = {name: c for name, c in context.patients.carried.items() if name in within}
    if not carried:
        return withheld("absent")
    if group is None:
        return withheld("minimum")
    found = list_positions(
        table.id,
        key_of(table.analysis_set),
        carried,
        group,
        [int(mask.sum()) for mask in context.groups.masks],
        context.rules,
    )
    if not found.rows:
        return withheld("small")
    return Result(found.rows, found.charge, share=found.charge / int(group.sum()))


def list_positions(
    table: str,
    key: Mapping[str, object],
    carried: Mapping[str, Carried],
    group: Mask,
    totals: Sequence[int],
    rules: Rules,
) -> Positions:
    """The alleles of a group that may be listed.

    carried: by allele, who carries it. group: the patients of the table. totals: all
    published sizes of groups, whose rest without the allele must not be small either.
    """
    rows = []
    eligible = 0
    size = int(group.sum())
    for name in sorted(carried):
        count = int((carried[name].carriers & group).sum())
        known = [total for total in (*totals, size) if total >= count]
        # Zero carriers are no cell of this table, whatever the rules say of zeros.
        if count and carriers_status(count, known, rules) == "ok":
            rows.append(cell(table, {**key, "variant": name}, "listed", 1))
            eligible += is_expected(carried[name].frequency, size, rules)
    charge = positions_charge(eligible, len(rows) - eligible, rules.ruleset)
    return Positions(tuple(rows), charge if rows else 0)


def is_expected(frequency: float, patients: int, rules: Rules) -> bool:
    """R12: whether so many carriers are expected that being listed is no surprise.

    frequency: of the allele in the population, NaN where it is not known; carriers follow
    from it by the Hardy-Weinberg proportions.
    """
    if math.isnan(frequency):
        return False
    carriers = patients * (1.0 - (1.0 - frequency) ** 2)
    return carriers >= rules.ruleset.expected_share_of_k * rules.k
