"""What the rows of the imaging sheet must agree on, and the folders and masks they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from equisite.core.errors import Finding
from equisite.intake.pacs import copy_of, is_uid
from equisite.intake.places import Place, Places
from equisite.intake.rows import Sheet
from equisite.intake.sheet_text import Line
from equisite.protocol.explain import did_you_mean
from equisite.protocol.models import Protocol
from equisite.protocol.salvage import Examined
from equisite.protocol.site import ImagingRow

Found = dict[tuple[int, str], Place]


def check_imaging(
    sheet: Sheet[ImagingRow], *, root_given: bool, pacs_given: bool
) -> Iterator[Finding]:
    """Every contradiction among the rows; no file is looked at.

    root_given, pacs_given: whether there is a place to look for UIDs, or for masks by UID.
    """
    rows: dict[tuple[tuple[str, str], ...], Line] = {}
    series: dict[str, Line] = {}
    for line in sheet.lines:
        cells = line.cells
        if not line.whole:
            continue
        # A column of open meaning may be what tells two rows apart.
        other = rows.setdefault(tuple(sorted(cells.items())), line)
        if other is not line and sheet.certain:
            where = sheet.where(line.number)
            yield Finding("IMAGING_ROW_TWICE", where, {"line": other.number})
            continue
        if "series" not in cells:
            continue
        first = series.setdefault(cells["series"], line)
        if not one_patient(first, line):
            where = sheet.where(line.number, "series")
            yield Finding(
                "SERIES_OF_TWO_PATIENTS",
                where,
                {"other": first.cells["patient"], "line": first.number},
            )
        elif _differ(first, line, "modality"):
            where = sheet.where(line.number, "modality")
            yield Finding(
                "SERIES_MODALITIES",
                where,
                {
                    "cell": cells["modality"],
                    "other": first.cells["modality"],
                    "line": first.number,
                },
            )
        if is_uid(cells["series"]) and not root_given:
            yield Finding("ROOT_NEEDED", sheet.where(line.number, "series"))
        if is_uid(cells.get("mask", "")) and not pacs_given:
            yield Finding("PACS_NEEDED", sheet.where(line.number, "mask"))


def _differ(first: Line, line: Line, column: str) -> bool:
    """Whether both rows have the cell, differently, and no mistake was told of either."""
    both = column in first.cells and column in line.cells
    sound = column not in first.told | line.told
    return both and sound and first.cells[column] != line.cells[column]


def one_patient(first: Line, line: Line) -> bool:
    """Whether two rows may be of one patient: nothing sound in them says otherwise."""
    if not _differ(first, line, "patient"):
        return True
    return first.cells["patient"].casefold() == line.cells["patient"].casefold()


def check_against_protocol(
    sheet: Sheet[ImagingRow], protocol: Examined[Protocol]
) -> Iterator[Finding]:
    """Regions and modalities that the protocol does not know; labels without a region.

    What is not sound of the protocol was told; nothing is unknown because of it.
    """
    part = protocol.part
    if part is None:
        return
    regions = [r.name for r in part.imaging.roi] if protocol.knows("imaging.roi") else None
    modalities = (
        sorted(part.radiomics.modalities) if protocol.knows("radiomics.modalities") else None
    )
    for line in sheet.lines:
        if not line.whole:
            continue
        cells = line.cells
        modality = cells.get("modality")
        if regions is not None:
            yield from _region(sheet, line, regions)
        if modalities is None or modality is None or "modality" in line.told:
            continue
        if modality not in modalities:
            where = sheet.where(line.number, "modality")
            numbers = {"modality": modality, "known": ", ".join(modalities)}
            yield Finding("MODALITY_NOT_IN_PROTOCOL", where, {**numbers})


def _region(sheet: Sheet[ImagingRow], line: Line, regions: list[str]) -> Iterator[Finding]:
    roi = line.cells.get("roi")
    if roi is not None and roi not in regions and "roi" not in line.told:
        yield Finding(
            "ROI_NOT_DEFINED",
            sheet.where(line.number, "roi"),
            {"roi": roi, "guess": did_you_mean(roi, regions), "known": ", ".join(regions)},
        )
    named = roi is not None or not sheet.certain
    if "roi_label" in line.cells and not named and len(regions) > 1:
        where = sheet.where(line.number, "roi_label")
        yield Finding("LABEL_WITHOUT_ROI", where, {"known": ", ".join(regions)})


def _copied(folder: Path, places: Places) -> Place:
    """The copy of a series from the PACS, without a stamp when it is not there."""
    place = places.tree(str(folder), "")
    return Place(str(folder), "", "") if isinstance(place, Finding) else place


def check_files(
    sheet: Sheet[ImagingRow], places: Places, copies: Path | None = None
) -> tuple[Found, list[Finding]]:
    """Look at every folder and mask once: absent, empty, unreadable, or of two patients.

    copies: folder of the series that were copied from the PACS; what is not there yet, or
    not in the PACS, is no mistake of the sheet.
    """
    found: Found = {}
    findings: list[Finding] = []
    owners: dict[str, Line] = {}
    asked: set[tuple[str, str]] = set()
    for line in sheet.lines:
        looks = []
        mask = line.cells.get("mask")
        if mask is not None and not is_uid(mask):
            looks.append(("mask", mask, places.file(mask, sheet.where(line.number, "mask"))))
        series = line.cells.get("series")
        if series is not None and not is_uid(series):
            place = places.tree(series, sheet.where(line.number, "series"))
            looks.append(("series", series, place))
        if copies is not None:
            for column, uid in (("series", series), ("mask", mask)):
                if uid is not None and is_uid(uid):
                    place = _copied(copies / copy_of(uid), places)
                    found[line.number, column] = place
                    if column == "mask" and place.stamp:
                        looks.append((column, uid, place))
        for column, name, place in looks:
            if isinstance(place, Finding):
                if (column, name) not in asked:  # several regions may share one of them
                    findings.append(place)
                asked.add((column, name))
                continue
            found[line.number, column] = place
            owner = owners.setdefault(place.identity, line)
            if one_patient(owner, line):
                continue
            if column == "series" and owner.cells.get(column) == name:
                continue  # told as SERIES_OF_TWO_PATIENTS
            findings.append(
                Finding(
                    "FILE_IN_TWO_ROWS",
                    sheet.where(line.number, column),
                    {"path": name, "other": column, "line": owner.number},
                )
            )
    return found, findings
