"""The regions of one row of the sheet, each a mask on the grid of its series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import Finding, InputError
from equisite.imaging.findings import finding, listed, refused
from equisite.imaging.grid import Grid
from equisite.imaging.mask_file import mask_file, mask_kind
from equisite.imaging.names import matching, rules_of
from equisite.imaging.nifti import read_volume
from equisite.imaging.nifti_mask import LabelImage, on_grid, read_labels, select_label
from equisite.imaging.nrrd import NrrdLabels, read_nrrd
from equisite.imaging.regions import draw_region, judge_size
from equisite.imaging.rtstruct import StructureSet, check_link, read_structures
from equisite.imaging.segmentation import Segmentation, draw_segment, read_segmentation
from equisite.imaging.series import SeriesReport
from equisite.imaging.shear import Shear
from equisite.imaging.stack import Stack
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule


@dataclass(frozen=True)
class Region:
    """One region of a row: its mask (slice, row, column), None when it is refused."""

    roi: str
    mask: NDArray[np.bool_] | None
    findings: tuple[Finding, ...]


Drawn = tuple[NDArray[np.bool_], list[Finding]]


@dataclass(frozen=True)
class Target:
    """What a region is drawn on.

    grid: as acquired. shear: from there to the upright grid of the volume, for a stack with
    gantry tilt. trusted: the sheet vouches for the frame of reference.
    """

    stack: Stack
    grid: Grid
    shear: Shear | None
    trusted: bool

    @staticmethod
    def of(report: SeriesReport, trusted: bool) -> Target | None:
        """The target of a series that passed."""
        if report.stack is None or report.grid is None:
            return None
        grid = report.grid if report.shear is None else report.shear.leaning
        return Target(report.stack, grid, report.shear, trusted)

    def upright(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask on the grid of the volume."""
        return mask if self.shear is None else self.shear.mask(mask)


@dataclass(frozen=True)
class NamedRegions:
    """The regions that a file offers by name or number, and how to draw one by its index."""

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    draw: Callable[[int, Target], Drawn]


@dataclass
class MaskReader:
    """Makes regions; keeps the last file of named regions, which rows of a patient share."""

    imaging: Imaging
    _path: str = ""
    _named: NamedRegions | None = field(default=None, repr=False)

    def regions(self, item: ImagingItem, report: SeriesReport, volume: Path) -> list[Region]:
        """All regions that the row asks for, on the grid of a series that passed.

        volume: the written image, for what lies under the mask.
        Raises InputError when the mask file as a whole is wrong; what is wrong with one
        region stands in its findings. OSError when the machine cannot read.
        """
        target = Target.of(report, item.trust_frame == "yes")
        if target is None:
            return []
        path = mask_file(Path(item.mask))
        kind = mask_kind(path)
        labels: LabelImage | None = None
        if kind == "nifti":
            labels = read_labels(path)
        elif kind == "nrrd":
            content = read_nrrd(path)
            if content.segments:
                self._path, self._named = item.mask, self._of_nrrd(content)
            elif len(content.layers) > 1:
                raise InputError("MASK_LABELS", reason="it has several layers without names")
            else:
                labels = content.layers[0]
        if labels is not None:
            made = [self._from_labels(item, labels, target)]
        else:
            made = self._from_names(item, path, kind, target)
        return [_with_remarks(region, report, volume) for region in made]

    def _from_names(
        self, item: ImagingItem, path: Path, kind: str, target: Target
    ) -> list[Region]:
        rules = rules_of(item.roi, item.roi_label, self.imaging.roi)
        if self._path != item.mask or self._named is None:
            self._named = (
                self._of_segmentation(read_segmentation(path))
                if kind == "seg"
                else self._of_structures(read_structures(path))
            )
            self._path = item.mask
        source = self._named
        found = [(rule, matching(source.names, rule.patterns)) for rule in rules]
        if item.roi_label.isdecimal() and not found[0][1]:
            number = int(item.roi_label)
            indices = [i for i, n in enumerate(source.numbers) if n == number]
            found = [(rules[0], indices)]
        if not any(indices for _, indices in found):
            patterns = ", ".join(p for rule in rules for p in rule.patterns)
            raise InputError(
                [
                    finding(
                        "ROI_NOT_FOUND",
                        roi=", ".join(rule.name for rule in rules),
                        patterns=patterns,
                        names=", ".join(source.names[:20]) or "none",
                    )
                ]
            )
        return [_region(rule, source, indices, target) for rule, indices in found if indices]

    def _of_structures(self, found: StructureSet) -> NamedRegions:
        def draw(index: int, target: Target) -> Drawn:
            one = found.structures[index]
            findings = _linked(one.frame_of_reference, one.images, one.series, target)
            if one.open_contours:
                findings.append(finding("ROI_OPEN_CONTOUR", count=one.open_contours))
            mask, more = draw_region(
                one.rings,
                target.grid,
                self.imaging.overlapping_rings,
                self.imaging.fill,
            )
            return target.upright(mask), [*findings, *more]

        return NamedRegions(tuple(s.name for s in found.structures), (), draw)

    def _of_segmentation(self, found: Segmentation) -> NamedRegions:
        numbers = tuple(s.number for s in found.segments)

        def draw(index: int, target: Target) -> Drawn:
            findings = _linked(found.frame_of_reference, found.images, found.series, target)
            threshold = self.imaging.segment_threshold
            mask, more = draw_segment(found, numbers[index], target.grid, threshold)
            return target.upright(mask), [*findings, *more]

        return NamedRegions(tuple(s.name for s in found.segments), numbers, draw)

    def _of_nrrd(self, found: NrrdLabels) -> NamedRegions:
        def draw(index: int, target: Target) -> Drawn:
            one = found.segments[index]
            return self._placed(found.layers[one.layer], str(one.value), target)

        segments = found.segments
        return NamedRegions(
            tuple(s.name for s in segments), tuple(s.value for s in segments), draw
        )

    def _from_labels(self, item: ImagingItem, labels: LabelImage, target: Target) -> Region:
        rules = rules_of(item.roi, "", self.imaging.roi)
        if len(rules) > 1:
            raise InputError(
                "ROI_UNNAMED", value=item.roi or "none", names=", ".join(r.name for r in rules)
            )
        mask, findings = self._placed(labels, item.roi_label, target)
        return Region(rules[0].name, mask, tuple(findings))

    def _placed(self, image: LabelImage, label: str, target: Target) -> Drawn:
        """One label of a label image on the grid of the series.

        A mask of a leaning stack may have been drawn before or after it was put upright.
        """
        chosen = select_label(image.labels, label)
        resample = self.imaging.resample_mask == "nearest"
        if target.shear is not None:
            try:
                mask, more = on_grid(chosen, image.ras, target.grid)
                mask = target.upright(mask)
            except InputError:
                mask, more = on_grid(chosen, image.ras, target.shear.upright, resample)
        else:
            mask, more = on_grid(chosen, image.ras, target.grid, resample)
        return mask, [*more, *judge_size(mask, 0)]


def _region(
    rule: RoiRule, source: NamedRegions, chosen: Sequence[int], target: Target
) -> Region:
    """One region from what its patterns match."""
    if len(chosen) > 1 and rule.combine == "refuse":
        names = ", ".join(source.names[i] for i in chosen)
        return Region(
            rule.name,
            None,
            (finding("ROI_AMBIGUOUS", roi=rule.name, count=len(chosen), names=names),),
        )
    findings: list[Finding] = []
    mask: NDArray[np.bool_] | None = None
    try:
        for index in chosen:
            one, more = source.draw(index, target)
            findings += [f for f in more if f not in findings]
            mask = one if mask is None else mask | one
    except InputError as error:
        return Region(rule.name, None, (*findings, *error.findings))
    return Region(rule.name, mask, tuple(findings))


def _linked(
    frame_of_reference: str, images: frozenset[str], drawn_on: frozenset[str], target: Target
) -> list[Finding]:
    """Remarks on the link of a region to its series; raises InputError when there is none."""
    findings: list[Finding] = [
        *check_link(frame_of_reference, images, drawn_on, target.stack, target.trusted)
    ]
    if refused(findings):
        raise InputError(findings)
    return findings


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
