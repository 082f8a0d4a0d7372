"""From a region to features with the names and numbers of PyRadiomics 3.0.1.

The numbers come from the product's own kernels, or from PyRadiomics itself where the
protocol asks for `engine: pyradiomics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics import engine_pyradiomics as library
from equisite.radiomics import pyradiomics_mode as own
from equisite.radiomics.case import MOST_LEVELS, Case
from equisite.radiomics.region import Box, Image, Mask, bounding_box, framed
from equisite.radiomics.resampling import resample, target_spacing
from equisite.radiomics.shape import measure
from equisite.radiomics.statistics import summarise
from equisite.radiomics.texture import grey_levels, positions

Triple = tuple[float, float, float]
Values = NDArray[Any]

MOST_CELLS = 200_000_000
"""Grey levels times voxels: PyRadiomics holds its zone matrix twice, 8 bytes a cell."""

TEXTURE = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
UNDEFINED_IF_FLAT = ("firstorder_skewness", "firstorder_kurtosis")


class Engine(Protocol):
    """What computes the classes on a region that is cropped to its mask."""

    def shape(self, values: Values, region: Mask, spacing_mm: Triple) -> dict[str, float]:
        """Shape of a mask. values: (z, y, x). spacing_mm: (x, y, z)."""
        ...

    def most_levels(self, voxels: int) -> int:
        """Grey levels that it can hold for so many voxels."""
        ...

    def discretise(self, values: Values, used: Mask, settings: RadiomicSettings) -> int:
        """Make grey levels; returns the highest."""
        ...

    def intensities(self, spacing_mm: Triple) -> dict[str, float]:
        """First-order features of what was discretised."""
        ...

    def texture(self, spacing_mm: Triple, classes: Sequence[str]) -> dict[str, float]:
        """Texture features of what was discretised."""
        ...


class OwnEngine:
    """The product's kernels; intensities keep the type of the image."""

    def shape(self, values: Values, region: Mask, spacing_mm: Triple) -> dict[str, float]:
        """Shape of a mask."""
        return own.shape_values(measure(framed(region), spacing_mm[::-1]))

    def most_levels(self, voxels: int) -> int:
        """As many as are plausible."""
        return MOST_LEVELS

    def discretise(self, values: Values, used: Mask, settings: RadiomicSettings) -> int:
        """Grey levels of the used voxels."""
        inside = values[used]
        extremes = np.array([inside.min(), inside.max()])
        edges = own.bin_edges(extremes, settings.bin_width, settings.bin_count)
        self._values = inside.astype(np.float64)
        frame = framed(used)
        levels, counts = own.levels_of(self._values, edges)
        self._grey = grey_levels(frame.shape, positions(frame), levels, counts)
        return int(self._grey.levels[-1])

    def intensities(self, spacing_mm: Triple) -> dict[str, float]:
        """First-order features."""
        counts = self._grey.counts.astype(np.float64)
        return own.firstorder_values(summarise(self._values), counts, math.prod(spacing_mm))

    def texture(self, spacing_mm: Triple, classes: Sequence[str]) -> dict[str, float]:
        """Texture features."""
        return own.texture_values(self._grey, classes)


class LibraryEngine:
    """PyRadiomics itself, on 32-bit intensities."""

    def shape(self, values: Values, region: Mask, spacing_mm: Triple) -> dict[str, float]:
        """Shape of a mask."""
        pixels = np.asarray(values, np.float32)
        return library.compute(pixels, region, spacing_mm, ["shape"], None)

    def most_levels(self, voxels: int) -> int:
        """As many as are plausible and fit into memory."""
        return min(MOST_LEVELS, MOST_CELLS // voxels)

    def discretise(self, values: Values, used: Mask, settings: RadiomicSettings) -> int:
        """Grey levels of the used voxels."""
        library.feature_classes()
        self._pixels, self._used = np.asarray(values, np.float32), used
        self._levels = library.grey_levels(self._pixels, used, settings)
        return int(self._levels.max())

    def intensities(self, spacing_mm: Triple) -> dict[str, float]:
        """First-order features."""
        return self._compute(spacing_mm, ["firstorder"])

    def texture(self, spacing_mm: Triple, classes: Sequence[str]) -> dict[str, float]:
        """Texture features."""
        return self._compute(spacing_mm, classes)

    def _compute(self, spacing_mm: Triple, classes: Sequence[str]) -> dict[str, float]:
        return library.compute(self._pixels, self._used, spacing_mm, classes, self._levels)


def compute(
    case: Case, image: Image, native: Mask, box: Box, spacing_mm: Triple, engine: Engine
) -> None:
    """Fill in all values that are defined.

    image: (z, y, x). native: the mask's voxels in `box`. spacing_mm: (x, y, z).
    Raises InputError for what ends the chain early.
    """
    if case.settings.normalize:
        image = normalised(image)
    values, region, spacing_mm = _on_grid(case, image, native, box, spacing_mm)
    dimensions = case.tell_dimensions(region)
    if dimensions == 3 and "shape" in case.classes:
        case.keep(engine.shape(values, region, spacing_mm))
    used = region
    if case.settings.range is not None:
        low, high = case.settings.range
        used = region & (values >= low) & (values <= high)
    case.resegmented(used)
    tight = bounding_box(used)
    if tight is not None:
        intensity_values(case, values[tight.slices], used[tight.slices], spacing_mm, engine)


def _on_grid(
    case: Case, image: Image, native: Mask, box: Box, spacing_mm: Triple
) -> tuple[Values, Mask, Triple]:
    """Image and morphological mask on the protocol's grid, cropped to the mask."""
    new = target_spacing(spacing_mm, case.settings.spacing_mm, box)
    if new is None:
        return image[box.slices], native, spacing_mm
    interpolator = case.settings.interpolator
    values, region = resample(image, native, box, spacing_mm, new, interpolator)
    inner = bounding_box(region)
    if inner is None:
        raise InputError("ROI_EMPTY", when="on the resampled grid")
    x, y, z = (float(s) for s in new)
    return values[inner.slices], region[inner.slices], (x, y, z)


def intensity_values(
    case: Case, values: Values, used: Mask, spacing_mm: Triple, engine: Engine
) -> None:
    """Intensity and texture of the re-segmented mask, as far as they are defined."""
    inside: NDArray[Any] = values[used]
    lost = int(np.count_nonzero(~np.isfinite(inside)))
    if lost:
        raise InputError("MARGIN_NAN", voxels=lost)
    wanted = [name for name in case.classes if name != "shape"]
    if not wanted:
        return
    lowest, highest = float(inside.min()), float(inside.max())
    number = library.number_of_levels(lowest, highest, case.settings)
    most = engine.most_levels(inside.size)
    if number > most:
        raise InputError("TOO_MANY_BINS", levels=int(number), most=most)
    top = engine.discretise(values, used, case.settings)
    if "firstorder" in wanted:
        case.keep(engine.intensities(spacing_mm))
    flat = lowest == highest
    if flat:
        case.excuse(UNDEFINED_IF_FLAT)
    dimensions = sum(n > 1 for n in used.shape)
    case.has_texture(inside.size, flat=flat, levels=top, dimensions=dimensions)
    if case.accepted:
        case.keep(engine.texture(spacing_mm, [name for name in TEXTURE if name in wanted]))


def normalised(image: Image) -> NDArray[np.float32]:
    """(x - mean) / standard deviation over the whole volume, float32.

    Source: PyRadiomics 3.0.1, imageoperations.normalizeImage (SimpleITK Normalize).
    """
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    whole = np.ascontiguousarray(image, dtype=np.float32)
    scaled: NDArray[np.float32] = sitk.GetArrayFromImage(
        sitk.Normalize(sitk.GetImageFromArray(whole))
    )
    return scaled


def engine_of(name: str) -> Engine:
    """The engine of a protocol: `equisite` or `pyradiomics`."""
    return LibraryEngine() if name == "pyradiomics" else OwnEngine()
