"""All copies of one case, made from one crop of its image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.robustness import Robustness
from equisite.radiomics.perturbation.chain import Perturbation, chain, generator
from equisite.radiomics.perturbation.contour import redrawn, supervoxels
from equisite.radiomics.perturbation.noise import noise_level, with_noise
from equisite.radiomics.perturbation.turned import (
    Order,
    Triple,
    resampled,
    resampled_mask,
    turned_grid,
)
from equisite.radiomics.perturbation.volume import resized, signed_distance
from equisite.radiomics.region import Box, Image, Mask, bounding_box

ORDERS: dict[str, Order] = {"nearest": 0, "linear": 1, "bspline": 3}

FRAME_MM = 10.0
"""Image around the region that a copy keeps: growth, and the sphere of the local peak."""


@dataclass(frozen=True)
class Copy:
    """One perturbed case. image: float64, mask: bool, (z, y, x) on the resampled grid."""

    perturbation: Perturbation
    image: NDArray[np.float64]
    mask: Mask


def perturbed_copies(
    image: Image,
    mask: Mask,
    spacing_mm: Triple,
    new_mm: Triple,
    interpolator: str,
    settings: Robustness,
    token: str,
) -> Iterator[Copy]:
    """Copies of a case: noise, then another volume, another contour, then one resampling.

    image, mask: (z, y, x), native grid. spacing_mm, new_mm: (z, y, x). token: names the
    case; together with the number of the copy it decides every random number.
    Raises InputError ROI_EMPTY; MARGIN_NAN when the crop around the region has voxels
    without a finite value.
    """
    box = bounding_box(mask)
    if box is None:
        raise InputError("ROI_EMPTY", when="in the mask")
    grids = [
        turned_grid(box, image.shape, spacing_mm, new_mm, perturbation, margin_mm=FRAME_MM)
        for perturbation in chain(settings)
    ]
    crop = _around([grid.reach(image.shape) for grid in grids])
    voxels = np.ascontiguousarray(image[crop.slices], dtype=np.float64)
    lost = int(np.count_nonzero(~np.isfinite(voxels)))
    if lost:
        raise InputError("MARGIN_NAN", voxels=lost)
    level = noise_level(voxels) if settings.noise else 0.0
    regions = _Regions(image, mask, box, spacing_mm, settings)
    for perturbation, grid in zip(chain(settings), grids, strict=True):
        source = voxels
        if perturbation.noise:
            random = generator(token, perturbation.copy, "noise")
            source = with_noise(voxels, level, random)
        values = resampled(source, grid, crop, ORDERS[interpolator])
        region = regions.of(perturbation, token)
        yield Copy(perturbation, values, resampled_mask(region, grid, regions.frame))


class _Regions:
    """The region of each copy on the native grid, inside `frame`."""

    def __init__(
        self, image: Image, mask: Mask, box: Box, spacing_mm: Triple, settings: Robustness
    ) -> None:
        self.frame = _framed(box, image.shape, spacing_mm)
        inner = mask[self.frame.slices]
        distance = signed_distance(inner, spacing_mm)
        self._by_change = {
            change: resized(inner, distance, change) for change in settings.volume_changes
        }
        self._labels = None
        if settings.contour:
            voxels = np.ascontiguousarray(image[self.frame.slices], dtype=np.float64)
            self._labels = supervoxels(voxels, spacing_mm)

    def of(self, perturbation: Perturbation, token: str) -> Mask:
        region = self._by_change[perturbation.volume_change]
        if self._labels is None:
            return region
        random = generator(token, perturbation.copy, "contour")
        return redrawn(region, self._labels, random)


def _framed(box: Box, shape: tuple[int, ...], spacing_mm: Triple) -> Box:
    """The region's box and FRAME_MM around it, as far as there is image."""
    frame = np.ceil(FRAME_MM / np.array(spacing_mm)).astype(int)
    low = np.maximum(np.array(box.low) - frame, 0)
    high = np.minimum(np.array(box.high) + frame, shape)
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def _around(boxes: list[Box]) -> Box:
    """The smallest box that holds all boxes."""
    low = np.min([box.low for box in boxes], axis=0)
    high = np.max([box.high for box in boxes], axis=0)
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
