"""Site-centred co-moments of features with covariates, by missing values (R8, R9)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from equisite.bundle.format import FIRST_PATTERNS, CellRow
from equisite.bundle.outputs import columns_of
from equisite.protocol.models import ComomentTable
from equisite.release.context import Context, Result, cell, key_of, withheld
from equisite.release.features import Scaled, scale
from equisite.release.inference import Sum
from equisite.release.patients import Mask, Reals
from equisite.stats.moments import comoments

_Pattern = tuple[Mask, list[str]]


def comoment_table(context: Context, table: ComomentTable) -> Result:
    """n, means and centred products; one block for all features of the same patients.

    Patterns are numbered by size, largest first. A pattern that fails stays inside whole:
    a block of products cannot have holes.
    """
    columns = columns_of(table, context.book)
    there = [context.patients.has(c) for c in columns]
    if not any(there) or not all(context.patients.has(c) for c in table.covariates):
        return withheld("absent")
    patterns = _patterns(context, table, columns)
    if not patterns:
        return withheld("minimum")
    rows: list[CellRow] = []
    reasons: set[str] = set()
    rank = 0
    share = 0.0
    for number, (group, names) in enumerate(patterns, start=1):
        if any(context.moments_out.get(n, group.tobytes()) != group.tobytes() for n in names):
            reasons.add("overlap")
            continue
        if not _covariates_apart(context, table, group):
            reasons.add("overlap")
            continue
        scaled = _scaled_covariates(context, table, group)
        features = [_scaled(context, name, group) for name in names]
        reason = _block_fault(context, table, group, scaled)
        if reason:
            reasons.add(reason)
            continue
        rows += _block(table, str(number), scaled, features)
        size = len(table.covariates)
        # R11: a mean and a sum of squares that left for the same patients count once.
        new = sum(
            2 * (context.moments_out.get(name) is None) + size
            for name, f in zip(names, features, strict=True)
            if f.status == "ok"
        )
        own = size + size * (size + 1) // 2 + new
        rank += own
        share += own / int(group.sum())
        context.moments_out.update(dict.fromkeys(names, group.tobytes()))
        for name in table.covariates:
            context.covariates_out.setdefault(name, []).append(group)
    return Result(tuple(rows), rank, share=share) if rank else withheld(min(reasons))


def complete(context: Context, table: ComomentTable, column: str) -> Mask:
    """Patients with a value of a feature and of every covariate, before groups settled."""
    mask = context.patients.sets[table.analysis_set].copy()
    for name in (*table.covariates, column):
        mask &= ~np.isnan(context.patients.numbers(name))
    return mask


def _patterns(context: Context, table: ComomentTable, columns: Sequence[str]) -> list[_Pattern]:
    found: dict[bytes, _Pattern] = {}
    for column in columns:
        group = context.groups.of(complete(context, table, column))
        if group is not None and group.sum() >= context.rules.ruleset.moment_minimum_n:
            found.setdefault(group.tobytes(), (group, []))[1].append(column)
    ordered = sorted(found.values(), key=lambda p: -int(p[0].sum()))
    return ordered[: len(FIRST_PATTERNS)]


def _covariates_apart(context: Context, table: ComomentTable, group: Mask) -> bool:
    """R8, R14: whether the sums of a covariate over two blocks leave no few between them.

    The sums of two blocks, subtracted, are those of the patients who are in one only: nobody,
    or as many as moments need.
    """
    least = context.rules.ruleset.moment_minimum_n
    return all(
        not 0 < int(np.count_nonzero(apart)) < least
        for name in table.covariates
        for other in context.covariates_out.get(name, ())
        for apart in (group & ~other, other & ~group)
    )


def _scaled(context: Context, column: str, group: Mask) -> Scaled:
    raw = context.patients.numbers(column)[group]
    return scale(column, context.book.constant(column), raw, context.rules)


def _scaled_covariates(
    context: Context, table: ComomentTable, group: Mask
) -> list[Scaled | tuple[str, Reals]]:
    """Numeric covariates on their released scale; flags as they are."""
    return [
        (name, context.patients.numbers(name)[group])
        if context.book.variable(name).type == "flag"
        else _scaled(context, name, group)
        for name in table.covariates
    ]


def _block_fault(
    context: Context,
    table: ComomentTable,
    group: Mask,
    covariates: Sequence[Scaled | tuple[str, Reals]],
) -> str:
    """Why a block of products may not leave, or an empty text.

    A 0/1 covariate shows its count, and through the products the mean of every feature in
    that group: both groups need what a stratum needs. R9: residual degrees of freedom, full
    rank, and no patient whom the design singles out.
    """
    rules = context.rules
    n = int(group.sum())
    if n - len(covariates) - 1 < rules.ruleset.residual_dof:
        return "minimum"
    for covariate in covariates:
        if isinstance(covariate, Scaled):
            if covariate.status != "ok":
                return "clipped" if covariate.status == "clipped" else "small"
        elif not _flag_passes(context, covariate, group):
            return "small"
    design = np.column_stack([np.ones(n), *(_values(c) for c in covariates)])
    factor, triangle = np.linalg.qr(design / np.linalg.norm(design, axis=0))
    diagonal = np.abs(np.diag(triangle))
    hats = np.sum(factor**2, axis=1)
    if diagonal.min() < 1e-8 or hats.max() > rules.ruleset.largest_hat + 1e-12:
        return "small"
    return ""


def _values(covariate: Scaled | tuple[str, Reals]) -> Reals:
    return covariate.values if isinstance(covariate, Scaled) else covariate[1]


def _flag_passes(context: Context, flag: tuple[str, Reals], group: Mask) -> bool:
    name, values = flag
    ones = int(values.sum())
    least = context.rules.ruleset.moment_minimum_n
    if min(ones, values.size - ones) < least:
        return False
    variable, code = flag_source(context, name)
    linked = context.linked.get(variable)
    if linked is None:
        return True
    known = [Sum(linked.joint.cells(group, {variable: {code}}), ones)]
    if not linked.guard.admits(known, []):
        return False
    linked.guard.take(known, [])
    return True


def flag_source(context: Context, name: str) -> tuple[str, str]:
    """The coded variable and code that a flag stands for (`sex_female`: sex, female)."""
    if name in context.linked:
        return name, "1"
    for variable in context.book.variables:
        code = name.removeprefix(f"{variable.id}_")
        if code != name and code in variable.codes:
            return variable.id, code
    return name, "1"


def _block(
    table: ComomentTable,
    pattern: str,
    covariates: Sequence[Scaled | tuple[str, Reals]],
    features: Sequence[Scaled],
) -> list[CellRow]:
    names = table.covariates
    x = np.column_stack([_values(c) for c in covariates])
    y = np.column_stack([f.values for f in features])
    found = comoments(x, y)
    key = key_of(table.analysis_set, pattern=pattern)
    rows = [cell(table.id, key, "n", found.n)]
    for place, (name, covariate) in enumerate(zip(names, covariates, strict=True)):
        centre = covariate.constant.centre if isinstance(covariate, Scaled) else 0.0
        mean = float(found.mean_x[place]) - centre
        rows.append(cell(table.id, {**key, "covariates": name}, "mean_off", mean))
    for (i, a), (j, b) in combinations_with_replacement(enumerate(names), 2):
        pair = {**key, "covariates": f"{a},{b}"}
        rows.append(cell(table.id, pair, "sxx", float(found.sxx[i, j])))
    for place, feature in enumerate(features):
        own = {**key, "feature": feature.column}
        mean = float(found.mean_y[place]) - feature.constant.centre
        rows.append(cell(table.id, own, "mean_off", mean, feature.status))
        rows.append(cell(table.id, own, "m2", float(found.syy[place]), feature.status))
        for i, name in enumerate(names):
            product = float(found.sxy[i, place])
            rows.append(
                cell(table.id, {**own, "covariates": name}, "sxy", product, feature.status)
            )
    return rows
