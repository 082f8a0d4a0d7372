"""Tables as a site writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_sheet(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as TSV; the first row gives the columns, no rows give no file."""
    if not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(rows[0])]
    lines += ["\t".join(_cell(value) for value in row.values()) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
