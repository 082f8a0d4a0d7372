"""Moments and histograms of numeric variables over one group of patients (R3, R7, R8)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equisite.bundle.format import CellRow, CellStatus
from equisite.bundle.outputs import SIDES
from equisite.bundle.ruleset import Rules
from equisite.codebook.constants import LEVELS, Constant
from equisite.release.context import cell
from equisite.release.patients import Mask, Reals
from equisite.stats.moments import moments


@dataclass(frozen=True)
class Scaled:
    """Values of one feature in one group on the released scale.

    values: (patient,) transformed and clipped. low, high: how many were clipped. status:
    ok, or why the feature's numbers stay inside.
    """

    column: str
    constant: Constant
    values: Reals
    low: int
    high: int
    status: CellStatus


def scale(column: str, constant: Constant, raw: Reals, rules: Rules) -> Scaled:
    """Transform and clip one feature, and judge whether its moments may leave.

    raw: (patient,) without NaN. `clipped`: more than the allowed share lies outside the
    limits, which is a finding by itself (R3). `suppressed`: all patients have one value,
    or few of them hold the sum (R5).
    """
    values, low, high = constant.clipped(raw)
    status: CellStatus = "ok"
    if low + high > rules.ruleset.clipped_fraction * raw.size:
        status = "clipped"
    elif _same_for_all(values, rules) or _dominated(values, constant, rules):
        status = "suppressed"
    return Scaled(column, constant, values, low, high, status)


def _same_for_all(values: Reals, rules: Rules) -> bool:
    return rules.ruleset.group_disclosure and bool(np.all(values == values[0]))


def _dominated(values: Reals, constant: Constant, rules: Rules) -> bool:
    """R5: a sum on the raw, non-negative scale that one or two patients make up."""
    if constant.transform != "identity" or constant.clip_low < 0:
        return False
    return dominated(values, rules)


def dominated(values: Reals, rules: Rules) -> bool:
    """R5: whether one or two patients make up a sum. values: (patient,), none below 0.

    Dominance: x1 + x2 > share of the total. p %: total - x1 - x2 < p x1.
    """
    top2, p = rules.ruleset.dominance_top2, rules.ruleset.dominance_p
    if (top2 >= 1 and p <= 0) or values.size < 2:
        return False
    second, first = np.sort(values, kind="stable")[-2:].tolist()
    rest = math.fsum([*values.tolist(), -first, -second])
    return bool(first + second > top2 * (rest + first + second) or rest < p * first)


def moment_rows(
    table: str, key: Mapping[str, object], features: Sequence[Scaled], rules: Rules
) -> list[CellRow]:
    """n, mean - centre, M2 and the clipped counts of features of one group.

    features: all of one length.
    """
    rows: list[CellRow] = []
    if not features:
        return rows
    found = moments(np.column_stack([f.values for f in features]))
    for place, feature in enumerate(features):
        own = {**key, "feature": feature.column}
        numbers = {
            "n": found.n,
            "mean_off": float(found.mean[place]) - feature.constant.centre,
            "m2": float(found.m2[place]),
        }
        rows += [cell(table, own, m, value, feature.status) for m, value in numbers.items()]
        rows += clipped_rows(table, own, feature, rules)
    return rows


def clipped_rows(
    table: str, key: Mapping[str, object], feature: Scaled, rules: Rules
) -> list[CellRow]:
    """How many values were clipped on each side; counts like all others (R4).

    Of a feature that is withheld as clipped only the side is told, by its status.
    """
    n = feature.values.size
    rows = []
    for side, count, other in (
        ("low", feature.low, feature.high),
        ("high", feature.high, feature.low),
    ):
        status: CellStatus = "ok"
        if feature.status == "clipped":
            status = "clipped" if count >= other else "suppressed"
        elif feature.status != "ok" or rules.small(count) or rules.small(n - count):
            status = "suppressed"
        rows.append(cell(table, {**key, "side": side}, "clipped", count, status))
    return rows


def withheld_rows(table: str, key: Mapping[str, object], column: str) -> list[CellRow]:
    """A feature whose group may not be published."""
    own = {**key, "feature": column}
    rows = [cell(table, own, measure, 0, "suppressed") for measure in ("n", "mean_off", "m2")]
    return rows + [
        cell(table, {**own, "side": side}, "clipped", 0, "suppressed") for side in SIDES
    ]


def finest_level(
    constant: Constant, raw: Reals, groups: Sequence[Mask], rules: Rules
) -> int | None:
    """R7: the finest registered level at which every bin of every group passes, or None.

    A bin passes with no patient or at least k. Needed are also a few bins with patients:
    one bin for all says the same of each of them (R5).
    """
    least = rules.ruleset.fewest_bins
    for level in LEVELS:
        counted = [constant.bin_counts(raw[group], level) for group in groups]
        if all(
            np.all((bins == 0) | (bins >= rules.k)) and np.count_nonzero(bins) >= least
            for bins in counted
        ):
            return level
    return None


def hist_rows(
    table: str, key: Mapping[str, object], column: str, level: int, bins: Sequence[int]
) -> list[CellRow]:
    """The bins of one feature of one group."""
    own = {**key, "feature": column, "level": level}
    return [cell(table, {**own, "bin": b}, "bin", count) for b, count in enumerate(bins)]
