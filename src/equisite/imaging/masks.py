"""The regions of one row of the sheet, each a mask on the grid of its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import Finding, InputError
from equisite.imaging.findings import finding, listed
from equisite.imaging.header import EMPTY, NOT_DICOM, TRUNCATED, read_header
from equisite.imaging.names import matching, rules_of
from equisite.imaging.nifti import read_volume
from equisite.imaging.nifti_mask import on_grid, read_labels, select_label
from equisite.imaging.regions import draw_region, judge_size
from equisite.imaging.rtstruct import (
    RTSTRUCT,
    Structure,
    StructureSet,
    check_link,
    read_structures,
)
from equisite.imaging.series import SeriesReport
from equisite.intake.index import ImagingItem
from equisite.protocol.models import Imaging, RoiRule

NIFTI_NAMES = (".nii", ".nii.gz")


@dataclass(frozen=True)
class Region:
    """One region of a row: its mask (slice, row, column), None when it is refused."""

    roi: str
    mask: NDArray[np.bool_] | None
    findings: tuple[Finding, ...]


@dataclass
class MaskReader:
    """Makes regions; keeps the last structure set, which rows of one patient share."""

    imaging: Imaging
    _path: str = ""
    _set: StructureSet | None = field(default=None, repr=False)

    def regions(self, item: ImagingItem, report: SeriesReport, volume: Path) -> list[Region]:
        """All regions that the row asks for, on the grid of a series that passed.

        volume: the written image, for what lies under the mask.
        Raises InputError when the mask file as a whole is wrong; what is wrong with one
        region stands in its findings. OSError when the machine cannot read.
        """
        if report.stack is None or report.grid is None:
            return []
        kind = mask_kind(Path(item.mask))
        if kind == "nifti":
            made = [self._from_labels(item, report)]
        else:
            made = self._from_structures(item, report)
        return [_with_remarks(region, report, volume) for region in made]

    def _from_structures(self, item: ImagingItem, report: SeriesReport) -> list[Region]:
        rules = rules_of(item.roi, item.roi_label, self.imaging.roi)
        if self._path != item.mask or self._set is None:
            self._set, self._path = read_structures(Path(item.mask)), item.mask
        names = [s.name for s in self._set.structures]
        found = [(rule, matching(names, rule.patterns)) for rule in rules]
        if not any(indices for _, indices in found):
            patterns = ", ".join(p for rule in rules for p in rule.patterns)
            raise InputError(
                [
                    finding(
                        "ROI_NOT_FOUND",
                        roi=", ".join(rule.name for rule in rules),
                        patterns=patterns,
                        names=", ".join(names[:20]) or "none",
                    )
                ]
            )
        return [
            self._region(rule, [self._set.structures[i] for i in indices], report)
            for rule, indices in found
            if indices
        ]

    def _region(
        self, rule: RoiRule, chosen: Sequence[Structure], report: SeriesReport
    ) -> Region:
        """One region from the structures that its patterns match."""
        if len(chosen) > 1 and rule.combine == "refuse":
            names = ", ".join(s.name for s in chosen)
            return Region(
                rule.name,
                None,
                (finding("ROI_AMBIGUOUS", roi=rule.name, count=len(chosen), names=names),),
            )
        findings: list[Finding] = []
        mask: NDArray[np.bool_] | None = None
        try:
            for structure in chosen:
                one, more = self._drawn(structure, report)
                findings += [f for f in more if f not in findings]
                mask = one if mask is None else mask | one
        except InputError as error:
            return Region(rule.name, None, (*findings, *error.findings))
        return Region(rule.name, mask, tuple(findings))

    def _drawn(
        self, structure: Structure, report: SeriesReport
    ) -> tuple[NDArray[np.bool_], list[Finding]]:
        if report.stack is None or report.grid is None or self._set is None:
            raise ValueError("no grid to draw on")
        findings: list[Finding] = [*check_link(structure, self._set.series, report.stack)]
        refusing = [f for f in findings if f.severity == "refuse"]
        if refusing:
            raise InputError(refusing)
        if structure.open_contours:
            findings.append(finding("ROI_OPEN_CONTOUR", count=structure.open_contours))
        mask, more = draw_region(structure.rings, report.grid, self.imaging.overlapping_rings)
        return mask, [*findings, *more]

    def _from_labels(self, item: ImagingItem, report: SeriesReport) -> Region:
        rules = rules_of(item.roi, "", self.imaging.roi)
        if len(rules) > 1 or report.grid is None:
            raise InputError(
                "ROI_UNNAMED", value=item.roi or "none", names=", ".join(r.name for r in rules)
            )
        image = read_labels(Path(item.mask))
        mask, more = on_grid(
            select_label(image.labels, item.roi_label),
            image.ras,
            report.grid,
            self.imaging.resample_mask == "nearest",
        )
        findings: list[Finding] = [*more, *judge_size(mask, 0)]
        return Region(rules[0].name, mask, tuple(findings))


def mask_kind(path: Path) -> str:
    """`rtstruct` or `nifti`, by content for DICOM and by name for NIfTI.

    Raises InputError MASK_UNREADABLE for an empty file, MASK_UNSUPPORTED for another kind.
    """
    if path.name.lower().endswith(NIFTI_NAMES):
        return "nifti"
    state = read_header(path)
    if state.state == EMPTY:
        raise InputError("MASK_UNREADABLE", problem="it is empty")
    if state.state == TRUNCATED:
        raise InputError("MASK_UNREADABLE", problem="it ends early")
    if state.state == NOT_DICOM or state.header is None:
        raise InputError("MASK_UNSUPPORTED", value="neither DICOM nor NIfTI")
    if state.header.sop_class != RTSTRUCT:
        kind = state.header.sop_class or "none"
        raise InputError([finding("MASK_UNSUPPORTED", value=f"DICOM class {kind}")])
    return "rtstruct"


def _with_remarks(region: Region, report: SeriesReport, volume: Path) -> Region:
    """ROI_IN_EMPTY: voxels of the region on empty end slices or on padding."""
    if region.mask is None or report.stack is None:
        return region
    count = int(region.mask[list(report.empty)].sum()) if report.empty else 0
    header = report.stack.headers[0]
    if header.padding is not None and header.modality != "PT":
        value = np.float32(header.padding * header.slope + header.intercept)
        _, voxels = read_volume(volume)
        for k in np.flatnonzero(region.mask.any(axis=(1, 2))).tolist():
            if k not in report.empty:
                count += int(np.count_nonzero(voxels[k][region.mask[k]] == value))
    if not count:
        return region
    remark = finding(
        "ROI_IN_EMPTY", count=count, slice=listed(i + 1 for i in report.empty) or "none"
    )
    return Region(region.roi, region.mask, (*region.findings, remark))
