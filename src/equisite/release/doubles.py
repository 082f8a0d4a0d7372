"""Whether two patients are the same record: equal measurements to the last digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from equisite.release.carriers import COLUMN_OF

LEAST_FRACTIONS = 2
"""Numbers with a fraction that a row needs: whole numbers are equal by chance."""


def counted_twice(texts: Mapping[str, Sequence[str]], known: frozenset[str]) -> bool:
    """Whether any two patients share all genomic values, or all of one imaged region.

    texts: (patient,) cells by column. known: clinical columns, which do not count.
    """
    blocks: dict[str, list[str]] = {}
    for column in texts:
        if column not in known:
            parts = column.split("__")
            by_gene = parts[0] in COLUMN_OF.values()
            name = "__".join(parts[:2]) if len(parts) == 3 and not by_gene else ""
            blocks.setdefault(name, []).append(column)
    return any(
        _repeated(list(zip(*(texts[c] for c in b), strict=True))) for b in blocks.values()
    )


def _repeated(rows: Sequence[tuple[str, ...]]) -> bool:
    telling = [row for row in rows if sum("." in cell for cell in row) >= LEAST_FRACTIONS]
    return len(set(telling)) < len(telling)
