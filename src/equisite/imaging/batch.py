"""A batch of rows: each series judged and converted once, each region drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from equisite.core.errors import EquisiteError, Finding, InputError
from equisite.core.outcomes import Outcome, done, from_error, judged
from equisite.imaging.discovery import Found, SeriesFiles, one_series, scan, series_by_uid
from equisite.imaging.findings import INFO, REFUSE, WARN, finding, refused
from equisite.imaging.index import HeaderIndex
from equisite.imaging.masks import MaskReader, Region
from equisite.imaging.n4 import correct_volume
from equisite.imaging.nifti import write_mask
from equisite.imaging.parts import Judged, judge_parts
from equisite.imaging.privacy import held_by
from equisite.imaging.provenance import write_provenance
from equisite.imaging.readers import ROOM, compare_readers
from equisite.imaging.rows import ReaderPair, RegionPair, SeriesRow
from equisite.imaging.series import SeriesReport
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging

VOLUMES = "volumes"
"""Name of the folder of volumes, beside the table of regions."""


@dataclass
class BatchResult:
    """Rows of the batch's four tables."""

    series: list[SeriesRow] = field(default_factory=list)
    regions: list[RegionPair] = field(default_factory=list)
    agreement: list[ReaderPair] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def run_batch(
    items: Iterable[ImagingItem],
    imaging: Imaging,
    volumes: Path | None,
    progress: Callable[[str], None] = lambda line: None,
    headers: Path | None = None,
    bias_cache: Path | None = None,
) -> BatchResult:
    """Judge all series of a batch; with a folder for volumes, convert and draw as well.

    Rows that name the same series share one image. Wrong data become outcomes of their
    rows; MemoryError and OSError of the machine are raised. progress: takes a line per
    series that names it by token only. headers: cache of headers that were read before.
    bias_cache: folder of corrected MR volumes.
    """
    if headers is None:
        return _run(items, imaging, volumes, progress, None, bias_cache)
    with HeaderIndex(headers) as index:
        return _run(items, imaging, volumes, progress, index, bias_cache)


def _run(
    items: Iterable[ImagingItem],
    imaging: Imaging,
    volumes: Path | None,
    progress: Callable[[str], None],
    index: HeaderIndex | None,
    bias_cache: Path | None,
) -> BatchResult:
    result = BatchResult()
    groups: dict[tuple[str, str, str], list[ImagingItem]] = {}
    for item in sorted(items, key=lambda i: (i.token, i.patient, i.roi, i.mask, i.reader)):
        groups.setdefault((item.series, item.root, item.modality), []).append(item)
    finder = _Finder(groups, index)
    masks = MaskReader(imaging)
    if volumes is not None:
        volumes.mkdir(parents=True, exist_ok=True)
    for (series, root, modality), rows in groups.items():
        image = volumes / f"{rows[0].token}.image.nii" if volumes is not None else None
        try:
            files = finder.find(series, root)
            verdict = _judge(files, modality, imaging, image)
            number = sum(header.frames for header in files.headers)
        except InputError as error:
            verdict, number = Judged(_refusal(error)), 0
        report = verdict.report
        for row in rows:
            _record(result, row, verdict, number)
        why = sorted({f.code for f in report.findings if f.severity == REFUSE})
        progress(f"{rows[0].token} {modality}: {number} images, {' '.join(why) or 'ok'}")
        if image is None or volumes is None or report.grid is None:
            continue
        before = len(result.regions)
        for row in rows:
            _draw(result, row, report, image, masks)
        drawn = result.regions[before:]
        if not drawn:
            image.unlink()  # nothing will read it
            continue
        bias = imaging.n4 if modality == "MR" else "off"
        if bias != "off":
            try:
                correct_volume(image, bias, bias_cache)
            except InputError as error:
                del result.regions[before:]
                for row in rows:
                    name = f"{row.modality}/{row.token}"
                    result.outcomes += from_error(row.patient, ROOM, name, error)
                image.unlink()
                continue
        write_provenance(image, report, n4=bias != "off")
        kept, pairs, outcomes = compare_readers(drawn, report.grid, volumes, imaging.consensus)
        result.regions[before:] = kept
        result.agreement += pairs
        result.outcomes += outcomes
    return result


class _Finder:
    """Finds series by folder, or by SeriesInstanceUID with one scan of each root."""

    def __init__(
        self, groups: Iterable[tuple[str, str, str]], index: HeaderIndex | None
    ) -> None:
        self._index = index
        self._wanted: dict[str, set[str]] = {}
        self._scans: dict[str, Found] = {}
        for series, root, _ in groups:
            if _is_uid(series):
                self._wanted.setdefault(root, set()).add(series)

    def find(self, series: str, root: str) -> SeriesFiles:
        """The files of one series; raises InputError SERIES_NOT_FOUND or _AMBIGUOUS."""
        if not _is_uid(series):
            return one_series(scan(Path(series), None, self._index))
        if root not in self._scans:
            self._scans[root] = scan(Path(root), self._wanted[root], self._index)
        return series_by_uid(self._scans[root], series)


def _is_uid(series: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)+", series) is not None


def _refusal(error: EquisiteError) -> SeriesReport:
    return SeriesReport(tuple(finding(f.code, **f.numbers) for f in error.findings))


def _judge(files: SeriesFiles, modality: str, imaging: Imaging, image: Path | None) -> Judged:
    """Verdict on a series and its parts, and what its headers hold of the patient."""
    if imaging.deid == "off":
        return judge_parts(files, modality, imaging, image)
    held = tuple(held_by((h.path for h in files.headers), imaging.deid))
    if refused(held):
        return Judged(SeriesReport(held))
    verdict = judge_parts(files, modality, imaging, image)
    report = replace(verdict.report, findings=(*held, *verdict.report.findings))
    return replace(verdict, report=report)


def _record(result: BatchResult, row: ImagingItem, verdict: Judged, images: int) -> None:
    """Rows of `series.tsv` and the series' outcomes for one row of the sheet."""
    for part, number, report in (("", images, verdict.report), *verdict.parts):
        word = "refused" if report.refused else "ok"
        start = (row.patient, row.token, row.modality, part, word, number)
        if not report.findings:
            result.series.append(SeriesRow(*start, "", "", "", "", "", "", ""))
        for found in report.findings:
            value, limit, count = (
                str(found.numbers.get(name, "")) for name in ("value", "limit", "count")
            )
            said = (found.sentence, found.mend)
            result.series.append(
                SeriesRow(*start, found.code, found.severity, value, limit, count, *said)
            )
    item = f"{row.modality}/{row.token}"
    told = [f for f in verdict.report.findings if f.severity != INFO]
    result.outcomes += [judged(row.patient, ROOM, item, f) for f in told]


def _draw(
    result: BatchResult, row: ImagingItem, report: SeriesReport, image: Path, masks: MaskReader
) -> None:
    """Write the masks of one row."""
    item = f"{row.modality}/{row.token}"
    try:
        regions = masks.regions(row, report, image)
    except InputError as error:
        result.outcomes += from_error(row.patient, ROOM, item, error)
        return
    for region in regions:
        name = f"{item}/{region.roi}"
        result.outcomes += [
            judged(row.patient, ROOM, name, f) for f in region.findings if f.severity != INFO
        ]
        if region.mask is None or refused(region.findings) or report.grid is None:
            continue
        path = image.with_name(f"{row.token}.{region.roi}.mask.nii")
        write_mask(path, report.grid, region.mask.view("uint8"))
        result.outcomes.append(done(row.patient, ROOM, name))
        result.regions.append(_pair(row, region, report.findings, image, path))


def _pair(
    row: ImagingItem,
    region: Region,
    series_findings: Iterable[Finding],
    image: Path,
    mask: Path,
) -> RegionPair:
    flags = {f.code for f in (*series_findings, *region.findings) if f.severity == WARN}
    voxels = 0 if region.mask is None else int(region.mask.sum())
    return RegionPair(
        row.patient,
        row.token,
        row.modality,
        region.roi,
        row.reader,
        f"{VOLUMES}/{image.name}",
        f"{VOLUMES}/{mask.name}",
        voxels,
        ",".join(sorted(flags)),
    )
