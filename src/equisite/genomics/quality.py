"""Is a sample good enough? The protocol's limits turn what was measured into findings."""

from __future__ import annotations

from collections.abc import Mapping

from equisite.core.errors import Finding
from equisite.protocol.sequencing import GenomicThresholds

Row = Mapping[str, object]


def judge_quality(row: Row, thresholds: GenomicThresholds) -> list[Finding]:
    """What is said of a sample; a finding that refuses stands alone.

    row: variables by codebook id; a missing one is not judged.
    """
    refused: list[Finding] = []
    flagged: list[Finding] = []
    for finding in _findings(row, thresholds):
        (refused if finding.severity == "refuse" else flagged).append(finding)
    return refused[:1] or flagged


def _findings(row: Row, limits: GenomicThresholds) -> list[Finding]:
    low = (
        ("mean_depth", limits.minimum_mean_depth, "LOW_DEPTH"),
        ("callable_fraction", limits.minimum_callable_fraction, "LOW_CALLABLE"),
    )
    high = (
        ("contamination", limits.maximum_contamination, "CONTAMINATED"),
        ("duplicate_fraction", limits.maximum_duplicate_fraction, "MANY_DUPLICATES"),
    )
    warn_low = (
        ("mean_depth", limits.warn_mean_depth, "THIN_DEPTH"),
        ("callable_fraction", limits.warn_callable_fraction, "THIN_CALLABLE"),
    )
    warn_high = (
        ("contamination", limits.warn_contamination, "SOME_CONTAMINATION"),
        ("duplicate_fraction", limits.warn_duplicate_fraction, "SOME_DUPLICATES"),
        (
            "single_caller_fraction",
            limits.warn_single_caller_fraction,
            "MANY_SINGLE_CALLS",
        ),
    )
    found = []
    for rules, sign, key in (
        (low, -1, "minimum"),
        (high, 1, "maximum"),
        (warn_low, -1, "minimum"),
        (warn_high, 1, "maximum"),
    ):
        for variable, limit, code in rules:
            value = row.get(variable)
            if (
                isinstance(value, int | float)
                and limit is not None
                and sign * value > sign * limit
            ):
                found.append(Finding(code, "", {variable: value, key: limit}))
    return found
