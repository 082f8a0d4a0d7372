"""What the rows of the imaging sheet must agree on, and the folders and masks they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from equisite.core.errors import Finding
from equisite.intake.pacs import copy_of, is_uid
from equisite.intake.places import Place, Places
from equisite.intake.rows import Row, Sheet
from equisite.protocol.explain import did_you_mean
from equisite.protocol.models import Protocol
from equisite.protocol.site import ImagingRow

Found = dict[tuple[int, str], Place]


def check_imaging(sheet: Sheet[ImagingRow], *, root_given: bool) -> Iterator[Finding]:
    """Every contradiction among the rows; no file is looked at."""
    rows: dict[tuple[object, ...], Row[ImagingRow]] = {}
    series: dict[str, Row[ImagingRow]] = {}
    for row in sheet.rows:
        cells = row.cells
        key = tuple(cells.model_dump().values())
        other = rows.setdefault(key, row)
        if other is not row:
            yield Finding("IMAGING_ROW_TWICE", sheet.where(row.line), {"line": other.line})
            continue
        first = series.setdefault(cells.series, row)
        if first.cells.patient.casefold() != cells.patient.casefold():
            where = sheet.where(row.line, "series")
            yield Finding(
                "SERIES_OF_TWO_PATIENTS",
                where,
                {"other": first.cells.patient, "line": first.line},
            )
        elif first.cells.modality != cells.modality:
            where = sheet.where(row.line, "modality")
            yield Finding(
                "SERIES_MODALITIES",
                where,
                {"cell": cells.modality, "other": first.cells.modality, "line": first.line},
            )
        if is_uid(cells.series) and not root_given:
            yield Finding("ROOT_NEEDED", sheet.where(row.line, "series"))


def check_against_protocol(sheet: Sheet[ImagingRow], protocol: Protocol) -> Iterator[Finding]:
    """Regions and modalities that the protocol does not know; labels without a region."""
    regions = [rule.name for rule in protocol.imaging.roi]
    for row in sheet.rows:
        cells = row.cells
        if cells.roi is not None and cells.roi not in regions:
            where = sheet.where(row.line, "roi")
            yield Finding(
                "ROI_NOT_DEFINED",
                where,
                {
                    "roi": cells.roi,
                    "guess": did_you_mean(cells.roi, regions),
                    "known": ", ".join(regions),
                },
            )
        if cells.roi_label is not None and cells.roi is None and len(regions) > 1:
            where = sheet.where(row.line, "roi_label")
            yield Finding("LABEL_WITHOUT_ROI", where, {"known": ", ".join(regions)})
        if cells.modality not in protocol.radiomics.modalities:
            where = sheet.where(row.line, "modality")
            yield Finding(
                "MODALITY_NOT_IN_PROTOCOL",
                where,
                {
                    "modality": cells.modality,
                    "known": ", ".join(sorted(protocol.radiomics.modalities)),
                },
            )


def check_files(
    sheet: Sheet[ImagingRow], places: Places, copies: Path | None = None
) -> tuple[Found, list[Finding]]:
    """Look at every folder and mask once: absent, empty, unreadable, or of two patients.

    copies: folder of the series that were copied from the PACS; what is not there yet, or
    not in the PACS, is no mistake of the sheet.
    """
    found: Found = {}
    findings: list[Finding] = []
    owners: dict[str, Row[ImagingRow]] = {}
    told: set[str] = set()
    for row in sheet.rows:
        cells = row.cells
        looks = [("mask", places.file(cells.mask, sheet.where(row.line, "mask")))]
        if not is_uid(cells.series):
            place = places.tree(cells.series, sheet.where(row.line, "series"))
            looks.append(("series", place))
        elif copies is not None:
            place = places.tree(str(copies / copy_of(cells.series)), "")
            if not isinstance(place, Finding):
                found[row.line, "series"] = place
        for column, place in looks:
            if isinstance(place, Finding):
                name = f"{column} {getattr(cells, column)}"
                if name not in told:  # several regions may share a folder or a mask
                    findings.append(place)
                told.add(name)
                continue
            found[row.line, column] = place
            owner = owners.setdefault(place.identity, row)
            same_text = getattr(owner.cells, column) == getattr(cells, column)
            if owner.cells.patient.casefold() == cells.patient.casefold():
                continue
            if column == "series" and same_text:
                continue  # told as SERIES_OF_TWO_PATIENTS
            findings.append(
                Finding(
                    "FILE_IN_TWO_ROWS",
                    sheet.where(row.line, column),
                    {"path": getattr(cells, column), "other": column, "line": owner.line},
                )
            )
    return found, findings
