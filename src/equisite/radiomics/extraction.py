"""One region of one image to feature values: the interface of this room.

Nothing is emitted that is not defined: a value is finite or it is missing with a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.codebook.book import codebook
from equisite.core.errors import Finding, InputError
from equisite.protocol.models import RadiomicSettings
from equisite.radiomics import engine_pyradiomics as engine
from equisite.radiomics.region import Box, Image, Mask, bounding_box, connected_parts
from equisite.radiomics.resampling import resample, target_spacing

OK = "ok"
MOST_LEVELS = 1000
"""Grey levels that are still plausible."""

MOST_CELLS = 200_000_000
"""Grey levels times voxels: PyRadiomics holds its zone matrix twice, 8 bytes a cell."""

LEAST_RESEGMENTED = 10
"""Voxels that must be left after re-segmentation."""

TEXTURE = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
UNDEFINED_IF_FLAT = ("firstorder_skewness", "firstorder_kurtosis")


@dataclass(frozen=True)
class Extraction:
    """Values of all columns by codebook id, and what is to be said about the case.

    values: every feature and every quality number of the codebook, in its order; NaN where
    not defined or not asked for. findings: of severity `refuse` (the case leaves the
    cohort; what is defined stays in the private table) or `info`.
    """

    values: dict[str, float]
    findings: tuple[Finding, ...]

    @property
    def status(self) -> str:
        """`ok`, or the code of the first refusal."""
        refusals = (f.code for f in self.findings if f.severity == "refuse")
        return next(refusals, OK)


def feature_columns() -> tuple[str, ...]:
    """Ids of the fixed columns: all features, then the quality numbers of a region."""
    book = codebook()
    quality = (
        v.id for v in book.variables if v.class_ == "quality" and v.instances == "modality_roi"
    )
    return (*(v.id for v in book.features()), *quality)


def extract(
    image: Image,
    mask: Mask,
    spacing_mm: tuple[float, float, float],
    settings: RadiomicSettings,
) -> Extraction:
    """Features of one region.

    image: (z, y, x), float32 or what converts to it exactly, in the modality's unit; only
    the box of the region is read from it. mask: (z, y, x) bool of the same shape.
    spacing_mm: (x, y, z). settings: of the modality, from a checked protocol.
    A case that cannot be computed is a finding of the result, never an exception.
    """
    case = _Case(settings)
    try:
        case.run(image, mask, spacing_mm)
    except InputError as error:
        case.findings += error.findings
    return Extraction(case.values, tuple(case.findings))


class _Case:
    """The chain of one region, which fills in values as far as they are defined."""

    def __init__(self, settings: RadiomicSettings) -> None:
        self.settings = settings
        self.values = dict.fromkeys(feature_columns(), math.nan)
        self.findings: list[Finding] = []

    def run(
        self,
        image: Image,
        mask: Mask,
        spacing_mm: tuple[float, float, float],
    ) -> None:
        """Native checks, resampling, re-segmentation, then the classes that are defined."""
        if image.shape != mask.shape:
            raise InputError("ROI_GEOMETRY", problem="the numbers of voxels differ")
        box = bounding_box(mask)
        if box is None:
            raise InputError("ROI_EMPTY", when="in the mask")
        native = mask[box.slices]
        self._describe(native, box, image.shape, spacing_mm)
        _refuse_unless_finite(image[box.slices][native])
        if self.settings.normalize:
            image = _normalised(image)
        values, region, spacing_mm = self._on_grid(image, native, box, spacing_mm)
        self._shape(values, region, spacing_mm)
        self._intensity(values, region, spacing_mm)
        self._refuse_undefined()

    def _describe(
        self,
        native: Mask,
        box: Box,
        shape: tuple[int, ...],
        spacing_mm: tuple[float, float, float],
    ) -> None:
        parts = connected_parts(native)
        self.values["roi_voxels"] = float(np.count_nonzero(native))
        self.values["roi_components"] = float(parts)
        self.values["pixel_spacing"] = max(spacing_mm[:2])
        self.values["slice_spacing"] = spacing_mm[2]
        if box.touches((shape[0], shape[1], shape[2])):
            self.findings.append(Finding("ROI_BORDER"))
        if parts > 1:
            self.findings.append(Finding("ROI_COMPONENTS", "", {"parts": parts}))

    def _on_grid(
        self,
        image: Image,
        native: Mask,
        box: Box,
        spacing_mm: tuple[float, float, float],
    ) -> tuple[NDArray[np.float32], Mask, tuple[float, float, float]]:
        """Image and morphological mask on the protocol's grid, cropped to the mask."""
        new = target_spacing(spacing_mm, self.settings.spacing_mm, box)
        if new is None:
            return np.asarray(image[box.slices], dtype=np.float32), native, spacing_mm
        values, region = resample(
            image, native, box, spacing_mm, new, self.settings.interpolator
        )
        inner = bounding_box(region)
        if inner is None:
            raise InputError("ROI_EMPTY", when="on the resampled grid")
        x, y, z = (float(s) for s in new)
        return values[inner.slices], region[inner.slices], (x, y, z)

    def _shape(
        self,
        values: NDArray[np.float32],
        region: Mask,
        spacing_mm: tuple[float, float, float],
    ) -> None:
        """Shape of the morphological mask, which re-segmentation does not change."""
        dimensions = sum(n > 1 for n in region.shape)
        if dimensions < 3:
            code = ("ROI_ONE_VOXEL", "ROI_1D", "ROI_2D")[dimensions]
            self.findings.append(Finding(code))
        elif "shape" in self.settings.classes:
            self.values |= engine.compute(values, region, spacing_mm, ["shape"], None)

    def _intensity(
        self,
        values: NDArray[np.float32],
        region: Mask,
        spacing_mm: tuple[float, float, float],
    ) -> None:
        """Intensity and texture of the re-segmented mask, as far as they are defined."""
        used = self._resegmented(values, region)
        box = bounding_box(used)
        wanted = [name for name in self.settings.classes if name != "shape"]
        if box is None or not wanted:
            return
        self.values["roi_voxels_used"] = float(np.count_nonzero(used))
        values, used = values[box.slices], used[box.slices]
        inside = values[used]
        if not np.isfinite(inside).all():
            count = int(np.count_nonzero(~np.isfinite(inside)))
            raise InputError("MARGIN_NAN", voxels=count)
        lowest, highest = float(inside.min()), float(inside.max())
        number = engine.number_of_levels(lowest, highest, self.settings)
        most = min(MOST_LEVELS, MOST_CELLS // inside.size)
        if number > most:
            raise InputError("TOO_MANY_BINS", levels=int(number), most=most)
        engine.feature_classes()
        levels = engine.grey_levels(values, used, self.settings)
        if "firstorder" in wanted:
            self.values |= engine.compute(values, used, spacing_mm, ["firstorder"], levels)
        flat = lowest == highest
        if flat:
            self.values |= dict.fromkeys(UNDEFINED_IF_FLAT, math.nan)
        if self._texture_is_defined(used, flat, int(levels.max())):
            texture = [name for name in TEXTURE if name in wanted]
            self.values |= engine.compute(values, used, spacing_mm, texture, levels)

    def _resegmented(self, values: NDArray[np.float32], region: Mask) -> Mask:
        """The voxels inside the range, both ends included; too few are a finding."""
        if self.settings.range is None:
            return region
        low, high = self.settings.range
        used: Mask = region & (values >= low) & (values <= high)
        count = int(np.count_nonzero(used))
        if count < LEAST_RESEGMENTED:
            code = "RESEG_SMALL" if count else "RESEG_EMPTY"
            raise InputError(code, voxels=count, low=low, high=high)
        return used

    def _texture_is_defined(self, used: Mask, flat: bool, highest_level: int) -> bool:
        """Whether texture stands on something; if not, the reason becomes a finding."""
        count = int(np.count_nonzero(used))
        dimensions = sum(n > 1 for n in used.shape)
        if flat:
            self.findings.append(Finding("ROI_FLAT"))
        elif highest_level == 1:
            self.findings.append(Finding("ROI_ONE_LEVEL"))
        if count < self.settings.minimum_voxels:
            least = self.settings.minimum_voxels
            self.findings.append(Finding("ROI_SMALL", "", {"voxels": count, "least": least}))
        elif dimensions < 3 and not any(f.severity == "refuse" for f in self.findings):
            self.findings.append(Finding("ROI_2D"))
        return not any(f.severity == "refuse" for f in self.findings)

    def _refuse_undefined(self) -> None:
        """Nothing that is not finite passes as a value, whatever the engine says."""
        wanted = [
            v.id
            for v in codebook().features()
            if v.id.partition("_")[0] in self.settings.classes
        ]
        lost = [name for name in wanted if not math.isfinite(self.values[name])]
        self.values |= dict.fromkeys(lost, math.nan)
        if lost and self._accepted:
            self.findings.append(Finding("FEATURE_UNDEFINED", "", {"features": len(lost)}))

    @property
    def _accepted(self) -> bool:
        return not any(f.severity == "refuse" for f in self.findings)


def _refuse_unless_finite(inside: NDArray[np.generic]) -> None:
    numbers = inside.astype(np.float64)
    missing = int(np.count_nonzero(np.isnan(numbers)))
    if missing:
        raise InputError("ROI_NAN", voxels=missing)
    infinite = int(np.count_nonzero(np.isinf(numbers)))
    if infinite:
        raise InputError("ROI_INF", voxels=infinite)


def _normalised(image: Image) -> NDArray[np.float32]:
    """(x - mean) / standard deviation over the whole volume, float32.

    Source: PyRadiomics 3.0.1, imageoperations.normalizeImage (SimpleITK Normalize).
    """
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    whole = np.ascontiguousarray(image, dtype=np.float32)
    scaled: NDArray[np.float32] = sitk.GetArrayFromImage(
        sitk.Normalize(sitk.GetImageFromArray(whole))
    )
    return scaled
