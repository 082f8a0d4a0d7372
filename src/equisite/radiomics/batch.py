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
from equisite.protocol.models import Modality, RadiomicSettings
from equisite.radiomics.engine_pyradiomics import ENGINE
from equisite.radiomics.extraction import Extraction, extract, feature_columns
from equisite.radiomics.settings import settings_hash
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


def table_columns() -> list[str]:
    """Columns of the features table, the same for every protocol and every case."""
    return [*KEYS, "engine", "settings_hash", "roi_status", *feature_columns()]


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
    settings: Mapping[Modality, RadiomicSettings],
    progress: Callable[[str], None],
) -> tuple[list[FeatureRow], list[Outcome]]:
    """Features and outcomes of all regions of a table, sorted.

    settings: by modality. progress: takes a line that names a case by token only.
    Raises OSError when a volume that the table names is not there.
    """
    rows = []
    outcomes: list[Outcome] = []
    waiting = read_regions(regions)
    for number, region in enumerate(waiting, start=1):
        row, told = _extract_one(regions.parent, region, settings)
        rows.append(row)
        outcomes += told
        status = row.roi_status
        progress(f"{region['token']} {region['roi']}: {status} ({number} of {len(waiting)})")
    return sorted(rows, key=lambda r: r.key), sorted(outcomes)


def _extract_one(
    folder: Path, region: Mapping[str, str], settings: Mapping[Modality, RadiomicSettings]
) -> tuple[FeatureRow, list[Outcome]]:
    item = "/".join(region[c] for c in ("modality", "token", "roi"))
    chosen = next((s for m, s in settings.items() if m == region["modality"]), None)
    try:
        if chosen is None:
            raise InputError("NO_SETTINGS", modality=region["modality"])
        result = _features(folder, region, chosen)
    except InputError as error:
        result = Extraction(dict.fromkeys(feature_columns(), math.nan), error.findings)
    row = FeatureRow(
        patient=region["patient"],
        token=region["token"],
        modality=region["modality"],
        roi=region["roi"],
        reader=region["reader"],
        engine=ENGINE,
        settings_hash="" if chosen is None else settings_hash(chosen, ENGINE),
        roi_status=result.status,
        values=result.values,
    )
    return row, list(_outcomes(region["patient"], item, result.findings))


def _features(
    folder: Path, region: Mapping[str, str], settings: RadiomicSettings
) -> Extraction:
    image = _opened(folder / region["image"])
    mask = open_volume(folder / region["mask"])
    check_same_grid(image, mask)
    try:
        return extract(image.voxels, mask.voxels != 0, image.spacing_mm, settings)
    except ENGINE_ERRORS as error:
        # The text of a foreign error may hold anything; its type is enough to find it.
        raise InputError("ENGINE_REFUSED", problem=type(error).__name__) from error


_opened = lru_cache(maxsize=1)(open_volume)


def _outcomes(patient: str, item: str, findings: tuple[Finding, ...]) -> Iterator[Outcome]:
    if not findings:
        yield done(patient, ROOM, item)
    for finding in findings:
        yield judged(patient, ROOM, item, finding)
