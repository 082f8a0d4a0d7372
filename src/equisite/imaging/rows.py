"""Rows of the tables that this room writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class SeriesRow:
    """One finding of one series in `series.tsv`; a clean series has one row without code.

    part: of a series that the protocol splits; empty for the series as a whole. verdict:
    `ok` or `refused`, of the series or of the part. value, limit: what was measured and
    what it was held against. count: images concerned. Private.
    """

    patient: str
    token: str
    modality: str
    part: str
    verdict: str
    images: int
    code: str
    severity: str
    value: str
    limit: str
    count: str
    sentence: str
    mend: str


@dataclass(frozen=True, order=True)
class RegionPair:
    """One image with one region on its grid, in `regions.tsv`. Private.

    token: of the row of the sheet. image, mask: NIfTI files, relative to the folder of
    the table. voxels: of the region. flags: codes of the warnings on series and region,
    separated by commas.
    """

    patient: str
    token: str
    modality: str
    roi: str
    reader: str
    image: str
    mask: str
    voxels: int
    flags: str


@dataclass(frozen=True, order=True)
class ReaderPair:
    """Two readers of one region of one series, in `agreement.tsv`. Private.

    Measures as in `agreement.Agreement`.
    """

    patient: str
    token: str
    other_token: str
    modality: str
    roi: str
    reader: str
    other_reader: str
    voxels: int
    other_voxels: int
    dice: float
    volume_ratio: float
    assd_mm: float
    hd95_mm: float
