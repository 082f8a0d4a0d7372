"""All regions of a batch to one table: an image is opened once, a bad case never stops it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from equisite.core.errors import Finding, InputError
from equisite.core.outcomes import Outcome, done, judged
from equisite.core.tables import read_table
from equisite.protocol.radiomics import Radiomics, RadiomicSettings
from equisite.radiomics.columns import feature_columns
from equisite.radiomics.extraction import Extraction, extract
from equisite.radiomics.settings import engine_text, settings_hash
from equisite.radiomics.volumes import check_same_grid, open_volume

KEYS = ("patient", "token", "modality", "roi", "reader")
NEEDED = (*KEYS, "image", "mask")
"""Columns of imaging's `regions.tsv` that are read here; it may have more."""

ROOM = "radiomics"
ENGINE_ERRORS = (ValueError, ArithmeticError, IndexError, AssertionError)
"""What an engine raises on data that it cannot handle; everything else is our fault."""


@dataclass(frozen=True)
class FeatureRow:
    """One row of the features table; values by codebook id."""

    patient: str
    token: str
    modality: str
    roi: str
    reader: str
    engine: str
    settings_hash: str
    roi_status: str
    values: Mapping[str, float]

    @property
    def key(self) -> tuple[str, ...]:
        """What the table is sorted by."""
        return self.patient, self.modality, self.roi, self.reader, self.token

    def cells(self) -> dict[str, object]:
        """All cells by column."""
        named = {
            "patient": self.patient,
            "token": self.token,
            "modality": self.modality,
            "roi": self.roi,
            "reader": self.reader,
            "engine": self.engine,
            "settings_hash": self.settings_hash,
            "roi_status": self.roi_status,
        }
        return named | dict(self.values)


def table_columns(radiomics: Radiomics) -> list[str]:
    """Columns of the features table of a protocol, the same for every case."""
    features = feature_columns(radiomics.mode, radiomics.modalities.values())
    return [*KEYS, "engine", "settings_hash", "roi_status", *features]


def read_regions(path: Path) -> list[dict[str, str]]:
    """Rows of imaging's table of pairs, in the order in which each image is needed once.

    Raises InputError TABLE_UNREADABLE when a column is absent.
    """
    columns, rows = read_table(path)
    absent = [c for c in NEEDED if c not in columns]
    if absent:
        problem = f"it has no column {', '.join(absent)}"
        raise InputError("TABLE_UNREADABLE", path.name, problem=problem)
    return sorted(rows, key=lambda r: (r["image"], *(r[c] for c in KEYS), r["mask"]))


def extract_batch(
    regions: Path,
    radiomics: Radiomics,
    progress: Callable[[str], None],
) -> tuple[list[FeatureRow], list[Outcome]]:
    """Features and outcomes of all regions of a table, sorted.

    radiomics: of the protocol. progress: takes a line that names a case by token only.
    Raises OSError when a volume that the table names is not there.
    """
    rows = []
    outcomes: list[Outcome] = []
    waiting = read_regions(regions)
    for number, region in enumerate(waiting, start=1):
        row, told = _extract_one(regions.parent, region, radiomics)
        rows.append(row)
        outcomes += told
        status = row.roi_status
        progress(f"{region['token']} {region['roi']}: {status} ({number} of {len(waiting)})")
    return sorted(rows, key=lambda r: r.key), sorted(outcomes)


def _extract_one(
    folder: Path, region: Mapping[str, str], radiomics: Radiomics
) -> tuple[FeatureRow, list[Outcome]]:
    item = "/".join(region[c] for c in ("modality", "token", "roi"))
    found = radiomics.modalities.items()
    chosen = next((s for m, s in found if m == region["modality"]), None)
    columns = feature_columns(radiomics.mode, radiomics.modalities.values())
    engine = engine_text(radiomics.engine, radiomics.mode)
    try:
        if chosen is None:
            raise InputError("NO_SETTINGS", modality=region["modality"])
        result = _features(folder, region, chosen, radiomics)
    except InputError as error:
        result = Extraction({}, error.findings)
    row = FeatureRow(
        patient=region["patient"],
        token=region["token"],
        modality=region["modality"],
        roi=region["roi"],
        reader=region["reader"],
        engine=engine,
        settings_hash="" if chosen is None else settings_hash(chosen, engine),
        roi_status=result.status,
        values={name: result.values.get(name, math.nan) for name in columns},
    )
    return row, list(_outcomes(region["patient"], item, result.findings))


def _features(
    folder: Path,
    region: Mapping[str, str],
    settings: RadiomicSettings,
    radiomics: Radiomics,
) -> Extraction:
    image = _opened(folder / region["image"])
    mask = open_volume(folder / region["mask"])
    check_same_grid(image, mask)
    try:
        return extract(
            image.voxels,
            mask.voxels,
            image.spacing_mm,
            settings,
            mode=radiomics.mode,
            engine=radiomics.engine,
        )
    except ENGINE_ERRORS as error:
        # The text of a foreign error may hold anything; its type is enough to find it.
        raise InputError("ENGINE_REFUSED", problem=type(error).__name__) from error


_opened = lru_cache(maxsize=1)(open_volume)


def _outcomes(patient: str, item: str, findings: tuple[Finding, ...]) -> Iterator[Outcome]:
    if not findings:
        yield done(patient, ROOM, item)
    for finding in findings:
        yield judged(patient, ROOM, item, finding)
