"""How far the features of the public phantom are from their analytic values."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from equisite.codebook.book import Codebook
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import InputError
from equisite.core.tables import format_cell, read_rows, read_table
from equisite.protocol.radiomics import Radiomics
from equisite.radiomics.batch import KEYS

ITEM = "radiomics"
MODALITY: Literal["MR"] = "MR"
"""Of the phantom."""
IDENTITY = ("patient", "token", "engine")
"""Columns that do not belong to the result: names, and the engine that is stated elsewhere."""


@dataclass(frozen=True)
class AnalyticValue:
    """One row of `phantom/truth.tsv`: a value known by geometry, and how far is near enough.

    tolerance: absolute, in the unit of the feature.
    """

    roi: str
    feature: str
    value: float
    tolerance: float


@dataclass(frozen=True, order=True)
class Score:
    """One row of the conformance scores: item, measure (as in the bundle), value as text."""

    item: str
    measure: str
    value: str


def read_truth(path: Path) -> list[AnalyticValue]:
    """The analytic values of the phantom."""
    return read_rows(path, AnalyticValue)


def known_under(
    truth: Sequence[AnalyticValue], radiomics: Radiomics, book: Codebook
) -> list[AnalyticValue]:
    """The values that a protocol's settings leave as they are.

    Normalisation gives every region another intensity; the forms stay.
    """
    settings = radiomics.modalities.get(MODALITY)
    if settings is None or not settings.normalize:
        return list(truth)
    return [v for v in truth if not book.variable(v.feature).dimension.startswith("i")]


def score(features: Path, truth: Sequence[AnalyticValue]) -> list[Score]:
    """Scores of a features table of the phantom, sorted by item and measure.

    Per region: `digest`, sha256 of the canonical row (all values as written, without names
    of patient and file). Per region and feature of the truth: `max_difference`, relative.
    Per feature: `ccc` over the regions, where at least three have a truth. Over all:
    `max_difference` in units of the tolerance (at most 1 passes).
    Raises InputError TABLE_UNREADABLE when the table is none of features; PHANTOM_INCOMPLETE
    when a region or value of the truth is not in it: the pack's images have no excuse. The
    truth has the ids of both modes; those of the other one are no columns and not judged.
    """
    columns, rows = read_table(features)
    if not {*KEYS, "engine", "settings_hash", "roi_status"} <= set(columns):
        problem = "columns are not those of the features table"
        raise InputError("TABLE_UNREADABLE", features.name, problem=problem)
    by_roi = {row["roi"]: row for row in rows}
    result = [column for column in columns if column not in IDENTITY]
    scores = [
        Score(f"{ITEM}/{roi}", "digest", _digest(row, result)) for roi, row in by_roi.items()
    ]
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    worst = 0.0
    for expected in (value for value in truth if value.feature in columns):
        text = by_roi.get(expected.roi, {}).get(expected.feature, "")
        if not text:
            raise InputError("PHANTOM_INCOMPLETE", roi=expected.roi, feature=expected.feature)
        found = float(text)
        difference = abs(found - expected.value)
        worst = max(worst, difference / expected.tolerance)
        pairs[expected.feature].append((found, expected.value))
        item = f"{ITEM}/{expected.roi}/{expected.feature}"
        relative = format_cell(difference / abs(expected.value))
        scores.append(Score(item, "max_difference", relative))
    scores += [
        Score(f"{ITEM}/{feature}", "ccc", format_cell(concordance(values)))
        for feature, values in pairs.items()
        if len(values) >= 3
    ]
    scores.append(Score(ITEM, "max_difference", format_cell(worst)))
    return sorted(scores)


def concordance(pairs: Sequence[tuple[float, float]]) -> float:
    """Concordance correlation coefficient of pairs of values; 1 if all pairs are equal.

    2 s_xy / (s_x^2 + s_y^2 + (mean_x - mean_y)^2), variances over n.
    Source: Lin, Biometrics 45:255 (1989), equation 3.

    >>> concordance([(1.0, 1.0), (2.0, 2.0), (4.0, 4.0)])
    1.0
    """
    number = len(pairs)
    mean_x = math.fsum(x for x, _ in pairs) / number
    mean_y = math.fsum(y for _, y in pairs) / number
    shared = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs) / number
    spread = math.fsum((x - mean_x) ** 2 + (y - mean_y) ** 2 for x, y in pairs) / number
    apart = spread + (mean_x - mean_y) ** 2
    return 1.0 if apart == 0 else 2 * shared / apart


def _digest(row: Mapping[str, str], columns: Sequence[str]) -> str:
    cells = [f"{c}={row[c]}" for c in columns]
    return sha256_bytes("\n".join(cells).encode())
