"""From a region to features by the IBSI manual, in the order of its processing scheme."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics.case import MOST_LEVELS, Case
from equisite.radiomics.discretisation import Scale, fixed_number, fixed_size
from equisite.radiomics.grid import Gridded, keep_grid, put_on_grid
from equisite.radiomics.histogram import histogram_values, statistics_values, volume_values
from equisite.radiomics.ibsi_texture import FAMILIES, texture_values
from equisite.radiomics.local_intensity import margin_voxels, peak_values
from equisite.radiomics.morphology import intensity_values, mask_values
from equisite.radiomics.region import Box, Image, Mask, bounding_box, framed
from equisite.radiomics.shape import Shape, measure
from equisite.radiomics.statistics import summarise
from equisite.radiomics.texture import grey_levels, positions

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]

PREFIX = "ibsi_"
"""Begins the id of every feature of this mode; the tag of the reference values follows."""

IVH_BINS = 1000
"""Bins of the intensity-volume histogram where intensities have no unit (manual, 3.5)."""

UNDEFINED_OF_ONE_LEVEL = (
    "ih_skew", "ih_kurt", "ih_max_grad", "ih_max_grad_g", "ih_min_grad", "ih_min_grad_g",
)  # fmt: skip


def compute(case: Case, image: Image, native: Mask, box: Box, spacing_mm: Triple) -> None:
    """Fill in all values that are defined.

    image: (z, y, x). native: the mask's voxels in `box`. spacing_mm: (z, y, x).
    Raises InputError for what ends the chain early.
    """
    new_mm = spacing_of(case.settings, spacing_mm)
    margin = margin_voxels(new_mm) if "local_intensity" in case.classes else (0, 0, 0)
    region = prepared(case.settings, image, native, box, spacing_mm, margin)
    inner = bounding_box(region.mask)
    if inner is None:
        raise InputError("ROI_EMPTY", when="on the resampled grid")
    mask = region.mask[inner.slices]
    frame = framed(mask)
    dimensions = case.tell_dimensions(mask)
    shape = measure(frame, region.spacing_mm) if dimensions == 3 else None
    if shape is not None and "morphology" in case.classes:
        _keep(case, mask_values(shape, inner.size))
    used = intensity_mask(case.settings, region)
    case.resegmented(used)
    values = region.intensities[used]
    if values.size:
        _intensities(case, region, used, inner, shape)
        level_values(case, values, used[inner.slices], frame, dimensions)


def spacing_of(settings: RadiomicSettings, spacing_mm: Triple) -> Triple:
    """Voxel size (z, y, x) of the protocol's grid; 0 in the protocol keeps the native one."""
    wanted = spacing_mm if settings.spacing_mm is None else settings.spacing_mm[::-1]
    z, y, x = (w or s for w, s in zip(wanted, spacing_mm, strict=True))
    return z, y, x


def prepared(
    settings: RadiomicSettings,
    image: Image,
    native: Mask,
    box: Box,
    spacing_mm: Triple,
    margin: tuple[int, int, int],
) -> Gridded:
    """The region on the protocol's grid, normalised and rounded as the protocol says.

    image: (z, y, x). native: the mask's voxels in `box`. spacing_mm: (z, y, x). margin: new
    voxels (z, y, x) around the region.
    """
    new_mm = spacing_of(settings, spacing_mm)
    if np.allclose(new_mm, spacing_mm, rtol=0, atol=1e-6):
        region = keep_grid(image, native, box, spacing_mm, margin)
    else:
        kind = settings.interpolator
        region = put_on_grid(image, native, box, spacing_mm, new_mm, kind, margin)
    intensities = region.intensities
    if settings.normalize:
        mean, deviation = mean_and_deviation(image)
        intensities = (intensities - mean) / deviation if deviation else intensities - mean
    if settings.round_intensities:
        intensities = np.rint(intensities)
    return replace(region, intensities=intensities)


def mean_and_deviation(image: Image) -> tuple[float, float]:
    """Mean and standard deviation (over n - 1) of a volume, slice by slice."""
    sums = [float(np.sum(plane, dtype=np.float64)) for plane in image]
    mean = math.fsum(sums) / image.size
    squares = [float(((plane - mean) ** 2).sum()) for plane in map(np.float64, image)]
    return mean, math.sqrt(math.fsum(squares) / max(image.size - 1, 1))


def intensity_mask(settings: RadiomicSettings, region: Gridded) -> Mask:
    """The mask without voxels outside the range, then without outliers.

    Raises MARGIN_NAN when values were lost on the way to the grid.
    """
    inside = region.intensities[region.mask]
    lost = int(np.count_nonzero(~np.isfinite(inside)))
    if lost:
        raise InputError("MARGIN_NAN", voxels=lost)
    used = region.mask
    if settings.range is not None:
        low, high = settings.range
        used = used & (region.intensities >= low) & (region.intensities <= high)
    if settings.outlier_sigma is not None and used.any():
        values = region.intensities[used]
        mean, reach = float(values.mean()), settings.outlier_sigma * float(values.std())
        apart = np.abs(region.intensities - mean)
        used = used & (apart <= reach)
    return used


def _intensities(
    case: Case, region: Gridded, used: Mask, inner: Box, shape: Shape | None
) -> None:
    """Features of the intensities themselves and of where they lie."""
    values = region.intensities[used]
    if shape is not None and "morphology" in case.classes:
        near = np.ascontiguousarray(used[inner.slices])
        extent = bounding_box(near) or inner
        numbers = np.ascontiguousarray(region.intensities[inner.slices])
        _keep(case, intensity_values(shape, numbers, near, extent, region.spacing_mm))
    if "local_intensity" in case.classes:
        peaks = peak_values(region.intensities, used, region.spacing_mm)
        _keep(case, peaks)
        if math.isnan(peaks["loc_peak_glob"]):
            case.tell("PEAK_UNDEFINED")
            case.excuse(PREFIX + name for name in peaks)
    if "statistics" in case.classes:
        summary = summarise(values)
        _keep(case, statistics_values(summary))
        if summary.variance == 0:
            case.excuse(PREFIX + name for name in ("stat_skew", "stat_kurt"))


def level_values(
    case: Case, values: Floats, used: Mask, frame: NDArray[np.uint8], dimensions: int
) -> None:
    """Features of grey levels: histogram, intensity-volume histogram, texture.

    values: intensities of the voxels of `used`. frame: the mask, framed, in whose box `used`
    lies. dimensions: of the mask.
    """
    lowest, highest = float(values.min()), float(values.max())
    flat = lowest == highest
    if "volume_histogram" in case.classes and not flat:
        _keep(case, _volume_histogram(case, values, lowest, highest))
    families = [name for name in FAMILIES if name in case.classes]
    if not families and "histogram" not in case.classes:
        return
    extent = bounding_box(used)
    dimensions = min(dimensions, 0 if extent is None else extent.dimensions)
    if flat and case.settings.bin_count is not None:
        case.has_texture(values.size, flat=True, levels=1, dimensions=dimensions)
        return
    scale = scale_of(case, lowest, highest)
    used_frame = framed(used)
    grey = grey_levels(used_frame.shape, positions(used_frame), *scale.apply(values))
    if "histogram" in case.classes:
        _keep(case, histogram_values(grey.levels, grey.counts))
    if grey.levels.size == 1:
        case.excuse(PREFIX + name for name in UNDEFINED_OF_ONE_LEVEL)
    defined = case.has_texture(
        values.size, flat=flat, levels=grey.levels.size, dimensions=dimensions
    )
    if not defined or not families:
        return
    aggregations = case.settings.aggregation
    if dimensions < 3:
        plane = extent is not None and extent.size[0] == 1
        aggregations = tuple(a for a in aggregations if plane and not a.startswith("3D"))
    _keep(case, texture_values(grey, frame, float(scale.most), aggregations, families))


def scale_of(case: Case, lowest: float, highest: float) -> Scale:
    """Discretisation of the settings.

    Bins of fixed size begin at the lower bound of the range, or at 0. Raises BIN_ORIGIN for
    intensities below; TOO_MANY_BINS before anything is made.
    """
    settings = case.settings
    if settings.bin_count is not None:
        return fixed_number(lowest, highest, settings.bin_count)
    if settings.bin_width is None:
        raise ValueError("the settings have neither a bin width nor a bin count")
    origin = settings.range[0] if settings.range is not None else 0.0
    if lowest < origin:
        raise InputError("BIN_ORIGIN", lowest=lowest)
    number = (highest - origin) / settings.bin_width
    if not number < MOST_LEVELS:
        raise InputError("TOO_MANY_BINS", levels=int(number) + 1, most=MOST_LEVELS)
    return fixed_size(origin, highest, settings.bin_width)


def _volume_histogram(
    case: Case, values: Floats, lowest: float, highest: float
) -> Mapping[str, float]:
    """Intensity-volume histogram by the settings; empty where its bins have no origin."""
    settings = case.settings
    width, count = settings.ivh_bin_width, settings.ivh_bin_count
    if width is None and count is None:
        if settings.round_intensities:
            whole, counts = np.unique(values, return_counts=True)
            return volume_values(whole, counts, whole[0], whole[-1], (0.0, 1.0))
        width = None if settings.bin_width is None else settings.bin_width / 10
    if width is None:
        _, counts = fixed_number(lowest, highest, count or IVH_BINS).apply(values)
        return _binned(counts, int(np.flatnonzero(counts)[0]), (0.0, 1.0))
    origin = settings.range[0] if settings.range is not None else 0.0
    if lowest < origin or not (highest - origin) / width < 10 * MOST_LEVELS:
        return {}  # the same is told of the grey levels
    _, counts = fixed_size(origin, highest, width).apply(values)
    return _binned(counts, 1, (origin - width / 2, width))


def _binned(
    counts: NDArray[np.int64], lowest: int, unit: tuple[float, float]
) -> Mapping[str, float]:
    levels = np.flatnonzero(counts)
    return volume_values(
        levels.astype(np.float64), counts[levels], lowest, float(levels[-1]), unit
    )


def _keep(case: Case, found: Mapping[str, float]) -> None:
    case.keep({_id_of(tag): value for tag, value in found.items()})


@cache
def _id_of(tag: str) -> str:
    return PREFIX + tag.lower()
