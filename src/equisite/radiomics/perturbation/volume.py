"""Growing and shrinking a region by a share of its volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.region import Mask

LEAST_LEFT = 0.8
"""A region is never made smaller than this share of itself (Zwanenburg 2019)."""


def signed_distance(mask: Mask, spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Distance to the region in mm (z, y, x); negative inside, to what is outside.

    The mask must have background on all sides that may be grown into.
    """
    from scipy import ndimage

    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing_mm)
    distance: NDArray[np.float64] = outside - inside
    return distance


def resized(mask: Mask, distance: NDArray[np.float64], change: float) -> Mask:
    """The region with `change` (a share) more or fewer voxels, nearest to its border first.

    distance: of `signed_distance`. Voxels at the same distance go in the order of the
    smoothed distance, so that dents fill and bumps vanish first; whatever is still equal
    goes by position.
    """
    from scipy import ndimage

    count = int(np.count_nonzero(mask))
    target = max(round(count * (1 + change)), int(np.ceil(LEAST_LEFT * count)))
    target = min(target, mask.size)
    if target == count:
        return mask.copy()
    smooth = ndimage.gaussian_filter(distance, 1.0, mode="nearest", truncate=3.0)
    order = np.lexsort((smooth.ravel(), distance.ravel()))
    changed = np.zeros(mask.size, dtype=np.bool_)
    changed[order[:target]] = True
    return changed.reshape(mask.shape)
