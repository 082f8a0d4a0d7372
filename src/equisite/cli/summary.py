"""What a run left behind, in a few lines: where the bundle is and who was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from equisite.core.tables import read_table

ROOMS = ("clinical", "genomics", "imaging", "radiomics")
_LEAST_COMMON = 4


def summary(directory: Path) -> Iterator[str]:
    """Lines for the terminal, counts only. Nothing where no status table was written."""
    status = directory / "private" / "status.tsv"
    if not status.is_file():
        return
    _, rows = read_table(status)
    kept = sum(row.get("set_all") == "1" for row in rows)
    yield f"{kept} of {len(rows)} patients are in the cohort."
    for room in ROOMS:
        outcomes = Counter(row.get(room, "") for row in rows)
        given = len(rows) - outcomes["absent"] - outcomes[""]
        if not given:
            continue
        lost = outcomes["refused"] + outcomes["partly"]
        line = f"  {room:<10} {given} patients, {outcomes['refused']} refused"
        if outcomes["partly"]:
            line += f", {outcomes['partly']} in part"
        if outcomes["flagged"]:
            line += f", {outcomes['flagged']} with a remark"
        if lost:
            line += f": {_reasons(rows, room)}"
        yield line
    yield f"Why, patient by patient: {directory / 'private' / 'status.html'}"
    prepared = directory / "private" / "review" / "prepared.bundle"
    if prepared.is_file():
        yield f"The bundle waits for approval: {prepared}"
        yield f"What would leave: {prepared.with_name('review.html')}"
        yield f"Then: equisite approve --directory {quote(str(directory))}"


def _reasons(rows: list[dict[str, str]], room: str) -> str:
    codes = Counter(
        row.get(f"{room}_code", "") for row in rows if row.get(room) in ("refused", "partly")
    )
    ordered = sorted(codes.items(), key=lambda item: (-item[1], item[0]))[:_LEAST_COMMON]
    return ", ".join(f"{code} {count}" for code, count in ordered)
