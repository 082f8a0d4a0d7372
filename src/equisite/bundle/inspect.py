"""What a bundle is in a few lines; what differs between two in structure, never in cells."""

from __future__ import annotations

from equisite.bundle.codec import Bundle
from equisite.bundle.format import TABLE_REASONS


def describe(bundle: Bundle) -> list[str]:
    """Head and tables of one bundle."""
    about = bundle.about
    lines = [
        f"site        {about.site}, release {about.release_no:04d}",
        f"freeze      {about.freeze.id}, {about.freeze.date}",
        f"data        {about.stamp}",
        f"protocol    {about.protocol_sha256}",
        f"image       {about.image_digest}",
        f"smallest count published {about.k}",
        f"records counted twice: {'yes' if about.facts.records_counted_twice else 'no'}",
    ]
    for row in bundle.tables:
        shown = sum(
            bool(c.value) for c in (*bundle.cells, *bundle.quality) if c.table == row.table
        )
        lines.append(
            f"table       {row.table} ({row.kind}, {row.analysis_set}): "
            f"{TABLE_REASONS[row.reason]}, {shown} of {row.cells} cells shown"
        )
    return lines


def differences(first: Bundle, second: Bundle) -> list[str]:
    """What differs in head and structure.

    Differences of numbers between two releases of one site are those of the patients who
    came or left, and are never shown.
    """
    one, two = (b.about.model_dump(mode="json", by_alias=True) for b in (first, second))
    lines = [
        f"about.{name}: {_short(one[name])} | {_short(two[name])}"
        for name in sorted(one)
        if one[name] != two[name]
    ]
    tables = [{row.table: row for row in b.tables} for b in (first, second)]
    for name in sorted(tables[0].keys() | tables[1].keys()):
        a, b = (t.get(name) for t in tables)
        if a is None or b is None:
            lines.append(f"table {name}: only in the {'second' if a is None else 'first'}")
        elif (a.status, a.reason) != (b.status, b.reason):
            lines.append(f"table {name}: {TABLE_REASONS[a.reason]} | {TABLE_REASONS[b.reason]}")
    names = [
        {(c.table, c.key, c.measure) for c in (*b.cells, *b.quality)} for b in (first, second)
    ]
    lines.append(f"cells only in the first: {len(names[0] - names[1])}")
    lines.append(f"cells only in the second: {len(names[1] - names[0])}")
    return lines


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 72 else f"{text[:69]}..."
