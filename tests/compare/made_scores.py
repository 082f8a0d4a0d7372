"""Conformance rows of a site's public pack, as a scored run leaves them in a bundle."""

from __future__ import annotations

from collections.abc import Mapping

from equisite.bundle.format import ConformanceRow, value_text

Shares = tuple[float, float]
"""Recall and precision."""


def rows(
    kinds: Mapping[str, Shares],
    genes: Mapping[str, int] | None = None,
    classes: Mapping[str, tuple[int, float]] | None = None,
) -> tuple[ConformanceRow, ...]:
    """Rows of planted variants.

    kinds: by item. genes: hit or not, by item. classes: calls and precision, by item; with
    no calls there is no precision.
    """
    found = []
    for item, (recall, precision) in kinds.items():
        both = recall + precision
        f1 = 2 * recall * precision / both if both else 0.0
        for measure, value in (("recall", recall), ("precision", precision), ("f1", f1)):
            found.append((item, measure, value))
    for item, hit in (genes or {}).items():
        found.append((item, "hit", float(hit)))
    for item, (number, precision) in (classes or {}).items():
        found.append((item, "n", float(number)))
        if number:
            found.append((item, "precision", precision))
    return tuple(sorted(ConformanceRow(i, m, value_text(m, v)) for i, m, v in found))
