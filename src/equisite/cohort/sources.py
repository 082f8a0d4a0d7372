"""What the other rooms left for the cohort: tables, outcomes and what was expected.

Everything is private and stays below `work/` and `private/` of the site folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.errors import ConfigError
from equisite.core.outcomes import REFUSED, Outcome, read_outcomes
from equisite.core.tables import read_rows, read_table
from equisite.intake.index import ImagingItem, SequencingItem

ROOMS = ("clinical", "genomics", "imaging", "radiomics")
ROOM_TITLES = {
    "clinical": "Clinical table",
    "genomics": "Sequencing",
    "imaging": "Images and regions",
    "radiomics": "Image features",
}
REGION_KEYS = (
    "patient", "token", "modality", "roi", "reader", "engine", "settings_hash", "roi_status",
)  # fmt: skip
"""Columns of `regions.tsv` that say what a row is; all others are features."""

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Sources:
    """All rows of all rooms, batches put together.

    clinical, variants: one row per patient. regions: one per patient, modality, roi and
    reader. pictures: (patient, roi, path relative to `private/`). outcomes: by room.
    expected: by room, patients that the sheets name. named: by token of a series, its
    folder and mask as the sheet names them; tokens differ from site key to site key.
    """

    clinical_columns: tuple[str, ...]
    clinical: Rows
    variant_columns: tuple[str, ...]
    variants: Rows
    feature_columns: tuple[str, ...]
    regions: Rows
    pictures: tuple[tuple[str, str, str], ...]
    outcomes: Mapping[str, Sequence[Outcome]]
    expected: Mapping[str, frozenset[str]]
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_sources(
    folder: Path,
    genomics_batches: Iterable[int],
    imaging_batches: Iterable[int],
    *,
    tumours: bool = False,
    people: bool = False,
) -> Sources:
    """Read what a run left in a site folder; batch 0, the public pack, is no patient.

    tumours: somatic variants were called; their features stand beside the germline ones.
    people: the site's samples were compared; who is refused there has no variant features.

    Raises ConfigError COLUMNS_DIFFER when batches do not fit together, ROW_TWICE when
    a patient has two rows where one is allowed.
    """
    genomics = [folder / "work/genomics" / str(b) for b in genomics_batches if b]
    imaging = [str(b) for b in imaging_batches if b]
    clinical_columns, clinical = read_table(folder / "work/clinical/variables.tsv")
    variant_columns, variants = _stacked("genomics", [b / "variants.tsv" for b in genomics])
    of_tumours = [folder / "work/tumour" / b.name for b in genomics if tumours]
    more_columns, more = _stacked("genomics", [b / "tumours.tsv" for b in of_tumours])
    region_columns, regions = _stacked(
        "radiomics", [folder / "work/radiomics" / b / "regions.tsv" for b in imaging]
    )
    _each_once("clinical", clinical)
    _each_once("genomics", variants)
    _each_once("genomics", more)
    variant_columns += more_columns
    compared = read_outcomes([folder / "work/genomics/people.tsv"] if people else [])
    held = {o.patient for o in compared if o.outcome == REFUSED}
    variants = [row for row in _beside(variants, more) if row["patient"] not in held]
    samples = [
        row.patient
        for b in genomics
        for row in read_rows(folder / f"work/intake/genomics/{b.name}.tsv", SequencingItem)
    ]
    series = [
        row
        for b in imaging
        for row in read_rows(folder / f"work/intake/imaging/{b}.tsv", ImagingItem)
    ]
    images = [row.patient for row in series]
    outcomes = {
        "clinical": read_outcomes([folder / "work/clinical/outcomes.tsv"]),
        "genomics": sorted(
            {
                *read_outcomes(b / "outcomes.tsv" for b in [*genomics, *of_tumours]),
                *compared,
            }
        ),
        "imaging": read_outcomes(folder / "work/imaging" / b / "outcomes.tsv" for b in imaging),
        "radiomics": read_outcomes(
            folder / "work/radiomics" / b / "outcomes.tsv" for b in imaging
        ),
    }
    return Sources(
        tuple(c for c in clinical_columns if c != "patient"),
        clinical,
        tuple(c for c in variant_columns if c != "patient"),
        variants,
        tuple(c for c in region_columns if c not in REGION_KEYS),
        regions,
        _pictures(folder, imaging),
        outcomes,
        {
            "clinical": frozenset(row["patient"] for row in clinical),
            "genomics": frozenset(samples),
            "imaging": frozenset(images),
            "radiomics": frozenset(images),
        },
        {row.token: (row.series, row.mask, row.roi, row.roi_label) for row in series},
    )


def _stacked(room: str, paths: Sequence[Path]) -> tuple[list[str], Rows]:
    columns: list[str] = []
    rows: Rows = []
    for path in paths:
        found, more = read_table(path)
        if columns and found != columns:
            raise ConfigError("COLUMNS_DIFFER", room=room)
        columns = found
        rows += more
    return columns, rows


def _beside(rows: Rows, others: Rows) -> Rows:
    """Two tables of patients as one: a patient of only one of them keeps that row."""
    merged: dict[str, dict[str, str]] = {}
    for row in (*rows, *others):
        merged.setdefault(row["patient"], {}).update(row)
    return list(merged.values())


def _each_once(room: str, rows: Rows) -> None:
    patients = [row["patient"] for row in rows]
    twice = len(patients) - len(set(patients))
    if twice:
        raise ConfigError("ROW_TWICE", room=room, patients=twice)


def _pictures(folder: Path, batches: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    """Pictures that exist, found by the index of pairs, never by looking around."""
    found = []
    for batch in batches:
        index = folder / "work/imaging" / batch / "regions.tsv"
        for row in read_table(index)[1] if index.is_file() else ():
            path = f"pictures/{batch}/{row['token']}.{row['roi']}.png"
            if (folder / "private" / path).is_file():
                found.append((row["patient"], f"{row['modality']} {row['roi']}", path))
    return tuple(sorted(found))
