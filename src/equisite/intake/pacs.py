"""Series, of images and of masks, that stand in the sheet by their UID: in the site's PACS."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from equisite.core.errors import ConfigError
from equisite.intake.rows import read_imaging, read_patients, without_withdrawn
from equisite.protocol.site import SiteConfig

UID = re.compile(r"^[0-9]+(\.[0-9]+){3,}$")
"""A SeriesInstanceUID instead of a folder; at most 64 signs (DICOM PS3.5, 9.1)."""
COPIES = "work/pacs"
"""Folder of a site that holds the series copied from its PACS, one folder each."""


def is_uid(series: str) -> bool:
    """Whether a cell of column `series` is a SeriesInstanceUID."""
    return len(series) <= 64 and UID.match(series) is not None


def copy_of(uid: str) -> str:
    """Name of the folder, or file, of an object: a digest, no identifier stands in a path."""
    return hashlib.sha256(uid.encode()).hexdigest()[:24]


def wanted_series(directory: Path, config: SiteConfig) -> list[str]:
    """SeriesInstanceUIDs of the sheet, sorted, those of withdrawn patients left out.

    An RTSTRUCT or SEG object is the only one of a series of its own.
    Raises ConfigError when a sheet cannot be read.
    """
    if config.sheets.imaging is None:
        return []
    sheet, findings = read_imaging(directory / config.sheets.imaging, config.sheets.imaging)
    patients, more = read_patients(directory / config.sheets.patients, config.sheets.patients)
    if sheet is None or patients is None:
        raise ConfigError(findings + more)
    rows = without_withdrawn(sheet, patients).rows
    named = {cell for row in rows for cell in (row.cells.series, row.cells.mask)}
    return sorted(cell for cell in named if is_uid(cell))
