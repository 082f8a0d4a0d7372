"""`private/status.html`: what a clinician and a data protection officer want to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from equisite.cohort.html import render
from equisite.cohort.join import SETS
from equisite.cohort.sources import ROOM_TITLES, ROOMS, Sources
from equisite.cohort.status import ABSENT, PARTLY, Stage, StatusRow
from equisite.core.errors import Finding
from equisite.core.outcomes import DONE, FLAGGED, REFUSED, Outcome

TEMPLATE = Path(__file__).parent / "templates" / "status.html"
_TONES = {DONE: "good", FLAGGED: "warn", PARTLY: "warn", REFUSED: "bad", ABSENT: "soft"}
_SET_WORDS = {"genomics": "genomic data", "imaging": "imaging data"}


def status_page(
    sources: Sources,
    rows: Sequence[StatusRow],
    stages: Sequence[Stage],
    warnings: Sequence[Finding],
    site: Mapping[str, Any],
    protocol: str,
    several: str,
) -> str:
    """The page as one HTML text. site: the frozen site configuration."""
    outcomes = [o for room in ROOMS for o in sources.outcomes[room]]
    return render(
        TEMPLATE,
        site=site["site"],
        freeze=site["freeze"]["id"],
        date=site["freeze"]["date"],
        protocol=protocol,
        several=several,
        rooms=ROOMS,
        titles=ROOM_TITLES,
        total=len(rows),
        sets={name: sum(getattr(r, f"set_{name}") for r in rows) for name in SETS},
        warnings=warnings,
        stages=stages,
        lost=_lost(rows, outcomes),
        coded=any(o.outcome == REFUSED and "/" in o.item for o in outcomes),
        remarks=_remarks(outcomes),
        unused=[row for row in rows if row.unused],
        rows=[_row(row) for row in rows],
        pictures=[
            {"patient": patient, "region": region, "path": path}
            for patient, region, path in sources.pictures
        ],
    )


def _lost(rows: Sequence[StatusRow], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Patients of whom something was refused, those outside the cohort first."""
    refused: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.outcome == REFUSED:
            refused.setdefault(outcome.patient, []).append(outcome)
    found = [
        {
            "name": row.patient,
            "out": not row.set_all,
            "kept": " and ".join(
                words for name, words in _SET_WORDS.items() if getattr(row, f"set_{name}")
            )
            or "clinical data only",
            "reasons": refused[row.patient],
        }
        for row in rows
        if row.patient in refused
    ]
    return sorted(found, key=lambda patient: not patient["out"])


def _remarks(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    by_code: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.outcome == FLAGGED:
            by_code.setdefault(outcome.code, []).append(outcome)
    return [
        {"code": code, "mend": found[0].mend, "entries": found}
        for code, found in sorted(by_code.items())
    ]


def _row(row: StatusRow) -> dict[str, Any]:
    cells = [
        {
            "verdict": getattr(row, room),
            "code": getattr(row, f"{room}_code"),
            "tone": _TONES[getattr(row, room)],
        }
        for room in ROOMS
    ]
    sets = [name for name in SETS if getattr(row, f"set_{name}")]
    return {"patient": row.patient, "cells": cells, "sets": ", ".join(sets)}
