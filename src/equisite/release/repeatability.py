"""Mean squares of features over perturbed copies: how repeatable they are, of a group.

Values are transformed and clipped as for moments (R3), so no patient moves a sum by more
than the registered limits allow.
"""

from __future__ import annotations

import numpy as np

from equisite.bundle.format import CellRow, CellStatus
from equisite.bundle.outputs import columns_of
from equisite.protocol.models import RepeatabilityTable
from equisite.release.context import Context, Result, cell, key_of, withheld
from equisite.release.features import scale
from equisite.release.patients import Mask
from equisite.stats.icc import mean_squares

FEWEST_CASES = 10
"""An ICC of fewer cases says nothing, whatever the rule set allows (radiomics, 10)."""

MEASURES = ("n", "msb", "msw")


def least_copied(context: Context) -> int:
    """Smallest group whose mean squares may leave (R8)."""
    return max(FEWEST_CASES, context.rules.ruleset.moment_minimum_n)


def copied(context: Context, table: RepeatabilityTable, column: str) -> Mask:
    """Patients of the table's set of whom every copy has a value."""
    group = context.patients.sets[table.analysis_set]
    values = context.patients.copies.get(column)
    if values is None or values.shape[1] < 2:
        return np.zeros_like(group)
    held: Mask = group & np.all(np.isfinite(values), axis=1)
    return held


def repeatability_table(context: Context, table: RepeatabilityTable) -> Result:
    """n and mean squares between patients and within copies, feature by feature.

    A feature whose moments left for another group stays inside (R14): the sum of squares of
    a part of the patients, beside that of all, would tell of the others.
    """
    columns = columns_of(table, context.book)
    if not any(column in context.patients.copies for column in columns):
        return withheld("absent")
    rows: list[CellRow] = []
    reasons: set[str] = set()
    share = 0.0
    for column in columns:
        group = context.groups.of(copied(context, table, column))
        if group is None or group.sum() < least_copied(context):
            reasons.add("minimum")
            rows += _rows(table, column, (0, 0.0, 0.0), "suppressed")
            continue
        mark = group.tobytes()
        if context.moments_out.get(column, mark) != mark:
            reasons.add("overlap")
            rows += _rows(table, column, (0, 0.0, 0.0), "suppressed")
            continue
        values = context.patients.copies[column][group]
        constant = context.book.constant(column)
        scaled, low, high = constant.clipped(values)
        status = scale(column, constant, values.mean(axis=1), context.rules).status
        if low + high > context.rules.ruleset.clipped_fraction * values.size:
            status = "clipped"
        squares = mean_squares(scaled)
        numbers = (int(group.sum()), squares.between, squares.within)
        rows += _rows(table, column, numbers, status)
        if status == "ok":
            context.moments_out.setdefault(column, mark)
            share += (len(MEASURES) - 1) / int(group.sum())
    rank = sum(row.status == "ok" and row.measure != "n" for row in rows)
    if rank:
        return Result(tuple(rows), rank, share=share)
    if any(row.status == "clipped" for row in rows):
        return Result(tuple(rows), 0, "clipped")
    return withheld(min(reasons) if reasons else "small")


def _rows(
    table: RepeatabilityTable,
    column: str,
    numbers: tuple[int, float, float],
    status: CellStatus,
) -> list[CellRow]:
    key = {**key_of(table.analysis_set), "feature": column}
    return [
        cell(table.id, key, measure, number, status)
        for measure, number in zip(MEASURES, numbers, strict=True)
    ]
