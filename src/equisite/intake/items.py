"""From checked rows to items of the index: tokens, lane numbers, absolute paths, stamps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from equisite.core.canonical import keyed_token, sha256_bytes
from equisite.intake.index import ImagingItem, SequencingItem
from equisite.intake.pacs import is_uid
from equisite.intake.places import Place
from equisite.intake.rows import Sheet
from equisite.intake.sequencing import FILES
from equisite.protocol.site import ImagingRow, SequencingRow

Found = Mapping[tuple[int, str], Place]


def sequencing_items(
    sheet: Sheet[SequencingRow], found: Found, sex: Mapping[str, str], key: bytes
) -> list[SequencingItem]:
    """Items of all patients in `sex`, sorted.

    Lanes are numbered by library, lane and file name, never by their order in the sheet:
    shuffled rows give the same bytes.
    """
    samples: dict[tuple[str, str], list[tuple[int, SequencingRow]]] = defaultdict(list)
    for row in sheet.rows:
        if row.cells.patient in sex:
            samples[row.cells.patient, row.cells.sample].append((row.line, row.cells))
    items = []
    for (patient, sample), rows in samples.items():
        rows.sort(key=lambda lane: _lane_order(lane[1]))
        token = keyed_token(key, "sample", patient, sample)
        for number, (line, cells) in enumerate(rows, start=1):
            places = {column: found.get((line, column)) for column in FILES}
            paths = {column: place.path if place else "" for column, place in places.items()}
            items.append(
                SequencingItem(
                    patient=patient,
                    sample=sample,
                    token=token,
                    lane_number=number,
                    kind=cells.kind,
                    library=cells.library or "",
                    lane=cells.lane or "",
                    assay=cells.assay,
                    sex=sex[patient],
                    stamp=_stamp(list(places.values())),
                    **paths,
                )
            )
    return sorted(items)


def _lane_order(cells: SequencingRow) -> tuple[str, ...]:
    names = (cells.library, cells.lane, *(getattr(cells, column) for column in FILES))
    return tuple(name or "" for name in names)


def imaging_items(
    sheet: Sheet[ImagingRow], found: Found, root: str, key: bytes
) -> list[ImagingItem]:
    """One item per row, sorted. root: where a SeriesInstanceUID is looked for."""
    items = []
    for row in sheet.rows:
        cells = row.cells
        texts = [cells.series, cells.modality, cells.mask]
        texts += [cells.roi or "", cells.roi_label or "", cells.reader or ""]
        token = keyed_token(key, "series", cells.patient, *texts)
        by_uid = is_uid(cells.series)
        series, mask = found.get((row.line, "series")), found.get((row.line, "mask"))
        items.append(
            ImagingItem(
                cells.patient,
                token,
                cells.series if by_uid or series is None else series.path,
                root if by_uid else "",
                cells.modality,
                mask.path if mask else "",
                cells.roi or "",
                cells.roi_label or "",
                cells.reader or "",
                _stamp([series, mask]),
                cells.trust_frame or "",
            )
        )
    return sorted(items)


def _stamp(places: list[Place | None]) -> str:
    stamps = [place.stamp if place else "" for place in places]
    return sha256_bytes("\0".join(stamps).encode())[:16]
