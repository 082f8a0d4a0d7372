"""Rows of the imaging sheet from series and masks that were found, linked to each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from equisite.intake.found import NO_CELL, UNUSABLE, FoundMask, FoundSeries, Inventory, LeftOut
from equisite.protocol.site import NOT_KNOWN

COLUMNS = ("patient", "series", "modality", "mask", "roi", "roi_label", "reader")
Row = dict[str, str]


def imaging_rows(
    inventory: Inventory, ids: Mapping[str, str], regions: Sequence[str] | None
) -> tuple[list[Row], list[LeftOut]]:
    """One row for each mask and series that belong together, sorted; and what has no row.

    ids: PatientID to our id. regions: names of the protocol's regions, None where no
    protocol was given. A structure set belongs to the series it names, else to the only
    series of its frame of reference; a label image to the only series near it.
    """
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    drawn: set[str] = set()
    readers = _several_readers(inventory, regions)
    for mask in inventory.masks:
        series, why = _series_of(mask, inventory.series)
        roi, label = _region_cells(mask, regions)
        if UNUSABLE.search(mask.path) or UNUSABLE.search(label):
            why = NO_CELL
        if why:
            left_out.append(LeftOut(mask.path, why))
            continue
        drawn |= {one.uid for one in series}
        sure = _is_sure(mask, series)
        patients = {one.patient for one in series}
        for one in series if sure else series[:1]:
            owner = one.patient if sure or len(patients) == 1 else mask.patient
            rows.append(
                {
                    "patient": ids.get(owner, NOT_KNOWN),
                    "series": _place(one) if sure else NOT_KNOWN,
                    "modality": one.modality if sure else NOT_KNOWN,
                    "mask": mask.path,
                    "roi": roi,
                    "roi_label": label,
                    "reader": NOT_KNOWN if mask.path in readers else "",
                }
            )
    left_out += [
        LeftOut(
            f"{one.modality} series {one.uid} in {one.folder}",
            "no file of regions belongs to it",
        )
        for one in inventory.series
        if one.uid not in drawn
    ]
    return sorted(rows, key=lambda row: tuple(row.values())), left_out


def names_by_uid(rows: Sequence[Row]) -> bool:
    """Whether a row names its series by UID, so that `roots.images` is needed."""
    return any("/" not in row["series"] and row["series"] != NOT_KNOWN for row in rows)


def _place(series: FoundSeries) -> str:
    named = series.alone and not UNUSABLE.search(series.folder)
    return series.folder if named else series.uid


def _is_sure(mask: FoundMask, series: Sequence[FoundSeries]) -> bool:
    """Whether a mask belongs to all of these series, rather than to one of them."""
    return len(series) == 1 or bool({one.uid for one in series} & set(mask.series))


def _series_of(mask: FoundMask, every: Sequence[FoundSeries]) -> tuple[list[FoundSeries], str]:
    """Series that a mask belongs to, or may belong to; or why there is none."""
    named = [one for one in every if one.uid in mask.series]
    own = [one for one in named if mask.patient in ("", one.patient)]
    if named and not own:
        return [], "it names a series of another patient"
    if own:
        return own, ""
    if mask.kind in ("RTSTRUCT", "SEG"):
        framed = [
            one
            for one in every
            if one.frame and one.frame in mask.frames and mask.patient in ("", one.patient)
        ]
        missing = "the series that it names does not lie here" if mask.series else ""
        return framed, "" if framed else missing or "it names no series and no frame of one"
    near = _near(mask.path, every)
    return near, "" if near else "no series lies near it"


def _near(path: str, every: Sequence[FoundSeries]) -> list[FoundSeries]:
    """Series below the closest folder above a file that holds any.

    Of several those whose folder or patient is named as the file begins, if there are any.
    """
    for folder in PurePosixPath(path).parents:
        below = [one for one in every if PurePosixPath(one.folder).is_relative_to(folder)]
        if below:
            own = PurePosixPath(path).name.casefold()
            alike = [
                one
                for one in below
                if any(
                    begins(own, name.casefold())
                    for name in (PurePosixPath(one.folder).name, one.patient)
                )
            ]
            return alike if len(below) > 1 and alike else below
    return []


def begins(name: str, start: str) -> bool:
    """Whether a name begins with a whole word.

    >>> begins("p01-t", "p01"), begins("p011", "p01"), begins("p01", "")
    (True, False, False)
    """
    return bool(start) and name.startswith(start) and not name[len(start) :][:1].isalnum()


def _region_cells(mask: FoundMask, regions: Sequence[str] | None) -> tuple[str, str]:
    """Cells `roi` and `roi_label`: empty where the protocol's patterns find the region."""
    if mask.names:
        unmatched = mask.rois is not None and not mask.rois
        if not unmatched:
            return "", ""
        roi = regions[0] if regions is not None and len(regions) == 1 else NOT_KNOWN
        return roi, mask.names[0] if len(mask.names) == 1 else NOT_KNOWN
    roi = regions[0] if regions is not None and len(regions) == 1 else NOT_KNOWN
    return roi, "" if mask.labels == 1 else NOT_KNOWN


def _several_readers(inventory: Inventory, regions: Sequence[str] | None) -> frozenset[str]:
    """Masks that hold a region of a series which another mask holds too."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for mask in inventory.masks:
        series, _ = _series_of(mask, inventory.series)
        for one in series if _is_sure(mask, series) else ():
            for region in _held(mask, regions):
                holders[one.uid, region].add(mask.path)
    return frozenset(p for paths in holders.values() if len(paths) > 1 for p in paths)


def _held(mask: FoundMask, regions: Sequence[str] | None) -> Iterator[str]:
    if mask.rois:
        yield from mask.rois
    elif regions is not None and len(regions) == 1:
        yield regions[0]
    else:
        yield from (name.strip().casefold() for name in mask.names)
